//go:build !unix

package stream

import "errors"

// canWait: a socket cannot be waited for without a buffer to read into.
const canWait = false

// A waiter is never asked here.
type waiter struct{}

func (*Socket) initWait() {}

func (*Socket) waitRead() (int, error) { return 0, errors.ErrUnsupported }
