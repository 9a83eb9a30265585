//go:build !unix

package stream

import (
	"errors"
	"syscall"
)

// canWait: a socket cannot be waited for without a buffer to read into.
const canWait = false

// A waiter is never asked here.
type waiter struct{}

func (*waiter) init(*Socket) {}

func (*waiter) read(syscall.RawConn) (int, error) { return 0, errors.ErrUnsupported }
