package handshake

import (
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// CloneHeader returns a copy of h with canonical names, or says what is wrong with h as a header that a user wants to
// have sent with the handshake: names that are no tokens, values that would break out of their line, and fields that
// the handshake sets itself.
func CloneHeader(h http.Header) (http.Header, error) {
	clone := make(http.Header, len(h))
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if !IsToken(name) {
			return nil, fmt.Errorf("the name %q is %w", name, errNotToken)
		}
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		if isReserved(canonical) {
			return nil, fmt.Errorf("%s is set by the handshake itself", name)
		}
		for _, v := range h[name] {
			if !validValue(v) {
				return nil, fmt.Errorf("the value of %s contains a control character", name) // it may be a secret
			}
			clone[canonical] = append(clone[canonical], v)
		}
	}
	return clone, nil
}

// Others returns the fields of h that the handshake itself has no use for: nil, if there are none.
func Others(h http.Header) http.Header {
	var others http.Header
	for name, values := range h {
		if !isReserved(name) {
			if others == nil {
				others = make(http.Header)
			}
			others[name] = values
		}
	}
	return others
}

// isReserved reports whether the field with the canonical name decides what kind of message a request or response is,
// or how long.
func isReserved(name string) bool {
	switch name {
	case "Connection", "Upgrade", "Content-Length", "Transfer-Encoding", "Trailer":
		return true
	}
	return strings.HasPrefix(name, "Sec-Websocket-")
}

// validValue reports whether v is the value of a field: without control characters, but for tabs.
func validValue(v string) bool {
	return !strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// AppendHeader appends the lines of h to b, sorted by name.
func AppendHeader(b []byte, h http.Header) []byte {
	if len(h) == 0 {
		return b
	}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, v := range h[name] {
			b = AppendField(b, name, v)
		}
	}
	return b
}

// AppendField appends one line of a header to b.
func AppendField(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	b = append(b, value...)
	return append(b, "\r\n"...)
}

// CheckSubprotocols says what is wrong with a list of subprotocols that a user or a peer gave: names that are no
// tokens, or come twice (RFC 6455, section 4.1, item 10).
func CheckSubprotocols(names []string) error {
	seen := make(map[string]struct{}, len(names)) // there may be a megabyte of them
	for _, name := range names {
		if !IsToken(name) {
			return fmt.Errorf("%.100q is %w", name, errNotToken)
		}
		if _, twice := seen[name]; twice {
			return fmt.Errorf("%.100q comes twice", name)
		}
		seen[name] = struct{}{}
	}
	return nil
}
