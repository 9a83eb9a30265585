//go:build unix

package stream

import (
	"io"
	"os"
	"syscall"
)

// canWait: a socket can be waited for without a buffer to read into.
const canWait = true

// tries are what is done with a socket, bound once.
type tries struct{ read, writeBatch func(fd uintptr) bool }

func (s *Socket) bindTries() {
	if s.raw != nil {
		s.try = tries{s.in.tryRead, s.batch.tryWrite}
	}
}

// waitRead waits until there is something to read, and leaves it in the read buffer, of which there was none.
func (s *Socket) waitRead() (int, error) {
	in := &s.in
	in.errno = 0
	if err := s.raw.Read(s.try.read); err != nil {
		return 0, err
	}
	switch {
	case in.errno != 0:
		return 0, os.NewSyscallError("read", syscall.Errno(in.errno))
	case in.w == 0:
		return 0, io.EOF
	}
	return in.w, nil
}

// tryRead reports whether the wait is over. It takes a buffer only once there is something to read.
func (in *incoming) tryRead(fd uintptr) bool {
	buf := takeBuffer(in.wanted())
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
	if errno, ok := err.(syscall.Errno); ok {
		in.errno = int32(errno)
	}
	return true
}

// tryBatch writes what was put off, as far as that is possible without a wait, and so without deadlines.
func (s *Socket) tryBatch() error {
	o := &s.batch
	o.written, o.errno = 0, 0
	if s.raw.Write(s.try.writeBatch) != nil { // that may be for an old deadline, and does not count
		return nil
	}
	if o.errno != 0 {
		return &transportError{os.NewSyscallError("write", syscall.Errno(o.errno))}
	}
	if s.sent = int64(o.written); s.sent > 0 {
		s.wrote(s.sent)
	}
	return nil
}

// tryWrite never waits.
func (o *batch) tryWrite(fd uintptr) bool {
	n, err := syscall.Write(int(fd), o.buf)
	if n > 0 {
		o.written = int32(n)
	} else if errno, ok := err.(syscall.Errno); ok && errno != syscall.EAGAIN && errno != syscall.EINTR {
		o.errno = int32(errno)
	}
	return true
}
