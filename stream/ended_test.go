package stream_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A message that was begun and is cut short by the end of the connection is told, once, wherever it is handed out as a whole or
// frame by frame.
func TestTheEndInAMessageIsToldOnce(t *testing.T) {
	t.Run("Frames", func(t *testing.T) { wantToldOnce(t, stream.Frames, true) })
	t.Run("Simple", func(t *testing.T) { wantToldOnce(t, stream.Simple, false) })
}

func wantToldOnce[M any](t *testing.T, mode stream.Mode[M], hands bool) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		c, err := stream.New(a, stream.Handshake{Server: true}, mode)
		if err != nil {
			t.Fatal(err)
		}
		peer := wstest.NewPeer(t, b, false)
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			peer.SendFrame(false, opcode.Text, "begun")
			synctest.Wait()
			cancel()
		}()
		if _, err := c.Receive(ctx); (err == nil) != hands {
			t.Fatalf("the first Receive: %v", err)
		}
		<-ctx.Done()
		c.Abort()
		if _, err := c.Receive(context.Background()); !errors.Is(err, io.ErrUnexpectedEOF) || !errors.Is(err, net.ErrClosed) {
			t.Errorf("the next Receive: %v", err)
		}
		if _, err := c.Receive(context.Background()); errors.Is(err, io.ErrUnexpectedEOF) || !errors.Is(err, net.ErrClosed) {
			t.Errorf("the one behind it: %v", err)
		}
	})
}

// The first frame of a compressed message has no payload, and the next is long in coming.
func TestADeadlineBeforeTheFirstByteOfACompressedMessageLosesNothing(t *testing.T) {
	for _, how := range readings {
		t.Run(how.name, func(t *testing.T) {
			a, b := wstest.TCP(t)
			c, peer := openDeflate(t, b, true, stream.Standard, withoutTakeover), wstest.NewPeer(t, a, false)
			s := squeezer{t: t, forgets: true}
			payload := s.squeeze("text")
			peer.Send(peer.FrameOf(frame.Header{RSV1: true, Opcode: opcode.Text}, ""))
			r, err := c.Receive(bg(t))
			if err != nil {
				t.Fatal(err)
			}
			r.SetDeadline(past)
			if p, err := how.read(r); len(p) > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("behind the deadline: %q, %v", p, err)
			}
			r.SetDeadline(time.Time{})
			peer.Send(peer.FrameOf(frame.Header{Fin: true, Opcode: opcode.Continuation, Length: int64(len(payload))}, payload))
			if p, err := how.read(r); string(p) != "text" || err != nil {
				t.Errorf("then: %q, %v", p, err)
			}
		})
	}
}

// The pongs that are due to a peer that does not read keep neither Receive from the end of its context, nor a NetConn from another
// deadline, not even for a moment.
func TestAContextEndsTheWaitForPongs(t *testing.T) {
	for name, receive := range map[string]func(t *testing.T, c *conn){
		"context": func(t *testing.T, c *conn) {
			ctx, cancel := context.WithCancel(context.Background())
			go func() {
				synctest.Wait()
				cancel()
			}()
			if _, err := c.Receive(ctx); err != context.Canceled {
				t.Errorf("Receive: %v", err)
			}
		},
		"deadline": func(t *testing.T, c *conn) {
			nc := netConn(t, c, opcode.Binary)
			go func() {
				synctest.Wait()
				nc.SetReadDeadline(time.Now().Add(time.Hour)) // a later one changes nothing
				synctest.Wait()
				nc.SetReadDeadline(past)
			}()
			if n, err := nc.Read(make([]byte, 1)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("Read: %d, %v", n, err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
				go func() {
					for range 200 {
						if _, err := peer.Write(peer.Frame(true, opcode.Ping, string(make([]byte, 125)))); err != nil {
							return
						}
					}
				}()
				began := time.Now()
				receive(t, c)
				if took := time.Since(began); took > 0 {
					t.Errorf("it took %v", took)
				}
				c.Abort()
				synctest.Wait()
			}, stream.IdleTimeout(0))
		})
	}
}

// One of them receives, and the other waits for that.
func TestTheEndIsToldToBothThatReadAMessage(t *testing.T) {
	bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
		go func() {
			peer.SendFrame(false, opcode.Text, "")
			synctest.Wait()
			c.Abort()
		}()
		r, err := c.Receive(bg(t))
		if err != nil {
			t.Fatal(err)
		}
		read := func() error {
			_, err := r.Read(make([]byte, 10))
			return err
		}
		other := make(chan error)
		go func() { other <- read() }()
		for _, err := range []error{read(), <-other} {
			if !errors.Is(err, io.ErrUnexpectedEOF) || !errors.Is(err, net.ErrClosed) {
				t.Errorf("got %v", err)
			}
		}
	})
}
