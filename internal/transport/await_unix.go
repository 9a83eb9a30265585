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

// An attempt is a write that does not wait, and what came of it. No connection keeps one.
type attempt struct {
	try   try // is write
	p     []byte
	n     int32 // bytes that were taken
	errno syscall.Errno
}

var attempts = sync.Pool{New: func() any {
	a := new(attempt)
	a.try = a.write
	return a
}}

// write never waits.
func (a *attempt) write(fd uintptr) bool {
	n, err := syscall.Write(int(fd), a.p)
	if n > 0 {
		a.n = int32(n)
	} else if errno, ok := err.(syscall.Errno); ok && errno != syscall.EAGAIN && errno != syscall.EINTR {
		a.errno = errno
	}
	return true
}

// TryWrite writes as much of p as the transport takes without a wait, and returns how much that was. It is 0, with no
// error, if nothing is, or the transport is no socket. An error is an [*Error], and Lost. One caller at a time may Write,
// TryWrite or SendFile. It does not keep p.
func (c *Conn) TryWrite(p []byte) (n int, err error) {
	if c.await.raw == nil || len(p) == 0 {
		return 0, nil
	}
	a := attempts.Get().(*attempt)
	a.p, a.n, a.errno = p, 0, 0
	err = c.await.raw.Write(a.try)
	n, errno := int(a.n), a.errno
	a.p = nil
	attempts.Put(a)
	if err != nil { // the deadline of an earlier Write has expired, or the socket is closed: the next Write tells
		return 0, nil
	}
	if errno != 0 {
		return 0, notWritten(errno)
	}
	if n > 0 {
		c.clock.moved()
	}
	return n, nil
}

// notWritten is the error of a write that the socket has refused.
func notWritten(errno syscall.Errno) error {
	return &Error{Kind: Lost, Err: os.NewSyscallError("write", errno)}
}
