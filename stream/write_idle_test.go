package stream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// unreadSends are the ways to send a message of 1 MiB.
var unreadSends = map[string]func(context.Context, *conn) error{
	"WriteBinary": func(ctx context.Context, c *conn) error { return c.WriteBinary(ctx, data[:1<<20]) },
	"WriteBuffers": func(ctx context.Context, c *conn) error {
		return c.WriteBuffers(ctx, opcode.Binary, net.Buffers{data[:100_000], data[100_000 : 1<<20]})
	},
	"Write": func(ctx context.Context, c *conn) error {
		return writeWith(ctx, c, func(w *stream.Writer) error { _, err := w.Write(data[:1<<20]); return err })
	},
	"small Writes": func(ctx context.Context, c *conn) error {
		return writeWith(ctx, c, func(w *stream.Writer) error {
			for p := data[:1<<20]; len(p) > 0; p = p[1<<10:] {
				if _, err := w.Write(p[:1<<10]); err != nil {
					return err
				}
			}
			return nil
		})
	},
	"ReadFrom": func(ctx context.Context, c *conn) error {
		return writeWith(ctx, c, func(w *stream.Writer) error {
			_, err := w.ReadFrom(bytesOnly{bytes.NewReader(data[:1<<20])})
			return err
		})
	},
}

func writeWith(ctx context.Context, c *conn, write func(*stream.Writer) error) error {
	w, err := c.NewWriter(ctx, opcode.Binary)
	if err != nil {
		return err
	}
	defer w.Abort()
	if err := write(w); err != nil {
		return err
	}
	return w.Close()
}

// wantIdleEnd checks that the idle timeout has ended both the write, with err, and the connection.
func wantIdleEnd(t *testing.T, c *conn, err error) {
	t.Helper()
	if !errors.Is(err, stream.ErrIdleTimeout) || !errors.Is(err, net.ErrClosed) {
		t.Errorf("the write: %v", err)
	}
	if !errors.Is(c.Err(), stream.ErrIdleTimeout) || c.Connected() || c.Writable() {
		t.Errorf("the connection: %v, connected %v, writable %v", c.Err(), c.Connected(), c.Writable())
	}
}

func TestTheIdleTimeoutEndsAWriteThatHasTakenSomeBytes(t *testing.T) {
	pipe := layer{"pipe", false, func(_ testing.TB, a, b net.Conn, _ bool) (io.ReadWriteCloser, io.ReadWriteCloser) { return a, b }}
	for _, l := range append([]layer{pipe}, layers...) {
		for name, send := range unreadSends {
			for i := range 4 {
				server, compressing := i&1 != 0, i&2 != 0
				t.Run(fmt.Sprintf("%s/%s/server %v/compressed %v", l.name, name, server, compressing), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						a, b := net.Pipe()
						defer b.Close()
						c := openEnd(t, l.over(t, a, b, server), server, compressing, stream.IdleTimeout(10*time.Second))
						go io.CopyN(io.Discard, b, 40_000)
						ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
						defer cancel()
						wantIdleEnd(t, c, send(ctx, c))
						wantClosed(t, b)
					})
				})
			}
		}
	}
}

func TestTheIdleTimeoutEndsAWriteToASocketThatIsNotRead(t *testing.T) {
	t.Parallel()
	for _, l := range layers {
		for _, server := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/server %v", l.name, server), func(t *testing.T) {
				t.Parallel()
				a, b := wstest.TCP(t)
				stalling := newStallingConn(t, a)
				c := openEnd(t, l.over(t, stalling, b, server), server, false, stream.IdleTimeout(300*time.Millisecond))
				stalling.stallAfter(100_000)
				wantIdleEnd(t, c, c.WriteBinary(bg(t), data[:1<<20]))
				if !l.hidden {
					wantClosed(t, b)
				}
				stalling.Close()
			})
		}
	}
}

// The socket takes some bytes of a write at once, and none behind them. Only a process that stands still for four seconds fails here.
func TestTheIdleTimeoutOfAWriteToASocketIsNotDoubledByWhatItTook(t *testing.T) {
	t.Parallel()
	client, server := wstest.TCP(t)
	secureClient, secureServer := wstest.TLS(t)
	for name, ends := range map[string][2]net.Conn{"TCP": {server, client}, "TLS": {secureClient, secureServer}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := openEnd(t, ends[0], name == "TCP", false, stream.IdleTimeout(5*time.Second))
			ended := make(chan error, 1)
			go func() {
				var err error
				for err == nil {
					err = c.WriteBinary(bg(t), data[:1<<20])
				}
				ended <- err
			}()
			select {
			case err := <-ended:
				wantIdleEnd(t, c, err)
			case <-time.After(9 * time.Second):
				t.Error("the write still waits, when a timeout of 5 s is nearly over a second time")
				c.Abort()
				<-ended
			}
		})
	}
}

// A record of TLS takes some 8 seconds here, four of them more than half a minute.
func TestTheIdleTimeoutLeavesAPeerThatReadsSlowly(t *testing.T) {
	for _, l := range layers {
		for name, send := range unreadSends {
			for i := range 4 {
				server, compressing := i&1 != 0, i&2 != 0
				t.Run(fmt.Sprintf("%s/%s/server %v/compressed %v", l.name, name, server, compressing), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						a, b := net.Pipe()
						c := openEnd(t, l.over(t, a, b, server), server, compressing, stream.IdleTimeout(10*time.Second))
						ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
						defer cancel()
						sent := make(chan error, 1)
						go func() {
							sent <- send(ctx, c)
							c.Abort()
						}()
						for n := int64(1); n > 0; { // until the other end is closed
							time.Sleep(500 * time.Millisecond)
							n, _ = io.CopyN(io.Discard, b, 1<<10)
						}
						if err := <-sent; err != nil {
							t.Errorf("the peer has read all the time: %v", err)
						}
						b.Close()
					})
				})
			}
		}
	}
}
