package transport_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/litert/websocket/internal/buffer"
	"github.com/litert/websocket/internal/census"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/internal/wstest"
)

// overTLSOfOthers returns a connection over TLS that this module has not made, and the TLS of its peer. The test is skipped
// where the system cannot wait without a buffer.
func overTLSOfOthers(t *testing.T, cfg transport.Config) (*transport.Conn, *tls.Conn) {
	t.Helper()
	far, near := wstest.TLS(t)
	c := open(t, near, cfg)
	if !c.CanAwait() {
		t.Skip("the system cannot wait without a buffer")
	}
	return c, far
}

// awaitLetGo waits until so many connections that wait hold less than a buffer each.
func awaitLetGo(t *testing.T, before int64, conns int) {
	t.Helper()
	var each int64
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
		if each = (int64(census.Take().Heap) - before) / int64(conns); each < 4<<10 {
			return
		}
	}
	t.Errorf("a connection that waits takes %d bytes more", each)
}

func TestALongWaitAboveTLSOfOthersHoldsNoBuffer(t *testing.T) {
	const conns = 32
	var open []*transport.Conn
	var peers []*tls.Conn
	for range conns {
		c, far := overTLSOfOthers(t, transport.Config{})
		open, peers = append(open, c), append(peers, far)
	}
	for i, c := range open { // TLS keeps a buffer of its own from the first record on
		go peers[i].Write(data[:1000])
		readAll(t, c, 1000)
	}
	before := int64(census.Take().Heap)
	for round := range 2 {
		ended := make(chan error, conns)
		for _, c := range open {
			go func() { ended <- await(c, within(t)) }()
		}
		awaitLetGo(t, before, conns)
		for i, c := range open {
			if round == 0 {
				go peers[i].Write(data[:1])
			} else {
				c.Cut()
			}
			if err := <-ended; (err != nil) != (round == 1) {
				t.Errorf("round %d: %v", round, err)
			}
		}
	}
	runtime.KeepAlive(peers)
}

// A wait that has let go of its buffer ends as any other, and what comes behind it is all there.
func TestALongWaitAboveTLSOfOthersEndsAsAnyOther(t *testing.T) {
	const long = 1500 * time.Millisecond
	afterwards := func(t *testing.T, c *transport.Conn, far *tls.Conn) {
		go far.Write(data[:100_000])
		if got := readAll(t, c, 100_000); got != string(data[:100_000]) {
			t.Error("the bytes have changed")
		}
	}
	tests := map[string]func(*testing.T, *transport.Conn, *tls.Conn){
		"bytes": func(t *testing.T, c *transport.Conn, far *tls.Conn) {
			time.AfterFunc(long, func() { far.Write(data[:50_000]) })
			buf, n, err := c.Await(within(t), buffer.Small)
			if err != nil {
				t.Fatal(err)
			}
			got := string(buf[:n]) + readAll(t, c, 50_000-n)
			if got != string(data[:50_000]) {
				t.Error("the bytes have changed")
			}
			afterwards(t, c, far)
		},
		"context": func(t *testing.T, c *transport.Conn, far *tls.Conn) {
			ctx, cancel := context.WithTimeout(context.Background(), long)
			defer cancel()
			wantKind(t, await(c, transport.Bounds{Ctx: ctx}), transport.Bounded, context.DeadlineExceeded)
			afterwards(t, c, far)
		},
		"deadline": func(t *testing.T, c *transport.Conn, far *tls.Conn) {
			d := new(transport.Deadline)
			time.AfterFunc(long, func() { c.SetDeadline(d, time.Now()) })
			wantKind(t, await(c, transport.Bounds{Ctx: context.Background(), Deadline: d}), transport.Bounded, os.ErrDeadlineExceeded)
			afterwards(t, c, far)
		},
		"idle": func(t *testing.T, c *transport.Conn, far *tls.Conn) {
			c.SetIdleTimeout(long)
			wantKind(t, await(c, within(t)), transport.Idle, nil)
			afterwards(t, c, far)
		},
		"unanswered": func(t *testing.T, c *transport.Conn, far *tls.Conn) {
			c.Asked(c.Now())
			wantKind(t, await(c, within(t)), transport.Unanswered, nil)
			afterwards(t, c, far)
		},
		"end": func(t *testing.T, c *transport.Conn, far *tls.Conn) {
			time.AfterFunc(long, func() { far.Close() })
			wantKind(t, await(c, within(t)), transport.Lost, io.EOF)
		},
		"cut": func(t *testing.T, c *transport.Conn, far *tls.Conn) {
			time.AfterFunc(long, func() { far.NetConn().Close() })
			wantKind(t, await(c, within(t)), transport.Lost, nil)
		},
		"reset": func(t *testing.T, c *transport.Conn, far *tls.Conn) {
			time.AfterFunc(long, func() {
				below(far.NetConn()).(*net.TCPConn).SetLinger(0)
				far.NetConn().Close()
			})
			if err := await(c, within(t)); errors.Is(err, io.EOF) {
				t.Error("it is taken for a clean end")
			}
		},
		"a write meanwhile": func(t *testing.T, c *transport.Conn, far *tls.Conn) {
			time.AfterFunc(long, func() { c.Write(background, nil, data[:1000]) })
			time.AfterFunc(2*long, func() { far.Write(data[:1]) })
			if err := await(c, within(t)); err != nil {
				t.Error(err)
			}
			if n, err := io.ReadFull(far, make([]byte, 1000)); err != nil {
				t.Errorf("%d bytes came of the write, %v", n, err)
			}
			afterwards(t, c, far)
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, far := overTLSOfOthers(t, transport.Config{Patience: 1500 * time.Millisecond})
			test(t, c, far)
		})
	}
}

// A Read that follows on a wait holds the buffer of its caller for as long as it takes.
func TestAReadAboveTLSOfOthersGoesOn(t *testing.T) {
	t.Parallel()
	c, far := overTLSOfOthers(t, transport.Config{})
	go far.Write(data[:1])
	if err := await(c, within(t)); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(1500*time.Millisecond, func() { far.Write(data[:100]) })
	if got := readAll(t, c, 100); got != string(data[:100]) {
		t.Errorf("%q", got)
	}
}

// TLS that has not shaken hands fails for good by a deadline.
func TestAHandshakeWithinAWaitMayTakeLong(t *testing.T) {
	t.Parallel()
	a, b := wstest.TCP(t)
	c := open(t, tls.Server(a, &tls.Config{Certificates: []tls.Certificate{certificate}}), transport.Config{})
	time.AfterFunc(1500*time.Millisecond, func() {
		tls.Client(b, &tls.Config{InsecureSkipVerify: true}).Write(data[:100])
	})
	buf, n, err := c.Await(within(t), buffer.Small)
	if got := string(buf[:n]) + readAll(t, c, 100-n); err != nil || got != string(data[:100]) {
		t.Errorf("%q, %v", got, err)
	}
}
