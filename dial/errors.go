package dial

import (
	"errors"
	"fmt"
	"net"
	"net/http"
)

// An Error is an answer of the server that does not open a connection: it has a status other than 101, or it breaks the
// protocol (RFC 6455, section 4.1). Or it is the answer of an HTTP proxy that does not connect to the server.
type Error struct {
	Proxy      bool // the proxy has answered, not the server
	StatusCode int
	Header     http.Header
	Body       []byte // its first 4 KiB, or what came of them; none with status 101

	// Err says what is wrong with the answer. If the context or the connect timeout ended while the body
	// was read, it matches that error too.
	Err error
}

func (e *Error) Error() string {
	who := "server"
	if e.Proxy {
		who = "proxy"
	}
	return fmt.Sprintf("dial: the %s answered %d %s: %v", who, e.StatusCode, http.StatusText(e.StatusCode), e.Err)
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

func (e *failure) Error() string { return "dial: " + e.doing + ": " + e.err.Error() }
func (e *failure) Unwrap() error { return e.err }
func (e *failure) Timeout() bool { return isTimeout(e.err) }

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}
