//go:build !unix

package stream

import "errors"

// canWait: a socket cannot be waited for without a buffer to read into.
const canWait = false

// tries are never made here.
type tries struct{}

func (*Socket) bindTries() {}

func (*Socket) waitRead() (int, error) { return 0, errors.ErrUnsupported }

func (*Socket) tryBatch() error { return nil }
