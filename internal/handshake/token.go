package handshake

import (
	"errors"
	"fmt"
	"iter"
	"strings"
)

// The names of the fields of the opening handshake, in the form that http.Header has them in.
const (
	FieldKey         = "Sec-Websocket-Key"
	FieldAccept      = "Sec-Websocket-Accept"
	FieldVersion     = "Sec-Websocket-Version"
	FieldSubprotocol = "Sec-Websocket-Protocol"
	FieldExtensions  = "Sec-Websocket-Extensions"
)

// Version is the version of the protocol that RFC 6455 defines, as the field Sec-WebSocket-Version has it.
const Version = "13"

var errNotToken = errors.New("not a token")

// isTokenByte reports whether c may stand in a token (RFC 9110, section 5.6.2).
func isTokenByte(c byte) bool {
	switch {
	case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// IsToken reports whether s is a token (RFC 9110, section 5.6.2).
func IsToken(s string) bool {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

// EqualFold reports whether a and b are equal but for the case of ASCII letters. Unlike [strings.EqualFold] it does not
// take the sign for kelvin for a K.
func EqualFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// ToLower returns s with its ASCII letters in lower case, and nothing else changed.
func ToLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		b[i] = lower(c)
	}
	return string(b)
}

// HasToken reports whether one of values, lists that are separated by commas, contains token, in whatever case.
func HasToken(values []string, token string) bool {
	for _, v := range values {
		for element := range strings.SplitSeq(v, ",") {
			if EqualFold(trim(element), token) {
				return true
			}
		}
	}
	return false
}

// ParseTokens returns the elements of values, lists of tokens that are separated by commas. Empty
// elements are skipped (RFC 9110, section 5.6.1.2), but where there are values, there has to be an element.
func ParseTokens(values []string) ([]string, error) {
	var tokens []string
	for element := range elements(values) {
		if !IsToken(element) {
			return nil, fmt.Errorf("%.100q is %w", element, errNotToken)
		}
		tokens = append(tokens, element)
	}
	if len(values) > 0 && len(tokens) == 0 {
		return nil, errNothing
	}
	return tokens, nil
}

// elements yields what stands between the commas of values. No element may contain a quoted comma.
func elements(values []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, v := range values {
			for element := range strings.SplitSeq(v, ",") {
				if element = trim(element); element != "" && !yield(element) {
					return
				}
			}
		}
	}
}

// trim cuts off the white space that may stand around an element: spaces and tabs, nothing else.
func trim(s string) string { return strings.Trim(s, " \t") }
