//go:build !unix

package transport

import "errors"

// canWait: a socket cannot be waited for without a buffer to read into.
const canWait = false

// Without a socket that can be waited for, there are none of these.
type (
	try     struct{}
	awaited struct {
		buf  []byte
		size int32
	}
)

func (*Conn) bindTry() {}

func (*Conn) waitRead() (int, error) { return 0, errors.ErrUnsupported }

// TryWrite writes as much of p as the transport takes without a wait, which is never known here: it returns 0, nil.
func (*Conn) TryWrite([]byte) (n int, err error) { return 0, nil }
