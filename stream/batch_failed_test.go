package stream_test

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// What was put off is sent before a frame for which there is no room behind it, or that does not wait. Its failure is the frame's.
func TestTheErrorOfWhatWasPutOffIsThatOfTheFrameThatSendsIt(t *testing.T) {
	type sender = func(c *stream.Conn[stream.Message]) error
	fill := func(c *stream.Conn[stream.Message], n int) (err error) { // puts off n bytes of payload, in all
		for size := 4 << 10; n > 0 && err == nil; n -= size {
			size = min(size, n)
			err = c.WriteBinary(context.Background(), make([]byte, size))
		}
		return err
	}
	for name, send := range map[string]sender{
		"a message": func(c *stream.Conn[stream.Message]) error { return fill(c, 100<<10) },
		"a part of a single frame": func(c *stream.Conn[stream.Message]) error {
			w, err := c.NewWriter(context.Background(), opcode.Binary, stream.SingleFrame(10_000))
			if err != nil {
				return err
			}
			defer w.Abort()
			_, err = io.WriteString(w, strings.Repeat("x", 10_000))
			return err
		},
		"a close frame": func(c *stream.Conn[stream.Message]) error {
			if err := fill(c, 32<<10-100); err != nil {
				return err
			}
			return c.CloseWrite(context.Background(), closecode.NormalClosure, strings.Repeat("x", 123))
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // what is put off waits until this goroutine does
			a, b := net.Pipe()
			defer b.Close()
			c := puttingOff(t, &soonDeaf{Conn: a}, b)
			defer c.Abort()
			if err := send(c); !errors.Is(err, errDeaf) || !errors.Is(err, net.ErrClosed) {
				t.Errorf("got %v", err)
			}
		})
	}
}
