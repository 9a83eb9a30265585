//go:build unix

package listen

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// canAwaitFirst: the first byte of a socket can be waited for, and left where it is.
const canAwaitFirst = true

// awaitFirst waits until a byte has come, which is still to be read.
func awaitFirst(raw syscall.RawConn) error {
	var came struct {
		n   int
		err error
	}
	err := raw.Read(func(fd uintptr) bool {
		came.n, came.err = peek(fd)
		return came.err != syscall.EAGAIN
	})
	switch {
	case err != nil:
		return err
	case came.err != nil:
		return os.NewSyscallError("recvfrom", came.err)
	case came.n == 0:
		return io.EOF
	}
	return nil
}

// hasFirst reports whether a byte has come, also while awaitFirst waits.
func hasFirst(raw syscall.RawConn) bool {
	n := 0
	raw.Control(func(fd uintptr) { n, _ = peek(fd) })
	return n > 0
}

// readNow reads what has come into p, and returns how much that is. It does not wait; what is wrong with the connection, the next
// Read tells.
func readNow(raw syscall.RawConn, p []byte) (n int) {
	raw.Control(func(fd uintptr) { n, _ = syscall.Read(int(fd), p) })
	return max(n, 0)
}

// isScarce reports whether err is for lack of a descriptor.
func isScarce(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// peek returns how many bytes there are to be read, one at most. It does not wait.
func peek(fd uintptr) (n int, err error) {
	var p [1]byte
	n, _, err = syscall.Recvfrom(int(fd), p[:], syscall.MSG_PEEK)
	for err == syscall.EINTR {
		n, _, err = syscall.Recvfrom(int(fd), p[:], syscall.MSG_PEEK)
	}
	return max(n, 0), err
}
