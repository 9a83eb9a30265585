package stream

import (
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

// sendfileUnix does what package net does for TCP alone.
func sendfileUnix(conn *net.UnixConn, file regularFile, n int64) (sent int64, err error) {
	dst, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	src, err := file.SyscallConn()
	if err != nil {
		return 0, err
	}
	var failed error
	cerr := src.Control(func(from uintptr) {
		failed = dst.Write(func(to uintptr) (done bool) {
			for sent < n {
				m, e := syscall.Sendfile(int(to), int(from), nil, int(min(n-sent, 1<<30)))
				switch {
				case e == syscall.EINTR:
				case e == syscall.EAGAIN:
					return false
				case e != nil:
					err = os.NewSyscallError("sendfile", e)
					return true
				case m == 0:
					return true
				default:
					sent += int64(m)
				}
			}
			return true
		})
	})
	for _, e := range []error{failed, cerr} {
		if err == nil {
			err = e
		}
	}
	return sent, err
}
