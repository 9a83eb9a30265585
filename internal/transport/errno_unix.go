//go:build unix

package transport

import (
	"errors"
	"slices"
	"syscall"
)

// socketErrnos are what only a socket fails with, and no file.
var socketErrnos = []syscall.Errno{
	syscall.EPIPE, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.ENOTCONN, syscall.ESHUTDOWN, syscall.ETIMEDOUT,
	syscall.EHOSTUNREACH, syscall.EHOSTDOWN, syscall.ENETUNREACH, syscall.ENETDOWN, syscall.ENETRESET, syscall.ECONNREFUSED,
	syscall.ENOTSOCK, syscall.EDESTADDRREQ, syscall.ENOBUFS, syscall.EMSGSIZE, syscall.EPROTO,
}

// isErrno reports whether err comes from a system call.
func isErrno(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno)
}

// isSocketErrno reports whether err comes from a system call that has failed for its socket.
func isSocketErrno(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && slices.Contains(socketErrnos, errno)
}
