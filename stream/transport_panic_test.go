package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A fragile transport panics in place of a write, once it has taken some bytes.
type fragile struct {
	net.Conn
	left int
}

func (f *fragile) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		panic("transport")
	}
	return f.Conn.Write(p)
}

// The panic goes on to the caller. The frame has no end, and no other may be taken for it.
func TestAPanicOfTheTransportInMidFrameEndsTheConnection(t *testing.T) {
	writes := map[string]func(*testing.T, *conn){
		"WriteText": func(t *testing.T, c *conn) { c.WriteText(bg(t), string(make([]byte, 100_000))) },
		"WriteBuffers": func(t *testing.T, c *conn) {
			c.WriteBuffers(bg(t), opcode.Binary, net.Buffers{data[:50_000], data[:50_000]})
		},
		"a Writer": func(t *testing.T, c *conn) { writeWith(bg(t), c, writeLarge) },
		"a Writer of a single frame": func(t *testing.T, c *conn) {
			w := newWriter(t, c, opcode.Binary, stream.SingleFrame(300_000))
			defer w.Abort()
			writeLarge(w)
		},
	}
	for name, write := range writes {
		for _, server := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/server %v", name, server), func(t *testing.T) {
				a, b := wstest.TCP(t)
				c := open(t, &fragile{a, 70_000}, server)
				came := listen(t, wstest.NewPeer(t, b, !server))
				func() {
					defer func() {
						if p := recover(); p != "transport" {
							t.Errorf("the write panicked with %v", p)
						}
					}()
					write(t, c)
				}()
				if err := c.WriteText(bg(t), "next"); !errors.Is(err, net.ErrClosed) || !strings.Contains(err.Error(), "not finished") {
					t.Errorf("then WriteText: %v", err)
				}
				if _, err := c.Receive(context.Background()); !errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) {
					t.Errorf("then Receive: %v", err)
				}
				if got := <-came; len(got.messages) > 0 || !errors.Is(got.err, io.ErrUnexpectedEOF) {
					t.Errorf("the peer got %d messages, %v", len(got.messages), got.err)
				}
			})
		}
	}
}
