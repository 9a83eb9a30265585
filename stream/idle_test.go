package stream_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// bubble runs the test in a bubble of its own, with both ends of a pipe.
func bubble(t *testing.T, test func(t *testing.T, c *conn, peer *wstest.Peer), opts ...stream.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		defer b.Close()
		c, err := stream.New(a, stream.Handshake{Server: true}, stream.Standard, opts...)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		test(t, c, wstest.NewPeer(t, b, false))
	})
}

func wantIdle(t *testing.T, err error) {
	t.Helper()
	var timeout interface{ Timeout() bool }
	if !errors.Is(err, stream.ErrIdleTimeout) || errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("got %v; want the idle timeout, and no deadline that could be set later", err)
	}
}

func TestIdleTimeout(t *testing.T) {
	t.Run("60 seconds unless said otherwise", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
			if c.IdleTimeout() != 60*time.Second {
				t.Errorf("IdleTimeout is %v", c.IdleTimeout())
			}
			began := time.Now()
			go func() {
				if reason := peer.WantClose(closecode.GoingAway); reason != "idle timeout" {
					t.Errorf("reason %q", reason)
				}
			}()
			_, err := c.Receive(context.Background())
			wantIdle(t, err)
			if took := time.Since(began); took != 60*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	})
	t.Run("every byte begins it anew", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
			began := time.Now()
			go func() {
				for _, b := range peer.Frame(true, opcode.Ping, "p") {
					time.Sleep(9 * time.Second)
					peer.Send([]byte{b})
				}
				peer.Want(true, opcode.Pong, "p")
				peer.WantClose(closecode.GoingAway)
			}()
			_, err := c.Receive(context.Background())
			wantIdle(t, err)
			if took := time.Since(began); took != 7*9*time.Second+10*time.Second {
				t.Errorf("it took %v", took)
			}
		}, stream.IdleTimeout(10*time.Second))
	})
	t.Run("writing counts for who receives", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
			go func() {
				for range 5 {
					time.Sleep(9 * time.Second)
					c.WriteText(context.Background(), "x")
				}
			}()
			go func() {
				for range 5 {
					peer.Want(true, opcode.Text, "x")
				}
				peer.WantClose(closecode.GoingAway)
			}()
			began := time.Now()
			_, err := c.Receive(context.Background())
			wantIdle(t, err)
			if took := time.Since(began); took != 55*time.Second {
				t.Errorf("it took %v", took)
			}
		}, stream.IdleTimeout(10*time.Second))
	})
	t.Run("who does not wait is not idle", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
			go func() {
				peer.SendFrame(true, opcode.Text, "x")
				time.Sleep(65 * time.Second)
				peer.SendFrame(true, opcode.Text, "y")
			}()
			for _, want := range []string{"x", "y"} {
				r, err := c.Receive(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				if p, err := io.ReadAll(r); string(p) != want || err != nil {
					t.Errorf("got %q, %v", p, err)
				}
				time.Sleep(time.Minute)
			}
		}, stream.IdleTimeout(10*time.Second))
	})
	t.Run("a peer that does not read", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
			began := time.Now()
			err := c.WriteText(context.Background(), "x")
			wantIdle(t, err)
			if took := time.Since(began); took < 10*time.Second || took > 11*time.Second {
				t.Errorf("it took %v", took)
			}
			_, err = c.Receive(context.Background())
			wantIdle(t, err)
		}, stream.IdleTimeout(10*time.Second))
	})
	t.Run("a peer that does not read, but sends", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
			go c.Receive(context.Background())
			var sender sync.WaitGroup
			defer sender.Wait()
			sender.Go(func() {
				for range 100 {
					time.Sleep(time.Second)
					if _, err := peer.Write(peer.Frame(true, opcode.Pong, "")); err != nil {
						return
					}
				}
			})
			err := c.WriteText(context.Background(), "x")
			wantIdle(t, err)
		}, stream.IdleTimeout(10*time.Second))
	})
	t.Run("off", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
			go func() {
				time.Sleep(1000 * time.Hour)
				peer.SendFrame(true, opcode.Text, "")
			}()
			if _, err := c.Receive(context.Background()); err != nil {
				t.Error(err)
			}
		}, stream.IdleTimeout(0))
	})
	t.Run("changed while somebody waits", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
			go func() {
				time.Sleep(5 * time.Second)
				c.SetIdleTimeout(0)
				time.Sleep(time.Hour)
				c.SetIdleTimeout(2 * time.Hour)
			}()
			go peer.WantClose(closecode.GoingAway)
			began := time.Now()
			_, err := c.Receive(context.Background())
			wantIdle(t, err)
			if took := time.Since(began); took != 2*time.Hour {
				t.Errorf("it took %v", took)
			}
		}, stream.IdleTimeout(10*time.Second))
	})
	t.Run("within a message it is truncation", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
			go func() {
				peer.SendFrame(false, opcode.Text, "half")
				peer.WantClose(closecode.GoingAway)
			}()
			r, err := c.Receive(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			_, err = io.ReadAll(r)
			wantIdle(t, err)
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("got %v", err)
			}
		})
	})
}
