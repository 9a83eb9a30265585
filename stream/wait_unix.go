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
	try   func(fd uintptr) bool // tryRead, bound once
	errno syscall.Errno
}

func (s *Socket) initWait() {
	if s.raw != nil {
		s.in.wait.try = s.in.tryRead
	}
}

// waitRead waits until there is something to read, and leaves it in the read buffer, of which there was none.
func (s *Socket) waitRead() (int, error) {
	in := &s.in
	in.wait.errno = 0
	if err := s.raw.Read(in.wait.try); err != nil {
		return 0, err
	}
	switch errno := in.wait.errno; {
	case errno != 0:
		return 0, os.NewSyscallError("read", errno)
	case in.w == 0:
		return 0, io.EOF
	}
	return in.w, nil
}

// tryRead reports whether the wait is over.
func (in *incoming) tryRead(fd uintptr) bool {
	buf := takeBuffer(in.want)
	n, err := syscall.Read(int(fd), buf)
	for err == syscall.EINTR {
		n, err = syscall.Read(int(fd), buf)
	}
	if n > 0 {
		in.buf, in.w = buf, n
		return true
	}
	giveBuffer(buf)
	if err == syscall.EAGAIN {
		return false
	}
	if err != nil {
		in.wait.errno, _ = err.(syscall.Errno)
	}
	return true
}
