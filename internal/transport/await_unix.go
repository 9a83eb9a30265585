//go:build unix

package transport

import (
	"io"
	"os"
	"sync"
	"syscall"

	"github.com/litert/websocket/internal/buffer"
)

// canWait: a socket can be waited for without a buffer to read into.
const canWait = true

// A try is what is done with a socket as soon as it is ready, and reports whether that was all. It is bound once, so that a
// call allocates nothing.
type try func(fd uintptr) bool

// An awaiting waits for bytes of a socket, and has what came of it. It must not be moved once it is bound.
type awaiting struct {
	raw  syscall.RawConn // constant after bind; nil: there is no socket
	try  try             // constant after bind
	buf  []byte          // nil: nothing has come
	size int32           // of the buffer wanted
	n    int32           // bytes that came; below 0: the number of an error
}

func (a *awaiting) bind(raw syscall.RawConn) { a.raw, a.try = raw, a.read }

// wait waits until there is something to read, and leaves it in buf. A buffer is taken only then.
func (a *awaiting) wait() (int, error) {
	a.n = 0
	if err := a.raw.Read(a.try); err != nil {
		return 0, err
	}
	switch n := a.n; {
	case n < 0:
		return 0, os.NewSyscallError("read", syscall.Errno(-n))
	case n == 0:
		return 0, io.EOF
	}
	return int(a.n), nil
}

func (a *awaiting) read(fd uintptr) bool {
	buf := buffer.Take(int(a.size))
	n, err := syscall.Read(int(fd), buf)
	for err == syscall.EINTR {
		n, err = syscall.Read(int(fd), buf)
	}
	if n > 0 {
		a.buf, a.n = buf, int32(n)
		return true
	}
	buffer.Give(buf)
	if err == syscall.EAGAIN {
		return false
	}
	if errno, ok := err.(syscall.Errno); ok {
		a.n = -int32(errno)
	}
	return true
}

// A lookout waits for bytes of a socket, and leaves them there. It must not be moved once it is bound.
type lookout struct {
	raw   syscall.RawConn // constant after bind; nil: there is no socket
	try   try             // constant after bind
	errno syscall.Errno   // that the look has found: the socket tells it once
}

func (l *lookout) bind(raw syscall.RawConn) { l.raw, l.try = raw, l.look }

// wait waits until there is something to read: bytes, or the end. An error is that of the socket.
func (l *lookout) wait() error {
	l.errno = 0
	if err := l.raw.Read(l.try); err != nil {
		return err
	}
	if l.errno != 0 {
		return os.NewSyscallError("read", l.errno)
	}
	return nil
}

func (l *lookout) look(fd uintptr) bool {
	for {
		n, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK)
		errno, ok := err.(syscall.Errno)
		switch {
		case n >= 0 || !ok: // its error is of the address
			return true
		case errno == syscall.EAGAIN:
			return false
		case errno != syscall.EINTR:
			l.errno = errno
			return true
		}
	}
}

// An attempt is a write that does not wait, or a look at what there is, and what came of it. No connection keeps one.
type attempt struct {
	try   func(fd uintptr) // is write
	look  func(fd uintptr) // is read
	p     []byte
	one   [1]byte
	n     int32 // bytes that were taken; or that have come, or have not arrived
	errno syscall.Errno
}

var attempts = sync.Pool{New: func() any {
	a := new(attempt)
	a.try, a.look = a.write, a.read
	return a
}}

// write never waits.
func (a *attempt) write(fd uintptr) {
	n, err := syscall.Write(int(fd), a.p)
	if n > 0 {
		a.n = int32(n)
	} else if errno, ok := err.(syscall.Errno); ok && errno != syscall.EAGAIN && errno != syscall.EINTR {
		a.errno = errno
	}
}

// read never waits.
func (a *attempt) read(fd uintptr) {
	if n, _ := syscall.Read(int(fd), a.one[:]); n > 0 {
		a.n = int32(n)
		return
	}
	a.n = underWay(fd)
}

// Drained reports whether all that has come was read, and all that was written has arrived. It is false if that is not known: if
// the transport is no socket, or the system does not tell. A byte that has come is thrown away. One caller at a time may Read, Await,
// Discard or ask for this.
func (c *Conn) Drained() bool {
	if c.await.raw == nil {
		return false
	}
	a := attempts.Get().(*attempt)
	defer attempts.Put(a)
	a.n = 0
	c.await.raw.Control(a.look)
	return a.n == 0
}

// TryWrite writes as much of p as the transport takes without a wait, and returns how much that was. It is 0, with no
// error, if nothing is, or the transport is no socket. An error is an [*Error], and Lost. One caller at a time may Write,
// TryWrite or SendFile. It does not keep p.
func (c *Conn) TryWrite(p []byte) (n int, err error) {
	if c.await.raw == nil || len(p) == 0 {
		return 0, nil
	}
	n, err = tryWrite(c.await.raw, p)
	if err != nil {
		return 0, &Error{Kind: Lost, Err: err}
	}
	if n > 0 {
		c.clock.moved()
	}
	return n, nil
}

// tryWrite writes as much of p as the socket takes without a wait, which is nothing if it is closed. A deadline that has
// expired does not matter.
func tryWrite(raw syscall.RawConn, p []byte) (n int, err error) {
	a := attempts.Get().(*attempt)
	a.p, a.n, a.errno = p, 0, 0
	raw.Control(a.try)
	n = int(a.n)
	if a.errno != 0 {
		err = os.NewSyscallError("write", a.errno)
	}
	a.p = nil
	attempts.Put(a)
	return n, err
}
