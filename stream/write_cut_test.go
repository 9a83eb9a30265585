package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A bytesCounted connection counts what passes through it.
type bytesCounted struct {
	net.Conn
	written atomic.Int64
}

func (c *bytesCounted) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	return n, err
}

// untilStalled ends when a write has begun and waits for the peer: before, it would leave the connection as it was.
func untilStalled(t testing.TB, s *stallingConn) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(bg(t))
	t.Cleanup(cancel)
	s.stallThen(cancel)
	return ctx
}

// TLS takes nothing any more once a write has met its deadline, even where nothing of it has left: then the connection
// has ended, whatever is around the TLS, and says so.
func TestAWriteThatWasCutEndsAConnectionThatCannotResumeIt(t *testing.T) {
	t.Parallel()
	counted := layer{"a counter around TLS", true, func(t testing.TB, a, b net.Conn, server bool) (io.ReadWriteCloser, io.ReadWriteCloser) {
		end, peer := overBoth(t, a, b, server)
		return &bytesCounted{Conn: end}, peer
	}}
	writes := map[string]func(*testing.T, *conn, *stallingConn) error{
		"WriteText": func(t *testing.T, c *conn, s *stallingConn) error { return c.WriteText(untilStalled(t, s), "hello") },
		"a large WriteText": func(t *testing.T, c *conn, s *stallingConn) error {
			return c.WriteText(untilStalled(t, s), string(make([]byte, 100_000)))
		},
		"WriteBuffers": func(t *testing.T, c *conn, s *stallingConn) error {
			return c.WriteBuffers(untilStalled(t, s), opcode.Binary, net.Buffers{data[:100_000]})
		},
		"Ping":              func(t *testing.T, c *conn, s *stallingConn) error { return c.Ping(untilStalled(t, s), nil) },
		"Flush of a Writer": func(t *testing.T, c *conn, s *stallingConn) error { return writeCut(t, c, s, (*stream.Writer).Flush) },
		"Close of a Writer": func(t *testing.T, c *conn, s *stallingConn) error { return writeCut(t, c, s, (*stream.Writer).Close) },
		"Write of a Writer": func(t *testing.T, c *conn, s *stallingConn) error { return writeCut(t, c, s, writeLarge) },
	}
	for _, l := range append([]layer{counted}, layers...) {
		for name, write := range writes {
			for i := range 4 {
				server, compressing := i&1 != 0, i&2 != 0
				t.Run(fmt.Sprintf("%s/%s/server %v/compressed %v", l.name, name, server, compressing), func(t *testing.T) {
					t.Parallel()
					a, b := wstest.TCP(t)
					stalling := newStallingConn(t, a)
					defer stalling.Close()
					c := openEnd(t, l.over(t, stalling, b, server), server, compressing)
					if err := write(t, c, stalling); !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, context.Canceled) {
						t.Errorf("the write: %v", err)
					}
					if c.Writable() || c.Connected() {
						t.Fatalf("it goes on: writable %v, connected %v", c.Writable(), c.Connected())
					}
					if err := c.Err(); !os.IsTimeout(err) && !errors.Is(err, context.Canceled) {
						t.Errorf("the connection: %v", err)
					}
					if err := c.WriteText(bg(t), "next"); !errors.Is(err, net.ErrClosed) {
						t.Errorf("then WriteText: %v", err)
					}
					if !l.hidden {
						wantClosed(t, b)
					}
				})
			}
		}
	}
}

func writeLarge(w *stream.Writer) error {
	_, err := w.Write(data[:300_000])
	return err
}

// writeCut calls last behind a few bytes. The deadline comes when a write waits for the peer.
func writeCut(t *testing.T, c *conn, s *stallingConn, last func(*stream.Writer) error) error {
	t.Helper()
	w := newWriter(t, c, opcode.Binary)
	defer w.Abort()
	if _, err := io.WriteString(w, "hello"); err != nil {
		return err
	}
	s.stallThen(func() { w.SetDeadline(time.Unix(1, 0)) })
	return last(w)
}

// A deadline that was not taken from the clock of the program, but from the wall, ends a write all the same.
func TestADeadlineByTheWallClockEndsAWrite(t *testing.T) {
	for _, tr := range wstest.Transports {
		t.Run(tr.Name, func(t *testing.T) {
			for range 5 {
				c, b := unread(t, tr, stream.IdleTimeout(0))
				w := newWriter(t, c, opcode.Binary)
				w.SetDeadline(time.Now().Add(10 * time.Millisecond).Round(0))
				wantSoon(t, "Write", func() {
					if _, err := w.Write(make([]byte, 64<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
						t.Errorf("Write: %v", err)
					}
				}, func() { b.Close() })
				c.Abort()
				b.Close()
			}
		})
	}
}
