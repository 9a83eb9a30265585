package stream

import (
	"io"
	"net"
	"os"
	"syscall"
)

// canSendfile reports whether the kernel can send files over t.
func canSendfile(t transport) bool {
	_, ok := socketOf(t)
	return ok
}

// sendfile sends up to n bytes of file, from where it stands.
func sendfile(t transport, file regularFile, n int64) (int64, error) {
	switch c := t.(type) {
	case *net.TCPConn:
		return sendfileTCP(c, file, n)
	case *net.UnixConn:
		return sendfileUnix(c, file, n)
	}
	return 0, syscall.ENOTSUP
}

// sendfileUnix does what package net does for TCP alone. Like that, it copies what the kernel cannot send.
func sendfileUnix(conn *net.UnixConn, file regularFile, n int64) (sent int64, err error) {
	dst, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	src, err := file.SyscallConn()
	if err != nil {
		return 0, err
	}
	var errno error
	cerr := src.Control(func(from uintptr) {
		err = dst.Write(func(to uintptr) (done bool) {
			var wait bool
			sent, wait, errno = sendfileOnce(int(to), int(from), sent, n)
			return !wait
		})
	})
	switch {
	case sent == 0 && (errno == syscall.EINVAL || errno == syscall.ENOSYS || errno == syscall.EOPNOTSUPP):
		return io.Copy(struct{ io.Writer }{conn}, io.LimitReader(file, n))
	case errno != nil:
		return sent, os.NewSyscallError("sendfile", errno)
	case err != nil:
		return sent, err
	}
	return sent, cerr
}

// sendfileOnce goes on from sent up to n bytes, until that is done, would block, or is impossible.
func sendfileOnce(to, from int, sent, n int64) (now int64, wait bool, err error) {
	for sent < n {
		m, err := syscall.Sendfile(to, from, nil, int(min(n-sent, 1<<30)))
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return sent, true, nil
		case err != nil:
			return sent, false, err
		case m == 0:
			return sent, false, nil
		default:
			sent += int64(m)
		}
	}
	return sent, false, nil
}
