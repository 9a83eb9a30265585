package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/printable"
)

// Errors of using a message or a connection.
var (
	// ErrStale is the error of a [Reader] or [Writer] that is used after its message has ended: it was closed or
	// aborted, or the next message has begun.
	ErrStale = errors.New("stream: message has ended")

	// ErrAborted is the error of closing a [Writer] after its Abort.
	ErrAborted = errors.New("stream: message was aborted")

	// ErrIdleTimeout is why a connection ended over which nothing came or went for the idle timeout. Its method
	// Timeout returns true. It does not match [os.ErrDeadlineExceeded], after which programs set a later deadline and try
	// again: here they would do so for ever.
	ErrIdleTimeout error = &timeoutError{"idle timeout"}

	// ErrNoPong is why a connection ended whose peer did not answer a ping of [KeepAlive]. It is a timeout, too.
	ErrNoPong error = &timeoutError{"no answer to a ping"}
)

type timeoutError struct{ what string }

func (e *timeoutError) Error() string { return "stream: " + e.what }
func (e *timeoutError) Timeout() bool { return true }

// A CloseError is the close frame that the peer sent (RFC 6455, section 5.5.1): reading has ended. With
// the codes 1000, 1001 and 1005 it matches [io.EOF]: the peer is done, and nothing went wrong.
type CloseError struct {
	Code   closecode.Code // NoStatus (1005) if the frame had none
	Reason string         // as it came: text in UTF-8, which the error's own text has without what is not printable
}

func (e *CloseError) Error() string { return "stream: closed by the peer: " + e.what() }

// what returns what the close frame says.
func (e *CloseError) what() string {
	if e.Reason == "" {
		return fmt.Sprintf("%d (%v)", uint16(e.Code), e.Code)
	}
	return fmt.Sprintf("%d (%v): %q", uint16(e.Code), e.Code, printable.Text(e.Reason))
}

// Is reports whether target is [io.EOF] and the code is one of an orderly end.
func (e *CloseError) Is(target error) bool {
	if target != io.EOF {
		return false
	}
	switch e.Code {
	case closecode.NormalClosure, closecode.GoingAway, closecode.NoStatus:
		return true
	}
	return false
}

// CloseCode returns the code of the close frame that the peer sent, if err has a [*CloseError] in it, and otherwise 0, which
// is no close code: so for nil, and where a connection was lost.
func CloseCode(err error) closecode.Code {
	var closed *CloseError
	if errors.As(err, &closed) {
		return closed.Code
	}
	return 0
}

// A ProtocolError says how the peer broke the protocol. The connection has failed, and the peer was told so with Code
// (RFC 6455, section 7.1.7). Err is a [*frame.Error] where a rule for frames was broken.
type ProtocolError struct {
	Code closecode.Code
	Err  error
}

func (e *ProtocolError) Error() string { return "stream: protocol error by the peer: " + textOf(e.Err) }

// Unwrap returns e.Err.
func (e *ProtocolError) Unwrap() error { return e.Err }

// A LimitError says that a message would have grown over the limit of [MaxMessageSize]. The connection has
// failed with close code 1009.
type LimitError struct {
	Limit int64 // bytes
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("stream: message is larger than the limit of %d bytes (stream.MaxMessageSize raises it, stream.Unlimited lifts it)", e.Limit)
}

// An ArgumentError says that an argument of a function or option was impossible. Nothing was sent, and an
// open connection stays as it was.
type ArgumentError struct {
	Func   string // the function, method or option: "MaxMessageSize", "dial.Header"
	Reason string // what is wrong: "-1 is not positive"
}

func (e *ArgumentError) Error() string { return "stream: " + e.Func + ": " + e.Reason }

// errClosed is why a connection ended that this end closed.
var errClosed = fmt.Errorf("stream: closed by this end: %w", net.ErrClosed)

// errUnfinished is why a frame was not finished that a panic of a hook has ended.
var errUnfinished = errors.New("the frame was not finished")

// errPanicked is why a message has no end of which a call has panicked, by a hook or its source.
var errPanicked = errors.New("stream: a call of the Writer has panicked")

var errInvalidUTF8 = errors.New("invalid UTF-8 in a text message")

// maxCause is how many bytes the text of an error has of that of its cause.
const maxCause = 1000

// textOf returns what the text of an error says of its cause. The name of a package stands before the whole, and not here. What comes from outside, as a stranger's certificate, is short and printable.
func textOf(cause error) string {
	text := cause.Error()
	for _, prefix := range []string{"stream: ", "frame: ", "json: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return printable.Line(printable.Text(text), maxCause)
}

// A cutError is the end of something that should have gone on. It matches as, and all that its cause matches, except
// io.EOF: no check for an orderly end may take it for one; nor the end of a deadline, behind which programs try again.
type cutError struct {
	what  string
	as    error
	cause error
}

func (e *cutError) Error() string { return "stream: " + e.what + ": " + textOf(e.cause) }

func (e *cutError) Is(target error) bool {
	switch target {
	case io.EOF, os.ErrDeadlineExceeded, context.DeadlineExceeded:
		return false
	}
	return target == e.as || errors.Is(e.cause, target)
}

// As takes the place of Unwrap, through which errors.Is would find io.EOF.
func (e *cutError) As(target any) bool { return errors.As(e.cause, target) }

// Timeout reports whether the cause is a timeout.
func (e *cutError) Timeout() bool {
	t, ok := e.cause.(interface{ Timeout() bool })
	return ok && t.Timeout()
}

// A boundsError is a cutError for the call whose own bounds were the cause, and for no other: it matches what these ended with.
type boundsError struct{ *cutError }

func (e *boundsError) Is(target error) bool { return target != io.EOF && errors.Is(e.cause, target) }

func (e *boundsError) Unwrap() error { return e.cutError }

// lasting returns err as it is told by all calls behind the one that it has ended.
func lasting(err error) error {
	if own, ok := err.(*boundsError); ok {
		return own.cutError
	}
	return err
}

// ofOwnBounds returns err as it is told by the call whose own bounds were the cause.
func ofOwnBounds(err error) error {
	if cut, ok := err.(*cutError); ok {
		return &boundsError{cut}
	}
	return err
}

// A shutdownError is how a connection ended after this end had begun the closing handshake: it matches net.ErrClosed,
// and the cause, which is the peer's close frame if all went well.
type shutdownError struct{ cause error }

func (e *shutdownError) Error() string {
	if closed, ok := e.cause.(*CloseError); ok {
		return "stream: closed by this end, and by the peer: " + closed.what()
	}
	return "stream: closed by this end: " + textOf(e.cause)
}

func (e *shutdownError) Is(target error) bool { return target == net.ErrClosed }
func (e *shutdownError) Unwrap() error        { return e.cause }

// inMessage makes of the error with which a connection has ended that of a message in its middle: it matches
// io.ErrUnexpectedEOF, and never io.EOF.
func inMessage(err error) error {
	if cut, ok := err.(*cutError); ok && cut.as == io.ErrUnexpectedEOF {
		return err
	}
	return &cutError{"message cut short", io.ErrUnexpectedEOF, err}
}
