package listen

import (
	"net/http"

	"github.com/litert/websocket/internal/conf"
)

// maxFields is how many fields the head of a request may have: several times what browsers and proxies send.
const maxFields = 128

// checkHead checks that the head of r is no larger than what is worth being looked at (RFC 6585, section 5), whoever has
// read it.
func checkHead(r *http.Request, cfg *conf.Listen) *Error {
	switch size, fields := measureHead(r); {
	case fields > maxFields:
		return refusal(http.StatusRequestHeaderFieldsTooLarge, "the head of the request has %d fields, more than %d", fields, maxFields)
	case size > cfg.MaxHeader:
		return refusal(http.StatusRequestHeaderFieldsTooLarge, "the head of the request has %d bytes, more than %d", size, cfg.MaxHeader)
	}
	return nil
}

// measureHead returns the bytes and the fields of the head of r, as they are sent over HTTP/1.1. A field that comes
// several times counts as often.
func measureHead(r *http.Request) (size, fields int) {
	size = len(r.Method) + len(r.RequestURI) + len(r.Proto) + len("  \r\n")
	if r.Host != "" { // which package net/http keeps beside the header
		size += fieldSize("Host", r.Host)
		fields++
	}
	for name, values := range r.Header {
		for _, value := range values {
			size += fieldSize(name, value)
		}
		fields += len(values)
	}
	return size, fields
}

func fieldSize(name, value string) int { return len(name) + len(value) + len(": \r\n") }
