package stream

import (
	"cmp"
	"io"
	"os"
	"syscall"
)

// canSendfile reports whether the kernel can send files over the connection.
func (s *Socket) canSendfile() bool { return s.raw != nil }

// A kernelFile is a file, and the socket that the kernel sends it to. What is done with the two is bound once, so that
// nothing is allocated for each part.
type kernelFile struct {
	transport transport
	src, dst  syscall.RawConn
	try       struct {
		stat, send func(fd uintptr)
		write      func(fd uintptr) bool
	}

	stat   syscall.Stat_t
	fd     int // of the file, while it is sent
	n      int64
	sent   int64
	err    error // of the system call
	dstErr error
}

func (f *fileSource) bind(s *Socket) (err error) {
	k := &f.kernel
	k.transport, k.dst = s.transport, s.raw
	k.try.stat, k.try.send, k.try.write = k.tryStat, k.trySend, k.tryWrite
	k.src, err = f.file.SyscallConn()
	return err
}

// size returns the length of the file.
func (f *fileSource) size() (int64, error) {
	k := &f.kernel
	err := k.src.Control(k.try.stat)
	return k.stat.Size, cmp.Or(err, os.NewSyscallError("fstat", k.err))
}

func (k *kernelFile) tryStat(fd uintptr) {
	for k.err = syscall.EINTR; k.err == syscall.EINTR; {
		k.err = syscall.Fstat(int(fd), &k.stat)
	}
}

// send sends up to n bytes, from where the file stands. What the kernel cannot send it copies.
func (f *fileSource) send(n int64) (int64, error) {
	k := &f.kernel
	k.n, k.sent, k.err, k.dstErr = n, 0, nil, nil
	err := k.src.Control(k.try.send)
	if k.sent == 0 && (k.err == syscall.EINVAL || k.err == syscall.ENOSYS || k.err == syscall.EOPNOTSUPP) {
		return io.Copy(struct{ io.Writer }{k.transport}, io.LimitReader(f.file, n))
	}
	return k.sent, cmp.Or(os.NewSyscallError("sendfile", k.err), k.dstErr, err)
}

func (k *kernelFile) trySend(fd uintptr) {
	k.fd = int(fd)
	k.dstErr = k.dst.Write(k.try.write)
}

// tryWrite goes on to send until n bytes have left, or that would block, or is impossible.
func (k *kernelFile) tryWrite(fd uintptr) (done bool) {
	for k.sent < k.n {
		n, err := syscall.Sendfile(int(fd), k.fd, nil, int(min(k.n-k.sent, 1<<30)))
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return false
		case err != nil:
			k.err = err
			return true
		case n == 0:
			return true
		default:
			k.sent += int64(n)
		}
	}
	return true
}
