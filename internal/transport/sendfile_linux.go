package transport

import (
	"cmp"
	"io"
	"os"
	"syscall"
)

// canSendfile reports whether the kernel can send files over the connection.
func (c *Conn) canSendfile() bool { return c.await.raw != nil }

// A kernelFile is a file, and the socket that the kernel sends it to. What is done with the two is bound once, so that
// nothing is allocated for each part.
type kernelFile struct {
	conn     io.Writer
	src, dst syscall.RawConn
	try      struct {
		stat, send func(fd uintptr)
		write      func(fd uintptr) bool
	}

	stat   syscall.Stat_t
	fd     int // of the file, while it is sent
	n      int64
	sent   int64
	err    error // of the system call
	dstErr error // of waiting for the socket
}

func (k *kernelFile) bind(c *Conn, file regularFile) (err error) {
	k.conn, k.dst = c.rwc, c.await.raw
	k.try.stat, k.try.send, k.try.write = k.tryStat, k.trySend, k.tryWrite
	k.src, err = file.SyscallConn()
	return err
}

// writer returns the socket.
func (k *kernelFile) writer() io.Writer { return k.conn }

// size returns the length of the file.
func (k *kernelFile) size(regularFile) (int64, error) {
	err := k.src.Control(k.try.stat)
	return k.stat.Size, cmp.Or(err, os.NewSyscallError("fstat", k.err))
}

func (k *kernelFile) tryStat(fd uintptr) {
	for k.err = syscall.EINTR; k.err == syscall.EINTR; {
		k.err = syscall.Fstat(int(fd), &k.stat)
	}
}

// send sends up to n bytes, from where the file stands. Its error is the transport's, an *Error, or errRefused.
func (k *kernelFile) send(_ regularFile, n int64) (int64, error) {
	k.n, k.sent, k.err, k.dstErr = n, 0, nil, nil
	err := k.src.Control(k.try.send)
	switch {
	case err != nil:
		return k.sent, sourceError(err)
	case k.sent == 0 && (k.err == syscall.EINVAL || k.err == syscall.ENOSYS || k.err == syscall.EOPNOTSUPP):
		return 0, errRefused
	case k.err != nil:
		return k.sent, kernelError(os.NewSyscallError("sendfile", k.err))
	}
	return k.sent, k.dstErr
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
