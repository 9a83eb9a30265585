package dial_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

func TestEarlyDataIsInTheWriteOfTheRequest(t *testing.T) {
	tests := []struct {
		masking frame.Masking
		want    string
	}{
		{frame.NoMask, "\x81\x05Hello\x82\x00\x82\x02\x00\xff"},
		{frame.FixedMask(frame.Key{0x37, 0xfa, 0x21, 0x3d}), "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58" + // RFC 6455, section 5.7
			"\x82\x80\x37\xfa\x21\x3d" + "\x82\x82\x37\xfa\x21\x3d\x37\x05"},
	}
	for _, tt := range tests {
		var w written
		data := []byte{0, 0xff}
		opts := []dial.Option{
			dial.EarlyData(opcode.Text, []byte("Hello")),
			dial.EarlyData(opcode.Binary, nil),
			dial.EarlyData(opcode.Binary, data),
			dial.Masking(tt.masking), // before or after makes no difference
		}
		data[0] = 1 // the option has a copy
		if _, err := dial.Handshake(testContext(t), &w, "ws://example.com/", stream.Standard, opts...); !errors.Is(err, net.ErrClosed) {
			t.Errorf("error is %v", err)
		}
		_, frames, _ := strings.Cut(w.String(), "\r\n\r\n")
		if frames != tt.want || w.writes != 1 {
			t.Errorf("%v: %d writes, with %q behind the request, want one with %q", tt.masking, w.writes, frames, tt.want)
		}
	}
}

func TestEarlyDataIsMaskedWithFreshKeys(t *testing.T) {
	var w written
	early := dial.EarlyData(opcode.Binary, make([]byte, 4)) // which the key replaces
	dial.Handshake(testContext(t), &w, "ws://example.com/", stream.Standard, early, early)
	_, frames, _ := strings.Cut(w.String(), "\r\n\r\n")
	if len(frames) != 20 || frames[2:6] != frames[6:10] || frames[12:16] != frames[16:] || frames[2:6] == frames[12:16] {
		t.Errorf("the frames are %q", frames)
	}
}

func TestEarlyDataArrivesBeforeWhatIsSentLater(t *testing.T) {
	cert, roots := wstest.Certificate(t, "127.0.0.1")
	long := bytes.Repeat([]byte("0123456789abcdef"), 4<<10) // more than the HTTP server reads ahead
	for scheme, opts := range map[string][]listen.Option{
		"ws":  nil,
		"wss": {listen.TLSConfig(&tls.Config{Certificates: []tls.Certificate{cert}})},
	} {
		ctx := testContext(t)
		l, err := listen.Listen("tcp", "127.0.0.1:0", stream.Standard, opts...)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		client, err := dial.Dial(ctx, scheme+"://"+l.Addr().String(), stream.Standard, dial.TLSConfig(&tls.Config{RootCAs: roots}),
			dial.EarlyData(opcode.Text, []byte("early")), dial.EarlyData(opcode.Binary, long))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Abort()
		server, err := l.Accept(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := client.WriteText(ctx, "late"); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"early", string(long), "late"} {
			msg, err := server.Receive(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(msg); string(got) != want || err != nil {
				t.Errorf("%s: received %d bytes, %v, want %d", scheme, len(got), err, len(want))
			}
		}
	}
}

func TestEarlyDataGoesThroughAProxy(t *testing.T) {
	received := make(chan string, 1)
	l, err := listen.Listen("tcp", "127.0.0.1:0", stream.Standard)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		var text []byte
		if conn, err := l.Accept(context.Background()); err == nil {
			if msg, err := conn.Receive(context.Background()); err == nil {
				text, _ = io.ReadAll(msg)
			}
		}
		received <- string(text)
	}()
	p := startProxy(t, nil, l.Addr().String(), (*proxyServer).http)
	conn, err := dial.Dial(testContext(t), "ws://example.com/", stream.Standard, through(p.url("http", nil)), dial.EarlyData(opcode.Text, []byte("early")))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Abort()
	if got := <-received; got != "early" {
		t.Errorf("received %q", got)
	}
}

func TestAnswerBesideEarlyDataIsAnError(t *testing.T) {
	_, err := handshakeOver(t, peer(t, func(conn net.Conn, _ *http.Request) {
		io.WriteString(conn, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
	}), dial.EarlyData(opcode.Text, []byte("early")))
	var answer *dial.Error
	if !errors.As(err, &answer) || answer.StatusCode != 403 {
		t.Errorf("error is %v, want an Error with status 403", err)
	}
}

func TestEarlyDataAndRedirectsExcludeEachOther(t *testing.T) {
	early := dial.EarlyData(opcode.Text, []byte("early"))
	_, err := dial.Dial(testContext(t), "ws://example.com/", stream.Standard, noDial(t), early, dial.Redirects(1))
	var arg *stream.ArgumentError
	if !errors.As(err, &arg) || arg.Func != "dial.EarlyData" {
		t.Errorf("error is %v, want an ArgumentError of dial.EarlyData", err)
	}
}
