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
	var n int
	var fail error
	err := raw.Read(func(fd uintptr) bool {
		n, fail = peek(fd)
		return fail != syscall.EAGAIN
	})
	switch {
	case err != nil:
		return err
	case fail != nil:
		return os.NewSyscallError("recvfrom", fail)
	case n == 0:
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
