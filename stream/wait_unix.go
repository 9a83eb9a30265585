//go:build unix

package stream

import (
	"io"
	"os"
	"syscall"
)

// canWait: a socket can be waited for without a buffer to read into.
const canWait = true

// A waiter reads from a socket with a buffer that it takes only once there is something to read.
type waiter struct {
	in  *incoming
	try func(fd uintptr) bool // in.wait.tryRead, bound once

	n   int
	err error
}

func (w *waiter) init(s *Socket) {
	w.in = &s.in
	if s.raw != nil {
		w.try = w.tryRead
	}
}

// read waits until there is something to read, and leaves it in the read buffer, of which there was none.
func (w *waiter) read(raw syscall.RawConn) (int, error) {
	if err := raw.Read(w.try); err != nil {
		return 0, err
	}
	if w.err == nil && w.n == 0 {
		return 0, io.EOF
	}
	return w.n, w.err
}

// tryRead reports whether the wait is over.
func (w *waiter) tryRead(fd uintptr) bool {
	buf := takeBuffer(w.in.want)
	n, err := syscall.Read(int(fd), buf)
	for err == syscall.EINTR {
		n, err = syscall.Read(int(fd), buf)
	}
	if n > 0 {
		w.in.buf, w.n, w.err = buf, n, nil
		return true
	}
	giveBuffer(buf)
	if err == syscall.EAGAIN {
		return false
	}
	w.n, w.err = 0, os.NewSyscallError("read", err)
	return true
}
