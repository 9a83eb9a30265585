package transport

import (
	"errors"
	"net"
	"os"
)

// A Kind is why a call failed.
type Kind uint8

const (
	// Bounded: the context or the deadline of the call has ended it. Err is its error.
	Bounded Kind = iota

	// Idle: nothing moved for the idle timeout. Err is nil.
	Idle

	// Unanswered: the peer gave no sign of life after it was asked for one. Err is nil.
	Unanswered

	// Source: the file that was to be sent has failed. Err is its error.
	Source

	// Lost: the transport has failed or ended. Err is its error, io.EOF where it ended.
	Lost
)

// An Error is why a call failed, of a kind that is set where it is known.
type Error struct {
	Kind Kind

	// Broken says that the cut of a write has broken the transport, although none of it may have left, as TLS is broken:
	// nothing can be written any more. A Lost transport cannot be written to either, whatever Broken says.
	Broken bool

	Err error // see Kind; may be nil
}

// Error describes the failure.
func (e *Error) Error() string {
	switch {
	case e.Kind == Idle:
		return "transport: nothing moved for the idle timeout"
	case e.Kind == Unanswered:
		return "transport: the peer gave no sign of life"
	case e.Err == nil:
		return "transport: failed"
	}
	return e.Err.Error()
}

// Unwrap returns the error that the failure comes from, or nil.
func (e *Error) Unwrap() error { return e.Err }

// isTimeout reports whether err says that a deadline has expired. A system call can time out too, for good.
func isTimeout(err error) bool {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	var t net.Error
	return errors.As(err, &t) && t.Timeout() && !isErrno(err)
}

// isTemporary reports whether err, a timeout, says that what timed out can be repeated. That of a socket or a net.Pipe
// does; crypto/tls says that the error of a write is for good.
func isTemporary(err error) bool {
	var t interface {
		error
		Timeout() bool
		Temporary() bool
	}
	return errors.As(err, &t) && t.Temporary()
}
