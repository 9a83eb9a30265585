package listen

import (
	"fmt"
	"net"
	"net/http"

	"github.com/litert/websocket/internal/handshake"
)

// An Error says why a request was refused, and with which status. The client got the status, and Err as plain text: of
// what was wrong with its request. What has status 500 or 501, as a mistake of the program has, is told to the program alone,
// and the client got the name of the status.
type Error struct {
	StatusCode int
	Err        error // a [*stream.ArgumentError] if an option was impossible
}

func (e *Error) Error() string {
	return fmt.Sprintf("listen: answered %d %s: %v", e.StatusCode, http.StatusText(e.StatusCode), e.Err)
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// refusal returns an Error. The format may contain %w.
func refusal(status int, format string, args ...any) *Error {
	return &Error{status, fmt.Errorf(format, args...)}
}

// answer writes e as the response to r.
func (e *Error) answer(w http.ResponseWriter, r *http.Request) {
	switch e.StatusCode {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodGet)
	case http.StatusUpgradeRequired:
		setUpgradeRequired(w.Header())
	case http.StatusBadRequest:
		if r.ProtoMajor > 1 { // it may be the version
			w.Header().Set(handshake.FieldVersion, handshake.Version)
		}
	}
	setClose(w.Header(), r)
	http.Error(w, e.told(), e.StatusCode)
}

// told returns what the client gets to read.
func (e *Error) told() string {
	switch e.StatusCode {
	case http.StatusInternalServerError, http.StatusNotImplemented:
		return http.StatusText(e.StatusCode)
	}
	return e.Err.Error()
}

// setUpgradeRequired sets what belongs to the status 426 (RFC 6455, section 4.4; RFC 9110, section 15.5.22).
func setUpgradeRequired(h http.Header) {
	h.Set("Upgrade", "websocket")
	h.Set("Connection", "Upgrade")
	h.Set("Sec-WebSocket-Version", handshake.Version)
}

// setClose has the HTTP server close the connection behind the response to r: a proxy that took r for the beginning of
// a tunnel would let through what comes behind it, as another request. The option close stands before all others, as
// package net/http looks at the first line alone. Over HTTP/2 there is no such option, and nothing comes behind r.
func setClose(h http.Header, r *http.Request) {
	if r.ProtoMajor < 2 && h.Get("Connection") != "close" {
		h["Connection"] = append([]string{"close"}, h["Connection"]...)
	}
}

var errListenerClosed = fmt.Errorf("listen: listener is closed: %w", net.ErrClosed)
