package websocket_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

func TestCompressionIsAgreedOn(t *testing.T) {
	on := func(d stream.Deflate) stream.Option {
		return stream.Compression(stream.CompressionConfig{Deflate: d, Threshold: 1})
	}
	for _, tt := range []struct {
		name           string
		client, server []stream.Option
		want           string
	}{
		{"off", nil, nil, "<nil>"},
		{"client only", []stream.Option{on(stream.Deflate{})}, nil, "<nil>"},
		{"server only", nil, []stream.Option{on(stream.Deflate{})}, "<nil>"},
		{"both", []stream.Option{on(stream.Deflate{})}, []stream.Option{on(stream.Deflate{})}, "&{false false 15 15}"},
		{"server forgets", []stream.Option{on(stream.Deflate{})}, []stream.Option{on(stream.Deflate{ServerNoContextTakeover: true, ClientNoContextTakeover: true})}, "&{true true 15 15}"},
		{"client wants", []stream.Option{on(stream.Deflate{ServerNoContextTakeover: true, ServerMaxWindowBits: 9})}, []stream.Option{on(stream.Deflate{})}, "&{true false 9 15}"},
		{"windows", []stream.Option{on(stream.Deflate{ClientMaxWindowBits: 12})}, []stream.Option{on(stream.Deflate{ClientMaxWindowBits: 10, ServerMaxWindowBits: 8})}, "&{false false 8 10}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var dialOpts []dial.Option
			for _, o := range tt.client {
				dialOpts = append(dialOpts, o)
			}
			var listenOpts []listen.Option
			for _, o := range tt.server {
				listenOpts = append(listenOpts, o)
			}
			e := connect(t, dialOpts, listenOpts...)
			for _, c := range []*conn{e.client, e.server} {
				if got := fmt.Sprint(c.Handshake().Deflate); got != tt.want {
					t.Errorf("agreed on %s, want %s", got, tt.want)
				}
			}
			for range 3 {
				e.wantPath(t)
				want := strings.Repeat("like before ", 10_000)
				go func() {
					w, err := e.client.NewWriter(within(t), opcode.Text)
					if err != nil {
						t.Error(err)
						return
					}
					io.WriteString(w, want)
					w.Close()
				}()
				e.wantText(t, want)
			}
		})
	}
}

func TestFramesAreNotCompressed(t *testing.T) {
	compression := stream.Compression(stream.CompressionConfig{Threshold: 1})
	server := httptest.NewServer(listen.Handler(stream.Frames, func(r *http.Request, conn *stream.Conn[stream.Frame]) error {
		f, err := conn.Receive(r.Context())
		if err != nil {
			return err
		}
		return conn.WriteBinary(r.Context(), f.Payload)
	}, compression))
	defer server.Close()
	conn, err := dial.Dial(within(t), server.URL, stream.Frames, compression)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Abort()
	if conn.Handshake().Deflate != nil {
		t.Error("compression was agreed on")
	}
	conn.WriteText(within(t), strings.Repeat("x", 1000))
	if f, err := conn.Receive(within(t)); err != nil || len(f.Payload) != 1000 {
		t.Errorf("%d bytes, %v", len(f.Payload), err)
	}
}
