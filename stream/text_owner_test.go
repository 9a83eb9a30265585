package stream_test

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A scribbler changes what it was given to write, which an [io.Writer] must not.
type scribbler struct{ net.Conn }

func (s scribbler) Write(p []byte) (int, error) {
	n, err := s.Conn.Write(p)
	clear(p)
	return n, err
}

// Strings cannot be changed: what is written as one is copied, unless it goes to a socket of the system.
func TestAStringIsHandedToNoTransportOfAStranger(t *testing.T) {
	const size = 300_000
	for name, write := range map[string]func(*conn, string) error{
		"WriteText": func(c *conn, text string) error { return c.WriteText(bg(t), text) },
		"WriteString": func(c *conn, text string) error {
			w := newWriter(t, c, opcode.Text)
			if _, err := w.WriteString(text); err != nil {
				return err
			}
			return w.Close()
		},
		"WriteString, in one frame": func(c *conn, text string) error {
			w := newWriter(t, c, opcode.Text, stream.SingleFrame(len(text)))
			for _, piece := range []string{text[:10], text[10:]} {
				if _, err := w.WriteString(piece); err != nil {
					return err
				}
			}
			return w.Close()
		},
	} {
		for _, server := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				a, b := wstest.TCP(t)
				go io.Copy(io.Discard, b)
				c := open(t, scribbler{a}, server)
				text := strings.Repeat("x", size)
				if err := write(c, text); err != nil {
					t.Error(err)
				}
				if n := strings.Count(text, "x"); n != size {
					t.Errorf("%d of its bytes were changed", size-n)
				}
			})
		}
	}
}
