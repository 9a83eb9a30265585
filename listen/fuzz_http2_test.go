package listen_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// hear returns what a connection receives, and how it ends.
func hear(ctx context.Context, c *conn) (heard []string) {
	for msg, err := range c.All(ctx) {
		if err != nil {
			break
		}
		p, err := msg.Bytes()
		if err != nil {
			heard = append(heard, "a part")
			break
		}
		heard = append(heard, fmt.Sprintf("%v %q", msg.Opcode(), p))
	}
	var wrong *stream.ProtocolError
	var closed *stream.CloseError
	var over *stream.LimitError
	switch err := c.Err(); {
	case errors.As(err, &wrong):
		return append(heard, wrong.Error())
	case errors.As(err, &closed):
		return append(heard, closed.Error())
	case errors.As(err, &over):
		return append(heard, over.Error())
	case errors.Is(err, io.ErrUnexpectedEOF):
		return append(heard, "cut")
	default:
		return append(heard, fmt.Sprint(err))
	}
}

// A recording is a transport on which its bytes come, and then the end.
type recording struct {
	io.Reader
	io.Writer
}

func (recording) Close() error { return nil }

// hearAlone returns what a server hears of a client that sends p over a transport of its own, and leaves.
func hearAlone(t *testing.T, p []byte, opt stream.Option) []string {
	c, err := stream.New(recording{bytes.NewReader(p), io.Discard}, stream.Handshake{Server: true}, stream.Standard, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	return hear(t.Context(), c)
}

// sendChopped sends p in pieces of so many bytes, and ends the client's side of the stream.
func sendChopped(s *wstest.H2Stream, p, sizes []byte) {
	for len(p) > 0 {
		n := len(p)
		if len(sizes) > 0 {
			n, sizes = min(n, 1+int(sizes[0])), sizes[1:]
		}
		if _, err := s.Write(p[:n]); err != nil {
			return // the server has heard enough
		}
		p = p[n:]
	}
	s.Close()
}

// Whatever a client sends, in whatever DATA frames, a server hears the same over HTTP/2 as over a transport of its own.
func FuzzStream(f *testing.F) {
	const most = 1 << 16
	peer := wstest.NewPeer(nil, nil, false)
	text := peer.Frame(true, opcode.Text, "hello")
	goodbye := peer.Frame(true, opcode.Close, "\x03\xe8bye")
	part := peer.FrameOf(frame.Header{Opcode: opcode.Binary, Length: 3}, "abc")
	for _, frames := range [][][]byte{
		{text, goodbye}, {text}, {part, text}, {part, peer.Frame(true, opcode.Continuation, "d"), goodbye}, {part}, {text[:3]}, {},
		{peer.Frame(true, opcode.Ping, "?"), text, goodbye}, {peer.Frame(true, opcode.Text, "\xff")}, {peer.Frame(true, opcode.Binary, string(make([]byte, most+1)))},
		{{0x81, 0x05, 'h', 'e', 'l', 'l', 'o'}}, {goodbye, text},
	} {
		var p []byte
		for _, b := range frames {
			p = append(p, b...)
		}
		f.Add(p, []byte{})
		f.Add(p, []byte{0, 1, 0, 2})
	}
	limit := stream.MaxMessageSize(most)
	results := make(chan []string, 1)
	address, _ := startHTTP2(f, false, listen.Handler(stream.Standard, func(_ *http.Request, c *conn) error {
		results <- hear(context.Background(), c)
		return nil
	}, limit))
	f.Fuzz(func(t *testing.T, p, sizes []byte) {
		h := wstest.DialH2(t, address, nil)
		s := h.Connect("/")
		if status, _ := s.Response(); status != http.StatusOK {
			t.Fatalf("the status is %d", status)
		}
		go sendChopped(s, p, sizes)
		select {
		case got := <-results:
			if diff := cmp.Diff(hearAlone(t, p, limit), got); diff != "" {
				t.Errorf("alone -, over HTTP/2 +:\n%s", diff)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("it hangs")
		}
	})
}
