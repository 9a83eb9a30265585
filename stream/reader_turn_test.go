package stream_test

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// whileShutdownReads calls test with a Reader in the middle of its message, whose turn does not come.
func whileShutdownReads(t *testing.T, test func(t *testing.T, c *conn, r *stream.Reader)) {
	for _, server := range []bool{true, false} {
		for _, d := range []*stream.Deflate{nil, {}} {
			t.Run(fmt.Sprintf("server %v, compressed %v", server, d != nil), func(t *testing.T) {
				t.Parallel()
				c, peer, pinged := openPinged(t, server, d)
				peer.Send(part(t, peer, d != nil, false, opcode.Text, lastWords))
				r, err := c.Receive(bg(t))
				if err != nil {
					t.Fatal(err)
				}
				readLastWords(t, r)
				shuttingDown(t, c.Socket, peer, pinged)
				test(t, c, r)
				peer.Close()
			})
		}
	}
}

// soon is a deadline, and a while.
const soon = 20 * time.Millisecond

// deadlines are ways to set one.
var deadlines = []struct {
	name string
	set  func(func(time.Time) error)
}{
	{"set before", func(set func(time.Time) error) { set(time.Now().Add(soon)) }},
	{"over before", func(set func(time.Time) error) { set(past) }},
	{"set meanwhile", func(set func(time.Time) error) {
		time.AfterFunc(soon, func() { set(time.Now().Add(soon)) })
	}},
	{"over meanwhile", func(set func(time.Time) error) { time.AfterFunc(soon, func() { set(past) }) }},
	{"brought forward meanwhile", func(set func(time.Time) error) {
		set(time.Now().Add(time.Hour))
		time.AfterFunc(soon, func() { set(time.Now().Add(soon)) })
	}},
}

func TestAReaderThatWaitsForItsTurnEndsAtItsDeadline(t *testing.T) {
	t.Parallel()
	whileShutdownReads(t, func(t *testing.T, c *conn, r *stream.Reader) {
		for _, deadline := range deadlines {
			for _, how := range readings {
				r.SetDeadline(time.Time{})
				deadline.set(r.SetDeadline)
				what := how.name + ", " + deadline.name
				if !within(t, what, func() { c.Abort() }, func() {
					if _, err := how.read(r); !errors.Is(err, os.ErrDeadlineExceeded) {
						t.Errorf("%s: %v", what, err)
					}
				}) || t.Failed() {
					return
				}
				time.Sleep(2 * soon) // for the deadline that comes after an error
			}
		}
	})
}

func TestAReaderThatWaitsForItsTurnEndsWhenItIsClosed(t *testing.T) {
	t.Parallel()
	whileShutdownReads(t, func(t *testing.T, c *conn, r *stream.Reader) {
		time.AfterFunc(20*time.Millisecond, func() { r.Close() })
		within(t, "Read", func() { c.Abort() }, func() {
			if _, err := r.Read(make([]byte, 10)); !errors.Is(err, stream.ErrStale) {
				t.Errorf("Read: %v", err)
			}
		})
	})
}

func TestAReaderThatWaitsForItsTurnEndsWhenTheNextReceiveHasBegun(t *testing.T) {
	t.Parallel()
	for _, how := range readings {
		t.Run(how.name, func(t *testing.T) {
			t.Parallel()
			c, peer := serverAndPeer(t)
			peer.SendFrame(false, opcode.Binary, "")
			r, err := c.Receive(bg(t))
			if err != nil {
				t.Fatal(err)
			}
			first, next := make(chan struct{}), make(chan error, 1)
			go func() { // it has its turn, and waits for the peer
				defer close(first)
				r.Read(make([]byte, 1))
			}()
			time.Sleep(20 * time.Millisecond)
			go func() { // it is the next to have its turn, and keeps it
				_, err := c.Receive(bg(t))
				next <- err
			}()
			time.Sleep(20 * time.Millisecond)
			within(t, how.name, func() { c.Abort() }, func() {
				time.AfterFunc(20*time.Millisecond, func() { peer.SendFrame(false, opcode.Continuation, "x") })
				if p, err := how.read(r); len(p) > 0 || !errors.Is(err, stream.ErrStale) {
					t.Errorf("%s: %q, %v", how.name, p, err)
				}
			})
			c.Abort()
			<-first
			<-next
		})
	}
}

// Of two goroutines that read, which a Reader is not for, the one that waits ends when the Reader does.
func TestAReaderThatIsClosedWhileItsOtherReadWaitsIsStale(t *testing.T) {
	c, peer := serverAndPeer(t)
	peer.SendFrame(false, opcode.Binary, "")
	r, err := c.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	first := make(chan struct{})
	go func() {
		defer close(first)
		r.Read(make([]byte, 1))
	}()
	time.Sleep(20 * time.Millisecond)
	time.AfterFunc(20*time.Millisecond, func() { r.Close() })
	within(t, "Read", func() { c.Abort() }, func() {
		if _, err := r.Read(make([]byte, 1)); !errors.Is(err, stream.ErrStale) {
			t.Errorf("Read: %v", err)
		}
	})
	c.Abort()
	<-first
}

func TestATunnelThatWaitsForItsTurnEndsAtItsDeadline(t *testing.T) {
	for _, deadline := range deadlines {
		t.Run(deadline.name, func(t *testing.T) {
			t.Parallel()
			c, peer, pinged := openPinged(t, true, nil)
			tunnel := netConn(t, c, opcode.Binary)
			shuttingDown(t, c.Socket, peer, pinged)
			deadline.set(tunnel.SetReadDeadline)
			within(t, "Read", func() { c.Abort() }, func() {
				n, err := tunnel.Read(make([]byte, 10))
				wantTimeout(t, n, err)
			})
			peer.Close()
		})
	}
}
