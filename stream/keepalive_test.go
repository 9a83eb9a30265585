package stream_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
	"github.com/litert/websocket/stream/streamtest"
)

func TestKeepAlive(t *testing.T) {
	opts := []stream.Option{stream.KeepAlive(10 * time.Second), stream.IdleTimeout(0)}
	t.Run("pings while nothing comes", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
			began := time.Now()
			go func() {
				for i := range 3 {
					peer.Want(true, opcode.Ping, "")
					if took := time.Since(began); took != time.Duration(i+1)*10*time.Second+time.Duration(i)*5*time.Second {
						t.Errorf("ping %d after %v", i, took)
					}
					time.Sleep(5 * time.Second)
					peer.SendFrame(true, opcode.Pong, "")
				}
				peer.SendFrame(true, opcode.Text, "x")
			}()
			if got := receiveAllOf(t, c); got != "x" {
				t.Errorf("got %q", got)
			}
		}, opts...)
	})
	t.Run("a pong that does not come ends the connection", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
			began := time.Now()
			go func() {
				peer.Want(true, opcode.Ping, "")
				peer.WantClose(closecode.GoingAway)
			}()
			_, err := c.Receive(context.Background())
			if !errors.Is(err, stream.ErrNoPong) || !os.IsTimeout(err) || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, stream.ErrIdleTimeout) {
				t.Errorf("Receive: %v", err)
			}
			if took := time.Since(began); took != 20*time.Second {
				t.Errorf("it took %v", took)
			}
		}, opts...)
	})
	t.Run("a pong may come before the ping is known to be sent", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			slow := &stream.Trace{PingSent: func([]byte) { time.Sleep(time.Second) }}
			a, b := streamtest.NetPipe()
			c := open(t, a, false, append(opts, stream.WithTrace(slow))...)
			go open(t, b, true, stream.IdleTimeout(0)).Receive(context.Background())
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if _, err := c.Receive(ctx); err != context.DeadlineExceeded {
				t.Errorf("Receive: %v", err)
			}
			c.Abort()
			synctest.Wait()
		})
	})
	t.Run("any byte will do for a pong", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
			go func() {
				peer.Want(true, opcode.Ping, "")
				for _, b := range peer.Frame(true, opcode.Text, "slow") {
					time.Sleep(9 * time.Second)
					peer.Send([]byte{b})
				}
			}()
			if got := receiveAllOf(t, c); got != "slow" {
				t.Errorf("got %q", got)
			}
		}, opts...)
	})
	t.Run("a peer that pings and does not receive is stuck", func(t *testing.T) {
		for _, both := range []bool{false, true} { // behind each other, or in a single read
			bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
				began := time.Now()
				var pings sync.WaitGroup
				defer pings.Wait()
				go io.Copy(io.Discard, peer)
				pings.Go(func() {
					for range 100 {
						time.Sleep(3 * time.Second)
						ping := peer.Frame(true, opcode.Ping, "alive")
						if both {
							ping = append(ping, peer.Frame(true, opcode.Ping, "too")...)
						}
						if _, err := peer.Write(ping); err != nil {
							return
						}
					}
				})
				_, err := c.Receive(context.Background())
				if took := time.Since(began); !errors.Is(err, stream.ErrNoPong) || took > 20*time.Second {
					t.Errorf("Receive: %v, after %v", err, took)
				}
			}, opts...)
		}
	})
	t.Run("so is one with KeepAlive of its own", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a, b := streamtest.NetPipe()
			began := time.Now()
			c := open(t, a, false, opts...)
			time.Sleep(time.Second) // or its ping may come when that of c is due, which is left out while the answer is on the wire
			stuck := open(t, b, true, opts...)
			_, err := c.Receive(context.Background())
			if took := time.Since(began); !errors.Is(err, stream.ErrNoPong) || took > 20*time.Second {
				t.Errorf("Receive: %v, after %v", err, took)
			}
			stuck.Abort()
			synctest.Wait()
		})
	})
	t.Run("a frame behind a ping is a sign of life", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
			go io.Copy(io.Discard, peer)
			go func() {
				for range 10 {
					time.Sleep(9 * time.Second)
					peer.Send(append(peer.Frame(true, opcode.Ping, ""), peer.Frame(true, opcode.Pong, "")...))
				}
				peer.SendFrame(true, opcode.Text, "x")
			}()
			if got := receiveAllOf(t, c); got != "x" {
				t.Errorf("got %q", got)
			}
		}, opts...)
	})
	t.Run("nothing is held against the peer while nobody receives", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
			go func() {
				for range 10 {
					peer.Want(true, opcode.Ping, "")
				}
				for range 10 {
					peer.SendFrame(true, opcode.Pong, "")
				}
				peer.SendFrame(true, opcode.Text, "late")
			}()
			time.Sleep(101 * time.Second)
			if got := receiveAllOf(t, c); got != "late" {
				t.Errorf("got %q", got)
			}
		}, opts...)
	})
	t.Run("who begins to receive gives it the time", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
			go io.Copy(io.Discard, peer)
			time.Sleep(101 * time.Second)
			time.AfterFunc(9*time.Second, func() { peer.SendFrame(true, opcode.Text, "late") })
			if got := receiveAllOf(t, c); got != "late" {
				t.Errorf("got %q", got)
			}
		}, opts...)
	})
	t.Run("the wire is left to a frame", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
			written := make(chan error, 1)
			go func() { written <- c.WriteText(context.Background(), "slow") }()
			time.Sleep(35 * time.Second)
			peer.Want(true, opcode.Text, "slow")
			if err := <-written; err != nil {
				t.Error(err)
			}
			peer.Want(true, opcode.Ping, "")
		}, opts...)
	})
	t.Run("it ends with the connection", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { // the bubble waits for what is left
			a, b := net.Pipe()
			c := open(t, a, true, opts...)
			go wstest.NewPeer(t, b, false).WantClose(closecode.NormalClosure)
			c.Close()
			b.Close()
			time.Sleep(time.Minute)
		})
	})
}

// receiveAllOf is receiveAll without a timeout of its own.
func receiveAllOf(t testing.TB, c *conn) string {
	t.Helper()
	r, err := c.Receive(context.Background())
	if err != nil {
		t.Fatalf("Receive: %v", err)
	}
	text, err := r.Text()
	if err != nil {
		t.Fatalf("Text: %v", err)
	}
	return text
}

func TestProbe(t *testing.T) {
	t.Run("tells how long the pong took", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
			go c.Receive(context.Background())
			go func() {
				f, _, _ := peer.Receive()
				peer.SendFrame(true, opcode.Pong, "of another")
				time.Sleep(3 * time.Second)
				peer.SendFrame(true, opcode.Pong, f.Payload)
			}()
			if took, err := c.Probe(context.Background()); took != 3*time.Second || err != nil {
				t.Errorf("got %v, %v", took, err)
			}
		})
	})
	t.Run("the pong of a later one is enough", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
			go c.Receive(context.Background())
			probed := make(chan error, 2)
			for range 2 {
				go func() {
					_, err := c.Probe(context.Background())
					probed <- err
				}()
				synctest.Wait() // the second is later
			}
			peer.Receive()
			f, _, _ := peer.Receive()
			peer.SendFrame(true, opcode.Pong, f.Payload)
			for range 2 {
				if err := <-probed; err != nil {
					t.Error(err)
				}
			}
		})
	})
	t.Run("its context leaves the connection usable", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
			go peer.Receive()
			if _, err := c.Probe(brief(t)); err != context.DeadlineExceeded {
				t.Errorf("got %v", err)
			}
			go peer.Want(true, opcode.Text, "x")
			if err := c.WriteText(bg(t), "x"); err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("it ends with the connection", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
			go func() {
				peer.Receive()
				c.Abort()
			}()
			if _, err := c.Probe(context.Background()); !errors.Is(err, net.ErrClosed) {
				t.Errorf("got %v", err)
			}
			if _, err := c.Probe(context.Background()); !errors.Is(err, net.ErrClosed) {
				t.Errorf("then %v", err)
			}
		})
	})
}

// The timer keeps no connection in memory that has ended, even if the runtime keeps the timer.
func TestKeepAliveKeepsNoConnectionInMemory(t *testing.T) {
	a, b := wstest.TCP(t)
	defer a.Close()
	c, err := stream.New(b, stream.Handshake{Server: true}, stream.Standard, stream.KeepAlive(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	timer, left := stream.TimerOfKeepAlive(c.Socket), weak.Make(c.Socket)
	c.Abort()
	c = nil
	for deadline := time.Now().Add(30 * time.Second); left.Value() != nil; runtime.GC() {
		if time.Now().After(deadline) {
			t.Fatal("it is still there")
		}
		time.Sleep(time.Millisecond) // for the goroutines that are ending
	}
	runtime.KeepAlive(timer)
}
