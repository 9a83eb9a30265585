package transport

import (
	"syscall"
	"unsafe"
)

// underWay returns how many bytes were written to a socket that the peer's system has not acknowledged, or that the peer has
// not read where there is no network between. It is not 0 if that is not known.
func underWay(fd uintptr) (n int32) {
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&n))); errno != 0 { // SIOCOUTQ
		return 1
	}
	return n
}
