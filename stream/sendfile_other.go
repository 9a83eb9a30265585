//go:build !linux

package stream

import (
	"net"
	"syscall"
)

// canSendfile reports whether the kernel can send files over t.
func canSendfile(t transport) bool {
	_, ok := t.(*net.TCPConn)
	return ok
}

// sendfile sends up to n bytes of file, from where it stands.
func sendfile(t transport, file regularFile, n int64) (int64, error) {
	if c, ok := t.(*net.TCPConn); ok {
		return sendfileTCP(c, file, n)
	}
	return 0, syscall.EINVAL
}
