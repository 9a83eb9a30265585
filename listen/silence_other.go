//go:build !unix

package listen

import (
	"errors"
	"syscall"
)

// canAwaitFirst: it cannot be told whether a socket has something to read without reading it.
const canAwaitFirst = false

func awaitFirst(syscall.RawConn) error { return errors.ErrUnsupported }

func hasFirst(syscall.RawConn) bool { return true }

func readNow(syscall.RawConn, []byte) int { return 0 }

// isScarce: nothing could be dropped for it.
func isScarce(error) bool { return false }
