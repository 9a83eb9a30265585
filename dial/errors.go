package dial

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/litert/websocket/internal/handshake"
	"github.com/litert/websocket/internal/printable"
)

// Bytes of the text of an error.
const (
	maxLine   = 200  // of the line that it has of a body
	maxDoing  = 400  // of what was being done: the longest name of a host, and more than the path of any UNIX socket
	maxReason = 1000 // of the text of the error that it wraps
)

// An Error is an answer of the server that does not open a connection: it has a status other than 101, or over HTTP/2 than
// 200, or it breaks the protocol (RFC 6455, section 4.1; RFC 8441, section 5). Or it is the answer of an HTTP proxy that
// does not connect to the server. With [HTTP2] it is also that the server takes no WebSocket that way: StatusCode is 0 then,
// there is no Header and Body, and Err matches [errors.ErrUnsupported].
//
// Its text has the status, Err, and the first line of the Body, at most 200 bytes of it, if that is plain text, or looks
// like it where the answer has no Content-Type. The line is left out where it tells nothing: if it repeats the status, or
// the answer is a redirect. It is left out, too, if the body repeats a credential of the request, or a value of its query,
// which may be one.
type Error struct {
	Proxy      bool // the proxy has answered, not the server
	StatusCode int
	Header     http.Header // as it came, whatever it has in it
	Body       []byte      // as it came: its first 4 KiB, or what came of them; none with a status that opens a connection

	// Err says what is wrong with the answer. If the context or the connect timeout ended while the body
	// was read, it matches that error too.
	Err error

	repeats bool // the body has a credential of the request in it
}

func (e *Error) Error() string {
	who := "server"
	if e.Proxy {
		who = "proxy"
	}
	text := "dial: the " + who + " answered " + e.status()
	if _, ok := e.Err.(unsupported); ok {
		text = "dial: the server takes no WebSocket over HTTP/2"
	}
	if e.Err != nil {
		text += ": " + reason(e.Err)
	}
	if line := e.line(); line != "" {
		text += "; it says " + strconv.Quote(line)
	}
	return text
}

func (e *Error) status() string {
	return strings.TrimSpace(strconv.Itoa(e.StatusCode) + " " + http.StatusText(e.StatusCode))
}

// line returns what the text of e has of the body.
func (e *Error) line() string {
	if e.repeats || e.StatusCode/100 == 3 || !e.isText() {
		return ""
	}
	line := printable.Line(string(e.Body), maxLine)
	if line == http.StatusText(e.StatusCode) || line == e.status() {
		return ""
	}
	return line
}

// isText reports whether the body is plain text.
func (e *Error) isText() bool {
	if e.Header.Get("Content-Encoding") != "" {
		return false
	}
	kind := e.Header.Get("Content-Type")
	if kind == "" {
		return http.DetectContentType(e.Body) == "text/plain; charset=utf-8"
	}
	kind, _, _ = strings.Cut(kind, ";")
	return handshake.EqualFold(strings.TrimSpace(kind), "text/plain")
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// Timeout reports whether e.Err is a timeout.
func (e *Error) Timeout() bool { return isTimeout(e.Err) }

// A failure is an error other than the server's answer.
type failure struct {
	doing string
	err   error
}

// failed returns the error for err. The end of ctx is the reason if there is one: what fails then fails because of it.
func failed(ctx context.Context, doing string, err error) error {
	if end := endOf(ctx); end != nil {
		err = end
	}
	return &failure{doing, err}
}

func (e *failure) Error() string {
	text := "dial: " + show(e.doing, maxDoing) + ": "
	op, ok := e.err.(*net.OpError)
	switch {
	case !ok || op.Op != "dial":
		return text + reason(e.err)
	case op.Addr == nil || strings.HasSuffix(e.doing, " "+op.Addr.String()): // the rest is told already
		return text + reason(op.Err)
	}
	return text + strings.TrimPrefix(reason(op), "dial ")
}

func (e *failure) Unwrap() error { return e.err }
func (e *failure) Timeout() bool { return isTimeout(e.err) }

// reason returns the text of err, an error that others may have made of what a stranger sent.
func reason(err error) string { return show(err.Error(), maxReason) }

// show returns s in one line that can be printed, of at most limit bytes.
func show(s string, limit int) string { return printable.Line(printable.Text(s), limit) }

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}
