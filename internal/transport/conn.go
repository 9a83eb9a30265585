package transport

import (
	"crypto/tls"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Config is what a [Conn] is made with.
type Config struct {
	// Idle is the idle timeout: how long a call may wait while nothing moves, a Read for bytes in either direction, a Write
	// for the transport to take some; 0 is none.
	Idle time.Duration

	// Patience is how long the peer may take to give a sign of life once it was asked for one ([Conn.Asked]); 0 is for ever.
	Patience time.Duration
}

// A timed is a reliable stream of bytes with deadlines.
type timed interface {
	io.ReadWriteCloser
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
}

// A Conn is one connection: what [New] was given, with deadlines and contexts, and the time that things take.
//
// One caller at a time may read (Read, Await, Discard, Drained), and one at a time may write (Write, TryWrite, SendFile, CloseWrite).
// Everything else may be called by any goroutine at any time. A Conn must be closed.
type Conn struct {
	// constant after New
	rwc        timed // what New was given, or the deadliner around it
	vectored   bool  // a socket of the system: a write may have two parts
	cut        cut
	closesSoon bool        // the Close of what is closed never waits
	closed     atomic.Bool // Cut has closed it, or cut short its Close; set once

	clock      clock
	arming     sync.Mutex // guards the deadlines of rwc, and what limits know of them
	readLimit  limit
	writeLimit limit

	await awaiting // owned by the caller of Await

	noSocket *noSocket // constant after New; nil: a socket of the system
}

// A cut is what it does to a transport that a write does not get through by its deadline.
type cut uint8

const (
	resumable  cut = iota // the next write goes on behind it
	breaking              // nothing can be written behind it, even if none of it has left
	asDeadline            // the deadliner tells
	asError               // the error tells
)

// New returns the connection over rwc, a reliable stream of bytes, which the Conn owns from then on. Deadlines that rwc
// had are gone. If it has no deadlines, or such that do not work, it is read by a goroutine, which is one read ahead, and a
// Write that its bounds end closes it.
func New(rwc io.ReadWriteCloser, cfg Config) *Conn {
	c := &Conn{cut: asError}
	c.clock.start = time.Since(epoch)
	c.clock.patience = cfg.Patience
	c.clock.idle.Store(int64(cfg.Idle))
	c.readLimit.reading = true
	c.readLimit.at, c.writeLimit.at = noDeadline, noDeadline
	c.rwc = c.withDeadlines(rwc)
	var raw syscall.RawConn
	if raw, c.vectored = socketOf(c.rwc); c.vectored {
		c.cut = resumable
	} else {
		c.noSocket = &noSocket{below: rwc}
		c.noSocket.deadliner, _ = c.rwc.(*deadliner)
	}
	if t, ok := rwc.(*tls.Conn); ok {
		if f, ok := t.NetConn().(*floor); ok {
			f.conn, c.noSocket.floor = c, f
		}
		c.noSocket.below, c.cut = belowTLS(t), breaking
		c.noSocket.lookOut(t)
	}
	if c.deadliner() != nil {
		c.cut = asDeadline
	}
	switch c.below().(type) {
	case *net.TCPConn, *net.UnixConn:
		c.closesSoon = true
	}
	if raw != nil {
		c.await.bind(raw)
	}
	return c
}

// given returns what New was given.
func (c *Conn) given() io.ReadWriteCloser {
	if d := c.deadliner(); d != nil {
		return d.rwc
	}
	return c.rwc
}

// withDeadlines returns rwc if it has deadlines that work, and gives it such otherwise. That for reading is armed already:
// the goroutine that waits for the connection first need not set a timer.
func (c *Conn) withDeadlines(rwc io.ReadWriteCloser) timed {
	if t, ok := rwc.(timed); ok && t.SetWriteDeadline(time.Time{}) == nil {
		at := c.readLimit.dueLocked(c)
		if t.SetReadDeadline(at) == nil {
			c.readLimit.armed.Store(true)
			c.readLimit.note(c, at)
			return t
		}
	}
	return newDeadliner(rwc, c.cutOff)
}

// belowTLS returns the connection below t, and below all other layers of TLS that t stands on.
func belowTLS(t *tls.Conn) net.Conn {
	for {
		below := t.NetConn()
		switch next := below.(type) {
		case *tls.Conn:
			t = next
		case *floor:
			return next.Conn
		default:
			return below
		}
	}
}

// socketOf tells whether t is a stream socket of the system itself, and returns its handle if bytes can be waited for
// through that. What is wrapped around a socket, as TLS is, must not be passed by.
func socketOf(t timed) (raw syscall.RawConn, ok bool) {
	var conn syscall.Conn
	switch c := t.(type) {
	case *net.TCPConn:
		conn = c
	case *net.UnixConn:
		if addr := c.LocalAddr(); addr == nil || addr.Network() != "unix" {
			return nil, false
		}
		conn = c
	default:
		return nil, false
	}
	if !canWait {
		return nil, true
	}
	raw, err := conn.SyscallConn()
	return raw, err == nil
}

// CanAwait reports whether a long [Conn.Await] holds no buffer: see AwaitsBare, and TLS above a socket of the system, if the
// system can wait for it.
func (c *Conn) CanAwait() bool {
	return c.AwaitsBare() || c.noSocket != nil && c.noSocket.lookout.raw != nil
}

// AwaitsBare reports whether [Conn.Await] takes a buffer only once there are bytes: the transport is a socket of the system,
// or TLS above one with [UnderTLS] between them, and the system can wait for it; or it has no deadlines, and a goroutine waits
// for it with a small one. Above TLS without [UnderTLS], a buffer is held for the first second of each wait.
func (c *Conn) AwaitsBare() bool {
	return c.await.raw != nil || c.deadliner() != nil || c.floor() != nil
}

// floor returns what stands below TLS, or nil.
func (c *Conn) floor() *floor {
	if c.noSocket == nil {
		return nil
	}
	return c.noSocket.floor
}

// deadliner returns what gives deadlines to what New was given, or nil.
func (c *Conn) deadliner() *deadliner {
	if c.noSocket == nil {
		return nil
	}
	return c.noSocket.deadliner
}

// Vectored reports whether the transport is a socket of the system: the two parts of a write go out with one system call,
// and a write that its bounds have ended can be resumed.
func (c *Conn) Vectored() bool { return c.vectored }

// TLS returns the state of the TLS connection that New was given, also if that is within something with a method
// ConnectionState as that of [tls.Conn], or nil. It is as of now, and the caller's.
func (c *Conn) TLS() *tls.ConnectionState {
	t, ok := c.given().(interface{ ConnectionState() tls.ConnectionState })
	if !ok {
		return nil
	}
	state := t.ConnectionState()
	return &state
}

// LocalAddr returns the address of this end; one whose String is "unknown" if the transport does not know.
func (c *Conn) LocalAddr() net.Addr {
	if t, ok := c.given().(interface{ LocalAddr() net.Addr }); ok {
		return known(t.LocalAddr())
	}
	return unknownAddr{}
}

// RemoteAddr returns the address of the peer; one whose String is "unknown" if the transport does not know.
func (c *Conn) RemoteAddr() net.Addr {
	if t, ok := c.given().(interface{ RemoteAddr() net.Addr }); ok {
		return known(t.RemoteAddr())
	}
	return unknownAddr{}
}

func known(a net.Addr) net.Addr {
	if a == nil {
		return unknownAddr{}
	}
	return a
}

// unknownAddr is the address of a transport that has none.
type unknownAddr struct{}

func (unknownAddr) Network() string { return "unknown" }
func (unknownAddr) String() string  { return "unknown" }
