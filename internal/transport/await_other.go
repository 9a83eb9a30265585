//go:build !unix

package transport

import "errors"

// canWait: a socket cannot be waited for without a buffer to read into.
const canWait = false

// Without a socket that can be waited for, there are none of these.
type (
	tries   struct{}
	attempt struct{}
	awaited struct {
		size int32
		buf  []byte
	}
)

func (*Conn) bindTries() {}

func (*Conn) waitRead() (int, error) { return 0, errors.ErrUnsupported }

// TryWrite writes as much of p as the transport takes without a wait, which is never known here: it returns 0, nil.
func (*Conn) TryWrite([]byte) (n int, err error) { return 0, nil }
