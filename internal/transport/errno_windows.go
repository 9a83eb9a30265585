package transport

import (
	"errors"
	"slices"
	"syscall"
)

// socketErrnos are what only a socket fails with, and no file: those of Winsock, and of overlapped writes to a socket.
var socketErrnos = []syscall.Errno{
	syscall.WSAECONNRESET, syscall.WSAECONNABORTED, syscall.ERROR_NETNAME_DELETED, syscall.ERROR_BROKEN_PIPE,
	wsaENETDOWN, wsaENETUNREACH, wsaENETRESET, wsaENOBUFS, wsaENOTCONN, wsaESHUTDOWN, wsaETIMEDOUT, wsaEHOSTDOWN,
	wsaEHOSTUNREACH, errorConnectionAborted,
}

// These are missing from package syscall.
const (
	wsaENETDOWN            = syscall.Errno(10050)
	wsaENETUNREACH         = syscall.Errno(10051)
	wsaENETRESET           = syscall.Errno(10052)
	wsaENOBUFS             = syscall.Errno(10055)
	wsaENOTCONN            = syscall.Errno(10057)
	wsaESHUTDOWN           = syscall.Errno(10058)
	wsaETIMEDOUT           = syscall.Errno(10060)
	wsaEHOSTDOWN           = syscall.Errno(10064)
	wsaEHOSTUNREACH        = syscall.Errno(10065)
	errorConnectionAborted = syscall.Errno(1236)
)

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
