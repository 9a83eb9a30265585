//go:build unix

package transport

import (
	"io"
	"os"
	"syscall"

	"github.com/litert/websocket/internal/buffer"
)

// canWait: a socket can be waited for without a buffer to read into.
const canWait = true

// tries are what is done with a socket, bound once, so that a call allocates nothing.
type tries struct{ read, write func(fd uintptr) bool }

func (c *Conn) bindTries() { c.try = tries{c.tryRead, c.tryWrite} }

// awaited is what Await waits for, and what came of it.
type awaited struct {
	buf   []byte // nil: nothing has come
	size  int32  // of the buffer wanted
	n     int32  // bytes that came
	errno int32
}

// waitRead waits until there is something to read, and leaves it in c.await.
func (c *Conn) waitRead() (int, error) {
	c.await.n, c.await.errno = 0, 0
	if err := c.raw.Read(c.try.read); err != nil {
		return 0, err
	}
	switch {
	case c.await.errno != 0:
		return 0, os.NewSyscallError("read", syscall.Errno(c.await.errno))
	case c.await.n == 0:
		return 0, io.EOF
	}
	return int(c.await.n), nil
}

// tryRead reports whether the wait is over. It takes a buffer only once there is something to read.
func (c *Conn) tryRead(fd uintptr) bool {
	a := &c.await
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
		a.errno = int32(errno)
	}
	return true
}

// An attempt is a write that does not wait, and what came of it.
type attempt struct {
	p     []byte
	n     int32 // bytes that were taken
	errno int32
}

// TryWrite writes as much of p as the transport takes without a wait, and returns how much that was. It is 0, with no
// error, if nothing is, or the transport is no socket. An error is an [*Error], and Lost. One caller at a time may Write,
// TryWrite or SendFile. It does not keep p.
func (c *Conn) TryWrite(p []byte) (n int, err error) {
	if c.raw == nil || len(p) == 0 {
		return 0, nil
	}
	c.attempt = attempt{p: p}
	err = c.raw.Write(c.try.write)
	n, errno := int(c.attempt.n), c.attempt.errno
	c.attempt = attempt{}
	if err != nil { // the deadline of an earlier Write has expired, or the socket is closed: the next Write tells
		return 0, nil
	}
	if errno != 0 {
		return 0, notWritten(syscall.Errno(errno))
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

// tryWrite never waits.
func (c *Conn) tryWrite(fd uintptr) bool {
	a := &c.attempt
	n, err := syscall.Write(int(fd), a.p)
	if n > 0 {
		a.n = int32(n)
	} else if errno, ok := err.(syscall.Errno); ok && errno != syscall.EAGAIN && errno != syscall.EINTR {
		a.errno = int32(errno)
	}
	return true
}
