// Package opcode enumerates the opcodes of WebSocket frames (RFC 6455, sections 5.2 and 11.8).
package opcode

import (
	"fmt"
	"strconv"
	"strings"
)

// An Opcode says what the payload of a frame is. On the wire it has 4 bits.
type Opcode uint8

// The opcodes that RFC 6455 defines. The others are reserved.
const (
	Continuation Opcode = 0x0 // a further fragment of a message
	Text         Opcode = 0x1 // a message of UTF-8 text, or its first fragment
	Binary       Opcode = 0x2 // a message of any bytes, or its first fragment
	Close        Opcode = 0x8
	Ping         Opcode = 0x9
	Pong         Opcode = 0xA
)

// The reserved opcodes have no name.
var names = [...]string{
	Continuation: "continuation",
	Text:         "text",
	Binary:       "binary",
	Close:        "close",
	Ping:         "ping",
	Pong:         "pong",
}

// Defined reports whether RFC 6455 defines o.
func (o Opcode) Defined() bool { return o <= Binary || Close <= o && o <= Pong }

// IsControl reports whether o is one for control frames, defined or reserved: 0x8 to 0xF.
func (o Opcode) IsControl() bool { return 0x8 <= o && o <= 0xF }

// IsData reports whether o is one for data frames, defined or reserved: 0x0 to 0x7.
func (o Opcode) IsData() bool { return o <= 0x7 }

// IsMessage reports whether o can begin a message: it is Text or Binary.
func (o Opcode) IsMessage() bool { return o == Text || o == Binary }

// String returns the name of o, as "text", or "opcode(0x3)" if it has none.
func (o Opcode) String() string {
	if o.Defined() {
		return names[o]
	}
	return fmt.Sprintf("opcode(0x%x)", uint8(o))
}

// MarshalText returns what String does.
func (o Opcode) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText takes what MarshalText returns, in upper or lower case.
func (o *Opcode) UnmarshalText(text []byte) error {
	s := strings.ToLower(string(text))
	for i, name := range names {
		if s == name && s != "" {
			*o = Opcode(i)
			return nil
		}
	}
	digits, ok := strings.CutPrefix(s, "opcode(0x")
	digits, closed := strings.CutSuffix(digits, ")")
	n, err := strconv.ParseUint(digits, 16, 8)
	if !ok || !closed || err != nil {
		return fmt.Errorf("opcode: %q is not an opcode", text)
	}
	*o = Opcode(n)
	return nil
}
