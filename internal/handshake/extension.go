package handshake

import (
	"errors"
	"fmt"
	"strings"
)

// An Extension is one element of the field Sec-WebSocket-Extensions (RFC 6455, section 9.1).
type Extension struct {
	Name   string
	Params []Param
}

// A Param is a parameter of an extension.
type Param struct {
	Name  string
	Value string // unquoted; empty if there was none
}

var (
	errMissing = errors.New("a token is missing at the end")
	errNothing = errors.New("the list is empty")
)

// ParseExtensions parses the values of the field Sec-WebSocket-Extensions. Where there are values, there has to be an
// element.
func ParseExtensions(values []string) ([]Extension, error) {
	var list []Extension
	for _, v := range values {
		for p := (parser{rest: v}); ; {
			e, err := p.extension()
			if err != nil {
				return nil, err
			}
			if e.Name != "" {
				list = append(list, e)
			}
			if p.rest == "" {
				break
			}
			if !p.take(',') {
				return nil, p.unexpected()
			}
		}
	}
	if len(values) > 0 && len(list) == 0 {
		return nil, errNothing
	}
	return list, nil
}

// A parser takes one value of a field apart, from the front.
type parser struct{ rest string }

// extension parses up to the next comma. What it returns has no name if nothing stood there.
func (p *parser) extension() (e Extension, err error) {
	p.skipSpace()
	if p.rest == "" || p.rest[0] == ',' {
		return e, nil
	}
	if e.Name, err = p.token(); err != nil {
		return e, err
	}
	for p.take(';') {
		var param Param
		if param.Name, err = p.token(); err != nil {
			return e, err
		}
		if p.take('=') {
			if param.Value, err = p.value(); err != nil {
				return e, err
			}
		}
		e.Params = append(e.Params, param)
	}
	return e, nil
}

func (p *parser) token() (string, error) {
	p.skipSpace()
	n := 0
	for n < len(p.rest) && isTokenByte(p.rest[n]) {
		n++
	}
	if n == 0 {
		return "", p.unexpected()
	}
	token := p.rest[:n]
	p.rest = p.rest[n:]
	p.skipSpace()
	return token, nil
}

// value parses a token, or a quoted string, which must be a token once it is unquoted (RFC 6455, section 9.1).
func (p *parser) value() (string, error) {
	p.skipSpace()
	if p.rest == "" || p.rest[0] != '"' {
		return p.token()
	}
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		c := p.rest[i]
		if c == '"' {
			if !IsToken(b.String()) {
				return "", fmt.Errorf("%.100q is %w", b.String(), errNotToken)
			}
			p.rest = p.rest[i+1:]
			p.skipSpace()
			return b.String(), nil
		}
		if c == '\\' && i+1 < len(p.rest) {
			i++
			c = p.rest[i]
		}
		b.WriteByte(c)
	}
	return "", fmt.Errorf("%.100q has no closing quote", p.rest)
}

func (p *parser) take(c byte) bool {
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *parser) skipSpace() { p.rest = strings.TrimLeft(p.rest, " \t") }

func (p *parser) unexpected() error {
	if p.rest == "" {
		return errMissing
	}
	return fmt.Errorf("unexpected %q", p.rest[0])
}
