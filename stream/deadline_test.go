package stream_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// unread returns a connection over one end of tr whose peer reads nothing.
func unread(t testing.TB, tr wstest.Transport, opts ...stream.Option) (*conn, io.ReadWriteCloser) {
	t.Helper()
	a, b := tr.Pair(t)
	t.Cleanup(func() { b.Close() })
	return open(t, a, false, opts...), b
}

func newWriter(t testing.TB, c *conn, op opcode.Opcode, opts ...stream.WriterOption) *stream.Writer {
	t.Helper()
	w, err := c.NewWriter(bg(t), op, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestADeadlineEndsAWriteThatWaitsAlready(t *testing.T) {
	for _, tr := range wstest.Transports {
		t.Run(tr.Name, func(t *testing.T) {
			c, _ := unread(t, tr, stream.IdleTimeout(0))
			w := newWriter(t, c, opcode.Binary)
			written := make(chan error, 1)
			go func() {
				_, err := w.Write(make([]byte, 64<<20))
				written <- err
			}()
			select {
			case err := <-written:
				t.Fatalf("the peer does not read: %v", err)
			case <-time.After(50 * time.Millisecond):
			}
			w.SetDeadline(time.Now().Add(10 * time.Millisecond))
			if err := <-written; !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			w.Abort()
		})
	}
}

func TestADeadlineEndsAWriterThatWaitsForItsTurn(t *testing.T) {
	c, _ := unread(t, wstest.Transports[0], stream.IdleTimeout(0))
	filled := make(chan error, 1)
	go func() { // the wire is busy with a ping that nobody reads
		for {
			if err := c.Ping(context.Background(), make([]byte, 125)); err != nil {
				filled <- err
				return
			}
		}
	}()
	w := newWriter(t, c, opcode.Binary)
	flushed := make(chan error, 1)
	go func() {
		for {
			io.WriteString(w, "x")
			if err := w.Flush(); err != nil {
				flushed <- err
				return
			}
		}
	}()
	time.Sleep(100 * time.Millisecond)
	w.SetDeadline(time.Now())
	if err := <-flushed; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	c.Abort()
	<-filled
	w.Abort()
}

// On TLS a write that has met an expired deadline leaves nothing that could go on.
func TestADeadlineThatIsOverBeforeAFrameBeginsCostsNothing(t *testing.T) {
	for _, tr := range wstest.Transports {
		t.Run(tr.Name, func(t *testing.T) {
			c, b := unread(t, tr)
			w := newWriter(t, c, opcode.Text)
			io.WriteString(w, "hello")
			w.SetDeadline(time.Now().Add(-time.Second))
			if err := w.Flush(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			if err := c.WriteText(ended(t), "x"); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			w.SetDeadline(time.Time{})
			go func() {
				if err := w.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			}()
			wstest.NewPeer(t, b, true).Want(true, opcode.Text, "hello")
		})
	}
}

func TestDeadlinesFarFromNow(t *testing.T) {
	for _, at := range []time.Time{time.Unix(0, 0), time.Unix(0, 1), time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC)} {
		client, server := pair(t, wstest.Transports[0])
		w := newWriter(t, client, opcode.Binary)
		io.WriteString(w, "x")
		w.Flush()
		io.WriteString(w, "y")
		r, err := server.Receive(bg(t))
		if err != nil {
			t.Fatal(err)
		}
		io.ReadFull(r, make([]byte, 1))
		r.SetDeadline(at)
		w.SetDeadline(at)
		if _, err := r.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%v: reading: %v", at, err)
		}
		if err := w.Close(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%v: writing: %v", at, err)
		}
		never := time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC)
		r.SetDeadline(never)
		w.SetDeadline(never)
		if err := w.Close(); err != nil {
			t.Errorf("%v: writing: %v", never, err)
		}
		if p, err := io.ReadAll(r); err != nil || string(p) != "y" {
			t.Errorf("%v: read %q, %v", never, p, err)
		}
	}
}

func TestADeadlineIsNotLostOnTheWayToAWait(t *testing.T) {
	for range 2000 {
		a, b := net.Pipe()
		c := open(t, a, true)
		go b.Write(wstest.NewPeer(t, b, false).Frame(false, opcode.Binary, ""))
		r, err := c.Receive(bg(t))
		if err != nil {
			t.Fatal(err)
		}
		go r.SetDeadline(past)
		if _, err := r.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		c.Abort()
	}
}

var past = time.Unix(1, 0)

func TestTheDeadlineOfAMessageIsNotThatOfTheNext(t *testing.T) {
	client, server := pair(t, wstest.Transports[0])
	go func() {
		for range 2000 {
			w, err := client.NewWriter(context.Background(), opcode.Binary)
			if err != nil {
				t.Error(err)
				return
			}
			io.WriteString(w, "x")
			if err := w.Close(); err != nil {
				t.Errorf("Close: %v", err)
				return
			}
			go w.SetDeadline(past)
		}
		client.Shutdown(bg(t), 1000, "")
	}()
	for r, err := range server.All(bg(t)) {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(r); err != nil {
			t.Fatalf("Read: %v", err)
		}
		go r.SetDeadline(past)
	}
}

func TestAnIdleTimeoutBeyondAllMeasureIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		c := open(t, a, true, stream.IdleTimeout(math.MaxInt64))
		ctx, cancel := context.WithTimeout(context.Background(), 10*365*24*time.Hour)
		defer cancel()
		if _, err := c.Receive(ctx); err != context.DeadlineExceeded {
			t.Errorf("Receive: %v", err)
		}
		go func() {
			time.Sleep(10 * 365 * 24 * time.Hour)
			wstest.NewPeer(t, b, false).Want(true, opcode.Text, "x")
			b.Close()
		}()
		if err := c.WriteText(context.Background(), "x"); err != nil {
			t.Errorf("WriteText: %v", err)
		}
	})
}

func TestALongerIdleTimeoutHoldsForAWriteThatWaitsAlready(t *testing.T) {
	for _, tr := range wstest.Transports {
		t.Run(tr.Name, func(t *testing.T) {
			c, b := unread(t, tr, stream.IdleTimeout(100*time.Millisecond))
			written := make(chan error, 1)
			go func() { written <- c.WriteBinary(bg(t), make([]byte, 32<<20)) }()
			c.SetIdleTimeout(time.Minute)
			time.Sleep(200 * time.Millisecond)
			go io.Copy(io.Discard, b)
			if err := <-written; err != nil {
				t.Error(err)
			}
			c.Abort()
		})
	}
}

// A timedOut transport fails with a timeout of its own each time, as QUIC does after the peer has vanished.
type timedOut struct{ net.Conn }

func (timedOut) Read([]byte) (int, error)  { return 0, errGone }
func (timedOut) Write([]byte) (int, error) { return 0, errGone }

var errGone = goneError{}

type goneError struct{}

func (goneError) Error() string { return "the peer has vanished" }
func (goneError) Timeout() bool { return true }

func TestATimeoutOfTheTransportsOwnIsItsEnd(t *testing.T) {
	for _, idle := range []time.Duration{0, time.Minute} {
		a, b := net.Pipe()
		defer b.Close()
		c := open(t, timedOut{a}, true, stream.IdleTimeout(idle))
		if err := c.WriteText(bg(t), "x"); !errors.Is(err, errGone) || !errors.Is(err, net.ErrClosed) {
			t.Errorf("WriteText: %v", err)
		}
		if _, err := c.Receive(bg(t)); !errors.Is(err, errGone) || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("Receive: %v", err)
		}
	}
}

// A plain net.Conn hides what it wraps.
type plain struct{ net.Conn }

func TestAWriteAfterOneThatWasCutIsRefused(t *testing.T) {
	for name, pair := range map[string]func() (rwc, peer io.ReadWriteCloser){
		"TLS":        func() (_, _ io.ReadWriteCloser) { a, b := wstest.TLS(t); return a, b },
		"behind TLS": func() (_, _ io.ReadWriteCloser) { a, b := wstest.TLS(t); return plain{a}, b },
		"no deadlines": func() (_, _ io.ReadWriteCloser) {
			a, b := wstest.TCP(t)
			return wstest.Bare{ReadWriteCloser: a}, b
		},
	} {
		t.Run(name, func(t *testing.T) {
			rwc, peer := pair()
			c := open(t, rwc, false, stream.IdleTimeout(0))
			large := make([]byte, 64<<20)
			ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
			defer cancel()
			go func() {
				<-c.Done()
				io.Copy(io.Discard, peer) // or TLS could not say that it ends
			}()
			if err := c.WriteBinary(ctx, large); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			if err := c.WriteText(context.Background(), "x"); !errors.Is(err, net.ErrClosed) {
				t.Errorf("then %v", err)
			}
			if c.Writable() {
				t.Error("it is writable")
			}
		})
	}
}

// TLS answers a KeyUpdate (RFC 8446, section 4.6.3) within its Read, and breaks if the write deadline is over.
func TestNoWriteDeadlineIsLeftToTLS(t *testing.T) {
	a, b := wstest.TCP(t)
	cert, roots := wstest.Certificate(t, "localhost")
	watched := &watchedDeadline{Conn: a}
	client := tls.Client(watched, &tls.Config{RootCAs: roots, ServerName: "localhost"})
	server := tls.Server(b, &tls.Config{Certificates: []tls.Certificate{cert}})
	go server.Handshake()
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, b)
	c := open(t, client, false)
	w := newWriter(t, c, opcode.Binary)
	w.SetDeadline(time.Now().Add(time.Minute))
	if _, err := w.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	c.SetIdleTimeout(time.Second)
	if at := watched.at.Load(); at == nil || !at.IsZero() || watched.set.Load() > 1 { // what it had before is gone
		t.Errorf("deadline %v after %d changes", at, watched.set.Load())
	}
	w.Close()
	c.Abort()
}

type watchedDeadline struct {
	net.Conn
	at  atomic.Pointer[time.Time]
	set atomic.Int64
}

func (w *watchedDeadline) SetWriteDeadline(t time.Time) error {
	w.at.Store(&t)
	w.set.Add(1)
	return w.Conn.SetWriteDeadline(t)
}

func TestAFloodDoesNotKeepAContextFromEnding(t *testing.T) {
	for _, tr := range wstest.Transports {
		t.Run(tr.Name, func(t *testing.T) {
			a, b := tr.Pair(t)
			c := open(t, a, true)
			var flood []byte
			for range 1000 {
				flood = append(flood, wstest.NewPeer(t, b, false).Frame(true, opcode.Pong, "")...)
			}
			stopped := make(chan struct{})
			go func() {
				defer close(stopped)
				for {
					if _, err := b.Write(flood); err != nil {
						return
					}
				}
			}()
			for range 3 {
				if _, err := c.Receive(brief(t)); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
			}
			c.Abort()
			b.Close()
			<-stopped
		})
	}
}

// A closeCounter has addresses and no deadlines that work.
type closeCounter struct {
	net.Conn
	closed atomic.Int64
}

func (*closeCounter) SetReadDeadline(time.Time) error { return errors.New("no deadlines") }
func (c *closeCounter) Close() error {
	c.closed.Add(1)
	return c.Conn.Close()
}

func TestATransportWithoutDeadlinesKeepsItsAddressesAndIsClosedOnce(t *testing.T) {
	a, _ := wstest.TCP(t)
	rwc := &closeCounter{Conn: a}
	c := open(t, rwc, false)
	if c.RemoteAddr() != a.RemoteAddr() || c.LocalAddr() != a.LocalAddr() {
		t.Errorf("addresses %v, %v", c.LocalAddr(), c.RemoteAddr())
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	c.WriteBinary(ctx, make([]byte, 64<<20))
	c.Close()
	if n := rwc.closed.Load(); n != 1 {
		t.Errorf("closed %d times", n)
	}
}
