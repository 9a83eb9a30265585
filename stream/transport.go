package stream

import (
	"crypto/tls"
	"io"
	"net"
	"syscall"
	"time"
)

// A transport is what a connection runs over: a reliable stream of bytes with deadlines.
type transport interface {
	io.ReadWriteCloser
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
}

// newTransport returns rwc itself if it has deadlines that work, and gives it such otherwise.
func newTransport(rwc io.ReadWriteCloser) transport {
	if t, ok := rwc.(transport); ok && t.SetReadDeadline(time.Time{}) == nil && t.SetWriteDeadline(time.Time{}) == nil {
		return t
	}
	return newDeadliner(rwc)
}

// underlying returns what New was given.
func underlying(t transport) io.ReadWriteCloser {
	if d, ok := t.(*deadliner); ok {
		return d.rwc
	}
	return t
}

// brokenByCut reports whether a write that did not get through by its deadline has broken t, even if none of it left.
func brokenByCut(t transport) bool {
	switch t := t.(type) {
	case *tls.Conn:
		return true
	case *deadliner:
		return t.wasCut()
	}
	return false
}

// socketOf tells whether t is a stream socket of the system itself, and returns its handle if bytes can be waited for
// through that. What is wrapped around a socket, as TLS is, must not be passed by.
func socketOf(t transport) (raw syscall.RawConn, ok bool) {
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

// unknownAddr is the address of a transport that has none.
type unknownAddr struct{}

func (unknownAddr) Network() string { return "unknown" }
func (unknownAddr) String() string  { return "unknown" }
