//go:build !unix

package transport

import (
	"errors"
	"syscall"
)

// canWait: a socket cannot be waited for without a buffer to read into.
const canWait = false

// Without a socket that can be waited for, there is no awaiting.
type awaiting struct {
	raw  syscall.RawConn
	buf  []byte
	size int32
}

func (*awaiting) bind(syscall.RawConn) {}

func (*awaiting) wait() (int, error) { return 0, errors.ErrUnsupported }

// Nor is there a lookout.
type lookout struct{ raw syscall.RawConn }

func (*lookout) bind(syscall.RawConn) {}

func (*lookout) wait() error { return errors.ErrUnsupported }

// TryWrite writes as much of p as the transport takes without a wait, which is never known here: it returns 0, nil.
func (*Conn) TryWrite([]byte) (n int, err error) { return 0, nil }

// Drained reports whether all that has come was read, and all that was written has arrived, which is never known here.
func (*Conn) Drained() bool { return false }

func tryWrite(syscall.RawConn, []byte) (n int, err error) { return 0, nil }
