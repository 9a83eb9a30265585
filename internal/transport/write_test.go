package transport_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/internal/wstest"
)

func TestBothPartsOfAWriteArrive(t *testing.T) {
	parts := [][2][]byte{
		{nil, nil}, {data[:1], nil}, {nil, data[:1]}, {data[:10], data[10:20]}, {data[:14], data[14:300_000]},
		{data[:20_000], data[20_000:40_000]}, {data[:100_000], nil}, {nil, data[:1<<20]},
	}
	onAll(t, func(t *testing.T, tr wstest.Transport) {
		c, peer := pair(t, tr, transport.Config{Idle: time.Minute})
		for _, p := range parts {
			want := append(bytes.Clone(p[0]), p[1]...)
			came := make(chan []byte, 1)
			go func() {
				got := make([]byte, len(want))
				io.ReadFull(peer, got)
				came <- got
			}()
			if n, err := c.Write(within(t), p[0], p[1]); n != len(want) || err != nil {
				t.Errorf("%d and %d bytes: %d, %v", len(p[0]), len(p[1]), n, err)
			}
			if !bytes.Equal(<-came, want) {
				t.Errorf("%d and %d bytes: they have changed", len(p[0]), len(p[1]))
			}
		}
	})
}

// What ends a write that the peer does not read: the wait of the caller. It says how much has left, and if more can.
func TestBoundsEndAWriteAndItCountsWhatHasLeft(t *testing.T) {
	own := errors.New("an error of its own")
	tests := map[string]func() (b transport.Bounds, end func(*transport.Conn), want error){
		"context": func() (transport.Bounds, func(*transport.Conn), error) {
			ctx, cancel := context.WithCancel(context.Background())
			return transport.Bounds{Ctx: ctx}, func(*transport.Conn) { cancel() }, context.Canceled
		},
		"strange context": func() (transport.Bounds, func(*transport.Conn), error) {
			ctx, cancel := context.WithCancel(context.Background())
			return transport.Bounds{Ctx: strangeContext{ctx, own}}, func(*transport.Conn) { cancel() }, own
		},
		"deadline": func() (transport.Bounds, func(*transport.Conn), error) {
			d := new(transport.Deadline)
			b := transport.Bounds{Ctx: context.Background(), Deadline: d}
			return b, func(c *transport.Conn) { c.SetDeadline(d, time.Now()) }, os.ErrDeadlineExceeded
		},
	}
	large := bytes.Repeat(data, 16)
	onAll(t, func(t *testing.T, tr wstest.Transport) {
		resumable := !strings.HasPrefix(tr.Name, "tls") && tr.Name != "no deadlines"
		for name, bounds := range tests {
			// Of a busy machine, the end may come while the buffers of the kernel are not full yet, between two pieces.
			for patience := 50 * time.Millisecond; ; patience *= 8 {
				b, end, want := bounds()
				c, peer := pair(t, tr, transport.Config{})
				timer := time.AfterFunc(patience, func() { end(c) })
				n, err := c.Write(b, data[:14], large)
				timer.Stop()
				failed := wantKind(t, err, transport.Bounded, want)
				if n == 0 && tr.Name != "pipe" && failed.Broken || n >= len(large) {
					t.Errorf("%s: %d bytes have left", name, n)
				}
				if failed.Broken {
					if resumable {
						t.Errorf("%s: it is broken", name)
					}
					if _, err := c.Write(within(t), data[:1], nil); err == nil {
						t.Errorf("%s: it can be written", name)
					}
					break
				}
				left := append(data[:14:14], large...)[n:]
				came := make(chan bool, 1)
				go func() {
					got := make([]byte, 14+len(large))
					_, err := io.ReadFull(peer, got)
					came <- err == nil && bytes.Equal(got[:14], data[:14]) && bytes.Equal(got[14:], large)
				}()
				if _, err := c.Write(within(t), left, nil); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if !<-came {
					t.Errorf("%s: the bytes have changed", name)
				}
				if resumable {
					break
				}
				if patience > 10*time.Second {
					t.Fatalf("%s: a blocked write goes on", name)
				}
			}
		}
	})
}

// A cutAtTheEnd is a transport without deadlines whose first write is ended when all of it has left.
type cutAtTheEnd struct {
	io.ReadWriteCloser
	end    func()        // nil behind the first write
	closed chan struct{} // by Close
}

func (c *cutAtTheEnd) Write(p []byte) (int, error) {
	n, err := c.ReadWriteCloser.Write(p)
	if c.end != nil {
		c.end()
		<-c.closed
		c.end = nil
	}
	return n, err
}

func (c *cutAtTheEnd) Close() error {
	close(c.closed)
	return c.ReadWriteCloser.Close()
}

// The piece has left, but the transport was closed to end it.
func TestACutAtTheVeryEndOfAPieceIsTold(t *testing.T) {
	a, peer := net.Pipe()
	go io.Copy(io.Discard, peer)
	ctx, cancel := context.WithCancel(context.Background())
	c := open(t, &cutAtTheEnd{a, cancel, make(chan struct{})}, transport.Config{})
	n, err := c.Write(transport.Bounds{Ctx: ctx}, nil, data[:2*c.Piece()])
	if failed := wantKind(t, err, transport.Bounded, context.Canceled); n != c.Piece() || !failed.Broken {
		t.Errorf("%d bytes have left, broken %v", n, failed.Broken)
	}
}

func TestAWriteWhoseBoundsHaveEndedBreaksNothing(t *testing.T) {
	onAll(t, func(t *testing.T, tr wstest.Transport) {
		c, peer := pair(t, tr, transport.Config{})
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		d := new(transport.Deadline)
		d.Store(time.Unix(1, 0))
		for _, b := range []transport.Bounds{{Ctx: ctx}, {Ctx: context.Background(), Deadline: d}} {
			n, err := c.Write(b, data[:10], data[:10])
			if failed := wantKind(t, err, transport.Bounded, nil); n != 0 || failed.Broken {
				t.Errorf("%d bytes, broken %v", n, failed.Broken)
			}
		}
		go c.Write(within(t), []byte("hello"), nil)
		p := make([]byte, 5)
		if _, err := io.ReadFull(peer, p); err != nil || string(p) != "hello" {
			t.Errorf("%q, %v", p, err)
		}
	})
}

func TestTheIdleTimeoutEndsAWriteThatHasTakenSome(t *testing.T) {
	large := bytes.Repeat(data, 16)
	onAll(t, func(t *testing.T, tr wstest.Transport) {
		c, peer := pair(t, tr, transport.Config{Idle: 100 * time.Millisecond})
		go io.CopyN(io.Discard, peer, 5000)
		n, err := c.Write(within(t), data[:14], large)
		wantKind(t, err, transport.Idle, nil)
		if n >= len(large) || tr.Name != "tls" && n < 5000 {
			t.Errorf("%d bytes have left", n)
		}
	})
}

// The pieces of a small record each and the one write that has them are over pipes, so that the clock can be one that
// stands still while there is something to do.
func TestTheIdleTimeoutOfPiecesThatAreTakenInPart(t *testing.T) {
	kinds := map[string]func() (io.ReadWriteCloser, net.Conn){
		"tls":                   tlsOverPipe,
		"tls without deadlines": tlsWithoutDeadlines,
		"no deadlines":          bareOverPipe,
		"what wraps tls":        func() (io.ReadWriteCloser, net.Conn) { a, b := tlsOverPipe(); return wrapped{a.(net.Conn)}, b },
		"no deadlines and wraps tls": func() (io.ReadWriteCloser, net.Conn) {
			a, b := tlsOverPipe()
			return wstest.Bare{ReadWriteCloser: a}, b
		},
	}
	for name, kind := range kinds {
		for _, bounded := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a, peer := kind()
					defer peer.Close()
					cfg, b, want := transport.Config{Idle: time.Minute}, background, transport.Idle
					if bounded {
						b.Deadline = new(transport.Deadline)
						b.Deadline.Store(time.Now().Add(time.Minute))
						cfg, want = transport.Config{}, transport.Bounded
					}
					c := transport.New(a, cfg)
					defer c.Cut()
					go io.CopyN(io.Discard, peer, 5000)
					began := time.Now()
					n, err := c.Write(b, nil, data)
					failed := wantKind(t, err, want, nil)
					if took := time.Since(began); took != time.Minute || n == 0 || !failed.Broken {
						t.Errorf("after %v and %d bytes, broken %v", took, n, failed.Broken)
					}
				})
			})
		}
	}
}

// A wrapped conn is of a type that nothing is known of.
type wrapped struct{ net.Conn }

// tlsOverPipe returns an end of TLS whose handshake is done, and the conn that what it writes comes out of.
func tlsOverPipe() (io.ReadWriteCloser, net.Conn) {
	return tlsOver(func(c net.Conn) net.Conn { return c })
}

// bareOverPipe returns an end of a pipe without deadlines, and the other end.
func bareOverPipe() (io.ReadWriteCloser, net.Conn) {
	a, b := net.Pipe()
	return wstest.Bare{ReadWriteCloser: a}, b
}

// tlsWithoutDeadlines returns the same over a conn whose deadlines do not work.
func tlsWithoutDeadlines() (io.ReadWriteCloser, net.Conn) {
	return tlsOver(func(c net.Conn) net.Conn { return noDeadlines{c} })
}

func tlsOver(wrap func(net.Conn) net.Conn) (io.ReadWriteCloser, net.Conn) {
	a, b := net.Pipe()
	return tlsFrom(wrap(a), b)
}

func tlsFrom(a, b net.Conn) (io.ReadWriteCloser, net.Conn) {
	client := tls.Client(a, &tls.Config{InsecureSkipVerify: true})
	server := tls.Server(b, &tls.Config{Certificates: []tls.Certificate{certificate}, SessionTicketsDisabled: true})
	failed := make(chan error, 1)
	go func() { failed <- server.Handshake() }()
	if err := errors.Join(client.Handshake(), <-failed); err != nil {
		panic(err)
	}
	return client, b
}

type noDeadlines struct{ net.Conn }

func (noDeadlines) SetDeadline(time.Time) error      { return errors.ErrUnsupported }
func (noDeadlines) SetReadDeadline(time.Time) error  { return errors.ErrUnsupported }
func (noDeadlines) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

// A peer that reads a record within the idle timeout is not idle, however long all of a write takes.
func TestAPeerThatReadsSlowlyIsNotCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, peer := tlsOverPipe()
		c := transport.New(a, transport.Config{Idle: time.Minute})
		var reading sync.WaitGroup
		defer reading.Wait()
		defer c.Cut()
		reading.Go(func() {
			defer peer.Close()
			for p := make([]byte, 1<<10); ; time.Sleep(3 * time.Second) {
				if _, err := peer.Read(p); err != nil {
					return
				}
			}
		})
		if n, err := c.Write(background, nil, data[:1<<20]); n != 1<<20 || err != nil {
			t.Errorf("%d bytes, %v", n, err)
		}
	})
}

// What wraps a socket can be resumed, what wraps TLS cannot, and the errors tell.
func TestAWrapperIsAsResumableAsWhatItWraps(t *testing.T) {
	large := bytes.Repeat(data, 8)
	for _, tt := range []struct {
		tr     wstest.Transport
		broken bool
	}{{wstest.Transports[0], false}, {wstest.Transports[1], false}, {wstest.Transports[2], true}, {wstest.Transports[3], false}} {
		t.Run(tt.tr.Name, func(t *testing.T) {
			var c *transport.Conn
			for patience := 500 * time.Millisecond; ; patience *= 8 { // until the write is blocked, also on a busy machine
				a, b := tt.tr.Pair(t)
				defer below(b).Close()
				defer below(a).Close()
				c = open(t, wrapped{a.(net.Conn)}, transport.Config{})
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				_, err := c.Write(transport.Bounds{Ctx: ctx}, nil, large)
				cancel()
				failed := wantKind(t, err, transport.Bounded, context.DeadlineExceeded)
				if failed.Broken == tt.broken {
					break
				}
				if failed.Broken || patience > 10*time.Second {
					t.Fatalf("broken %v", failed.Broken)
				}
			}
			if c.Vectored() || c.CanAwait() {
				t.Error("what wraps a socket is taken for one")
			}
		})
	}
}

func TestAWriteToAPeerThatHasGoneIsLost(t *testing.T) {
	onAll(t, func(t *testing.T, tr wstest.Transport) {
		c, peer := pair(t, tr, transport.Config{})
		below(peer).Close()
		var err error
		for range 100 {
			if _, err = c.Write(within(t), data[:1<<20], nil); err != nil {
				break
			}
		}
		wantKind(t, err, transport.Lost, nil)
	})
}

func TestTryWriteTakesWhatTheSocketDoes(t *testing.T) {
	onAll(t, func(t *testing.T, tr wstest.Transport) {
		c, peer := pair(t, tr, transport.Config{})
		total := 0
		for range 100 {
			n, err := c.TryWrite(data[total%1000 : 1<<20])
			if err != nil {
				t.Fatal(err)
			}
			if total += n; n == 0 {
				break
			}
		}
		raw := tr.Name == "tcp" || tr.Name == "unix"
		if c.CanAwait() != (raw || strings.HasPrefix(tr.Name, "tls") || tr.Name == "no deadlines") || raw != (total > 0) {
			t.Fatalf("%d bytes were taken, CanAwait %v", total, c.CanAwait())
		}
		if !raw {
			return
		}
		if n, err := io.CopyN(io.Discard, peer, int64(total)); err != nil {
			t.Errorf("%d of %d bytes, %v", n, total, err)
		}
		below(peer).Close()
		var err error
		for deadline := time.Now().Add(10 * time.Second); err == nil && time.Now().Before(deadline); {
			_, err = c.TryWrite(data[:100])
		}
		wantKind(t, err, transport.Lost, nil)
	})
}
