package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/stream"
)

// An ownContext ends with an error of its own, as those of some frameworks do.
type ownContext struct{ context.Context }

var errOfContext = errors.New("the request was withdrawn")

func (c ownContext) Err() error {
	if c.Context.Err() != nil {
		return errOfContext
	}
	return nil
}

// soonOver returns a context that ends soon, with an error of its own.
func soonOver(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	t.Cleanup(cancel)
	return ownContext{ctx}
}

// fullTransports return transports that take nothing, until the returned function was called, and their other ends.
var fullTransports = map[string]func(testing.TB) (a io.ReadWriteCloser, b net.Conn, drain func()){
	"pipe": func(testing.TB) (io.ReadWriteCloser, net.Conn, func()) {
		a, b := net.Pipe()
		return a, b, func() {}
	},
	"tcp": func(t testing.TB) (io.ReadWriteCloser, net.Conn, func()) {
		a, b := wstest.TCP(t)
		n := fill(t, a)
		return a, b, func() { io.CopyN(io.Discard, b, n) }
	},
	"unix": func(t testing.TB) (io.ReadWriteCloser, net.Conn, func()) {
		a, b := wstest.Unix(t)
		n := fill(t, a)
		return a, b, func() { io.CopyN(io.Discard, b, n) }
	},
	"behind tcp": func(t testing.TB) (io.ReadWriteCloser, net.Conn, func()) {
		a, b := wstest.TCP(t)
		n := fill(t, a)
		return plain{a}, b, func() { io.CopyN(io.Discard, b, n) }
	},
}

// What the error of a context is does not matter: a write of which nothing was sent leaves the connection as it was.
func TestAContextWithAnErrorOfItsOwnEndsAWriteAlone(t *testing.T) {
	t.Parallel()
	messages := map[string]func(context.Context, *stream.Socket, string) error{
		"Ping": func(ctx context.Context, s *stream.Socket, text string) error {
			return s.Ping(ctx, []byte(text[:min(len(text), frame.MaxControlLen)]))
		},
		"Probe": func(ctx context.Context, s *stream.Socket, _ string) error {
			_, err := s.Probe(ctx)
			return err
		},
	}
	for _, name := range []string{"WriteText", "WriteBinary", "WriteBuffers", "WritePrepared"} {
		messages[name] = sends[name]
	}
	onSockets := map[string]bool{"Ping": true, "WriteText": true, "WriteBuffers": true} // to fill one takes its time
	text := make([]byte, 200_000)                                                       // which does not compress well
	for i := range text {
		text[i] = data[i] & 0x7f
	}
	for transport, full := range fullTransports {
		for i := range 4 {
			server, compressing := i&1 != 0, i&2 != 0
			t.Run(fmt.Sprintf("%s/server %v/compressed %v", transport, server, compressing), func(t *testing.T) {
				t.Parallel()
				for name, send := range messages {
					if transport != "pipe" && !onSockets[name] {
						continue
					}
					for _, size := range []int{10, len(text)} {
						a, b, drain := full(t)
						defer b.Close()
						hs := stream.Handshake{Server: server}
						if compressing {
							hs.Deflate = &withoutTakeover
						}
						c, err := stream.New(a, hs, stream.Standard, stream.Compression(stream.CompressionConfig{Threshold: 1}))
						if err != nil {
							t.Fatal(err)
						}
						if err := send(soonOver(t), c.Socket, string(text[:size])); err != errOfContext {
							t.Errorf("%s of %d bytes: %v", name, size, err)
						}
						if !c.Connected() || !c.Writable() || c.Err() != nil {
							t.Errorf("%s of %d bytes: then the connection has ended: %v", name, size, c.Err())
							c.Abort()
							continue
						}
						drain()
						came := listen(t, wstest.NewPeer(t, b, !server))
						if err := c.WriteText(bg(t), "next"); err != nil {
							t.Errorf("%s of %d bytes: then WriteText: %v", name, size, err)
						}
						c.Close()
						if got := <-came; len(got.messages) != 1 || got.messages[0] != "next" || got.open {
							t.Errorf("%s of %d bytes: the peer got %d messages, another is open: %v", name, size, len(got.messages), got.open)
						}
					}
				}
			})
		}
	}
}

// One that has sent a part takes the connection with it, which says why.
func TestAContextWithAnErrorOfItsOwnCutsAFrame(t *testing.T) {
	for _, size := range []int{10, 100_000} {
		a, b := net.Pipe()
		defer b.Close()
		c := open(t, a, true)
		go io.ReadFull(b, make([]byte, 5))
		if err := c.WriteBinary(soonOver(t), data[:size]); !errors.Is(err, errOfContext) || !errors.Is(err, net.ErrClosed) {
			t.Errorf("%d bytes: %v", size, err)
		}
		if c.Connected() || !errors.Is(c.Err(), errOfContext) {
			t.Errorf("%d bytes: connected %v, %v", size, c.Connected(), c.Err())
		}
	}
}
