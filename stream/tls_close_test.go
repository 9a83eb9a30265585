package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// promptly is far below the five seconds that crypto/tls gives its own farewell.
const promptly = 3 * time.Second

// closings are the ways in which this end closes a connection, whose CloseTimeout is short.
var closings = map[string]func(*conn){
	"Abort": func(c *conn) { c.Abort() },
	"Close": func(c *conn) { c.Close() },
	"Shutdown": func(c *conn) {
		c.Shutdown(context.Background(), closecode.NormalClosure, "")
	},
}

// Neither the close frame nor the farewell of TLS can be sent here.
func TestNoCloseWaitsForAPeerThatDoesNotRead(t *testing.T) {
	t.Parallel()
	for _, l := range layers {
		for name, end := range closings {
			for i := range 4 {
				server, writing := i&1 != 0, i&2 != 0
				t.Run(fmt.Sprintf("%s/%s/server %v/a write waits %v", l.name, name, server, writing), func(t *testing.T) {
					t.Parallel()
					a, b := wstest.TCP(t)
					stalling := newStallingConn(t, a)
					defer stalling.Close()
					c := openEnd(t, l.over(t, stalling, b, server), server, false, stream.CloseTimeout(200*time.Millisecond))
					stalling.stallAfter(0)
					written := make(chan error, 1)
					if writing {
						go func() { written <- c.WriteBinary(context.Background(), data[:1<<20]) }()
						time.Sleep(50 * time.Millisecond)
					}
					wantWithin(t, promptly, name, func() { end(c) }, func() { stalling.Close() })
					if !l.hidden {
						wantClosed(t, b)
					}
					if !writing {
						return
					}
					if err := <-written; !errors.Is(err, net.ErrClosed) {
						t.Errorf("WriteBinary: %v", err)
					}
				})
			}
		}
	}
}

// A failing connection has to tell the peer, and to close, within its CloseTimeout. The peer takes the close frame here,
// but not the farewell of TLS.
func TestAFailingConnectionTakesNoLongerThanItsCloseTimeout(t *testing.T) {
	t.Parallel()
	failures := map[string]func(t *testing.T, c *conn, peer *wstest.Peer, stall func()){
		"the peer breaks the protocol": func(t *testing.T, c *conn, peer *wstest.Peer, stall func()) {
			stall()
			peer.SendFrame(true, opcode.Continuation, "x")
			var broken *stream.ProtocolError
			if _, err := c.Receive(context.Background()); !errors.As(err, &broken) {
				t.Errorf("Receive: %v", err)
			}
		},
		"the peer closes": func(t *testing.T, c *conn, peer *wstest.Peer, stall func()) {
			stall()
			peer.SendClose(closecode.GoingAway, "bye")
			if _, err := c.Receive(context.Background()); !errors.Is(err, io.EOF) {
				t.Errorf("Receive: %v", err)
			}
		},
		"a message is aborted": func(t *testing.T, c *conn, _ *wstest.Peer, stall func()) {
			w := newWriter(t, c, opcode.Binary)
			io.WriteString(w, "half")
			if err := w.Flush(); err != nil {
				t.Error(err)
			}
			stall()
			w.Abort()
		},
	}
	for _, l := range layers {
		for name, fail := range failures {
			for _, server := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s/%s/server %v", l.name, name, server), func(t *testing.T) {
					t.Parallel()
					a, b := wstest.TCP(t)
					stalling := newStallingConn(t, a)
					defer stalling.Close()
					rwc, other := l.ends(t, stalling, b, server)
					c := openEnd(t, rwc, server, false, stream.CloseTimeout(200*time.Millisecond))
					peer := wstest.NewPeer(t, other, !server)
					wantWithin(t, promptly, name, func() {
						fail(t, c, peer, func() { stalling.stallAfterWrites(1) })
					}, func() { stalling.Close() })
					if l.hidden {
						return
					}
					b.SetReadDeadline(time.Now().Add(promptly))
					if _, err := io.Copy(io.Discard, b); isTimeout(err) {
						t.Errorf("the transport was not closed within %v", promptly)
					}
				})
			}
		}
	}
}

// A closesCounted connection counts how often it is closed.
type closesCounted struct {
	net.Conn
	closed atomic.Int64
}

func (c *closesCounted) Close() error {
	c.closed.Add(1)
	return c.Conn.Close()
}

func TestTheConnectionBelowIsClosedOnce(t *testing.T) {
	t.Parallel()
	ends := map[string]func(t *testing.T, c *conn, b net.Conn, peer *wstest.Peer){
		"the peer breaks the protocol": func(_ *testing.T, c *conn, _ net.Conn, peer *wstest.Peer) {
			peer.SendFrame(true, opcode.Continuation, "x")
			c.Receive(context.Background())
		},
		"the peer vanishes": func(_ *testing.T, c *conn, b net.Conn, _ *wstest.Peer) {
			b.Close()
			c.Receive(context.Background())
		},
		"a write is cut": func(t *testing.T, c *conn, _ net.Conn, _ *wstest.Peer) {
			ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
			defer cancel()
			c.WriteBinary(ctx, make([]byte, 64<<20))
		},
		"Abort and Close": func(_ *testing.T, c *conn, _ net.Conn, _ *wstest.Peer) {
			c.Abort()
			c.Close()
		},
	}
	for name, end := range closings {
		ends[name] = func(_ *testing.T, c *conn, _ net.Conn, _ *wstest.Peer) { end(c) }
	}
	bare := layer{"tcp", false, func(_ testing.TB, a, b net.Conn, _ bool) (io.ReadWriteCloser, io.ReadWriteCloser) { return a, b }}
	for _, l := range append([]layer{bare}, layers...) {
		for name, end := range ends {
			for _, server := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s/%s/server %v", l.name, name, server), func(t *testing.T) {
					t.Parallel()
					a, b := wstest.TCP(t)
					counted := &closesCounted{Conn: a}
					rwc, other := l.ends(t, counted, b, server)
					ended := make(chan struct{})
					c := openEnd(t, rwc, server, false, stream.CloseTimeout(200*time.Millisecond), stream.Ended(func() { close(ended) }))
					end(t, c, b, wstest.NewPeer(t, other, !server))
					c.Close()
					select {
					case <-ended:
					case <-time.After(patienceWithACall):
						t.Errorf("the connection has not ended after %v", patienceWithACall)
					}
					for until := time.Now().Add(patienceWithACall); counted.closed.Load() == 0 && time.Now().Before(until); {
						time.Sleep(time.Millisecond) // what is around TLS may still say farewell
					}
					time.Sleep(time.Millisecond)
					if n := counted.closed.Load(); n != 1 {
						t.Errorf("it was closed %d times", n)
					}
				})
			}
		}
	}
}

func TestTheStateOfTLSIsKnownWhereverItCanBe(t *testing.T) {
	for _, l := range layers {
		if l.hidden || l.name == "no deadlines" {
			continue // nothing tells of it
		}
		for _, server := range []bool{true, false} {
			a, b := wstest.TCP(t)
			c := openEnd(t, l.over(t, a, b, server), server, false)
			if state := c.TLS(); state == nil || !state.HandshakeComplete {
				t.Errorf("%s, server %v: TLS: %v", l.name, server, state)
			}
			if state := c.Handshake().TLS; state == nil || !state.HandshakeComplete {
				t.Errorf("%s, server %v: Handshake().TLS: %v", l.name, server, state)
			}
		}
	}
}
