package listen

import (
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/litert/websocket/internal/conf"
	"github.com/litert/websocket/internal/printable"
)

// OnError has fn called with what goes wrong, at [Upgrade], [Handler] and [Listener] alike; the default is not to tell.
// It hears of
//
//   - each handshake that is refused, or fails otherwise: the error that [Upgrade] returns;
//   - each error that the function of a [Handler] returns, but for the orderly end of a connection;
//   - each panic of a function of the program that this package calls, a hook of [stream.Trace] or the function of a Handler,
//     as a [*PanicError]. The panic goes on as it would without OnError, so that a [http.Server] logs it, too; at a
//     Listener it ends there, and is logged by package log without OnError. [http.ErrAbortHandler] is not told, nor what
//     [stream.Trace] says ends the process;
//   - at a Listener, with a [*ConnError], each connection that came to no request: dropped to make room ([ErrDropped]),
//     too slow for the [HandshakeTimeout] (the error matches [os.ErrDeadlineExceeded]), without success at TLS, with a
//     request that package net/http itself has refused (an [*Error] with its status), or given up by the client in the
//     middle. A client that has sent nothing and leaves is not told;
//   - at a Listener, each error of accepting that it tries to get over, such as a lack of descriptors where nothing can be
//     dropped for them.
//
// The request is nil where there was none. Behind a http.Server, what it refuses itself goes to its ErrorLog, or nowhere.
//
// fn is called by the goroutine to which it happens, which waits for it, and by several at the same time. It may keep the
// request, whose body is not to be read; with OnError, a Handler keeps it until its function has returned. What comes of a
// panic of fn itself is as for other functions of the program, but that it is not told to fn. fn must not call Close or Shutdown
// of the Listener, or Shutdown of the Group, which wait for it. A nil fn is refused.
func OnError(fn func(r *http.Request, err error)) Option {
	if fn == nil {
		return refuse("OnError", "the function is nil")
	}
	return option(func(c *conf.Listen) { c.OnError = fn })
}

// ErrDropped is why a [Listener] has dropped a connection that had sent nothing, or took long for its handshake: there
// were as many others as [MaxPending] says, or there was no descriptor left. It is in a [*ConnError].
var ErrDropped = errors.New("dropped in its handshake, to make room for others")

// maxCause is how many bytes the text of a ConnError has of that of its cause.
const maxCause = 1000

// A ConnError is what went wrong with a connection that came to no request. Only [OnError] gets one.
type ConnError struct {
	Addr net.Addr // of the client, as far as it is known
	Err  error
}

// Error returns the text, in which what a client has put into Err is short and printable.
func (e *ConnError) Error() string {
	text := strings.TrimPrefix(e.Err.Error(), "listen: ")
	return fmt.Sprintf("listen: %v: %s", e.Addr, printable.Line(printable.Text(text), maxCause))
}

// Unwrap returns e.Err.
func (e *ConnError) Unwrap() error { return e.Err }

// A PanicError is a panic of a function of the program. Only [OnError] gets one.
type PanicError struct {
	Value any    // what it has panicked with; nil: it has called [runtime.Goexit]
	Stack []byte // of the goroutine, as [debug.Stack] returns it
}

func (e *PanicError) Error() string {
	if e.Value == nil {
		return "listen: a function has ended its goroutine"
	}
	return "listen: panic: " + printable.Text(fmt.Sprint(e.Value))
}

// Unwrap returns e.Value if that is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// report tells of err.
func report(cfg *conf.Listen, r *http.Request, err error) {
	if cfg.OnError != nil {
		cfg.OnError(r, err)
	}
}

// reportPanic is deferred around what calls functions of the program, and tells if one has panicked: returned is false
// then. The panic goes on.
func reportPanic(onError func(*http.Request, error), r *http.Request, returned *bool) {
	if *returned || onError == nil {
		return
	}
	value := recover()
	if value != http.ErrAbortHandler {
		onError(r, &PanicError{value, debug.Stack()})
	}
	if value != nil {
		panic(value)
	}
}

// logPanic is OnError where a Listener has none: package net/http logs a panic in a goroutine of its own, too.
func logPanic(_ *http.Request, err error) {
	if panicked, ok := err.(*PanicError); ok {
		log.Printf("%v\n%s", panicked, panicked.Stack)
	}
}

// containPanic tells of a panic with value that does not go on. That of onError does not either.
func containPanic(onError func(*http.Request, error), value any) {
	if onError == nil || value == http.ErrAbortHandler {
		return
	}
	contained(onError)(nil, &PanicError{value, debug.Stack()})
}

// contained returns onError without its panics.
func contained(onError func(*http.Request, error)) func(*http.Request, error) {
	return func(r *http.Request, err error) {
		defer func() { recover() }()
		onError(r, err)
	}
}
