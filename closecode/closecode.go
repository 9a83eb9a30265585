// Package closecode enumerates the codes of WebSocket close frames (RFC 6455, section 7.4, and the registry of IANA).
//
// A program closes with [NormalClosure], [GoingAway], or a code of its own from 4000 to 4999; 3000 to 3999 are for
// protocols that have registered theirs. A page in a browser can close with 1000 and 3000 to 4999: its close throws an
// exception for all other codes, also for 1001, which the browser may send by itself when the page is left. A connection
// that was lost without a close frame has code 1006 in a browser; here that is an error and no code.
package closecode

import (
	"fmt"
	"strconv"
	"strings"
)

// A Code says why a connection is closed.
type Code uint16

// The registered codes.
const (
	NormalClosure      Code = 1000 // the purpose of the connection is fulfilled
	GoingAway          Code = 1001 // a server goes down, a page is left
	ProtocolError      Code = 1002 // the peer broke the protocol
	UnsupportedData    Code = 1003 // a message of a kind that is not accepted
	Reserved           Code = 1004 // without a meaning; never on the wire
	NoStatus           Code = 1005 // the close frame had no code; never on the wire
	Abnormal           Code = 1006 // there was no close frame; never on the wire
	InvalidPayload     Code = 1007 // a message that is not what its kind demands, as text that is not UTF-8
	PolicyViolation    Code = 1008 // a message that is against a policy
	MessageTooBig      Code = 1009 // a message over the limit
	MandatoryExtension Code = 1010 // the server did not agree to an extension that the client needs
	InternalError      Code = 1011 // the server met with something unexpected
	ServiceRestart     Code = 1012 // the service restarts: connect again a little later
	TryAgainLater      Code = 1013 // the service is overloaded
	BadGateway         Code = 1014 // a gateway got an invalid answer from the server behind it
	TLSHandshake       Code = 1015 // the TLS handshake failed; never on the wire
)

var names = [...]string{
	"normal closure",
	"going away",
	"protocol error",
	"unsupported data",
	"reserved",
	"no status",
	"abnormal closure",
	"invalid payload",
	"policy violation",
	"message too big",
	"mandatory extension",
	"internal error",
	"service restart",
	"try again later",
	"bad gateway",
	"TLS handshake",
}

// Sendable reports whether c may stand in a close frame: 1000 to 1003, 1007 to 1014, and 3000 to 4999.
func (c Code) Sendable() bool {
	switch {
	case NormalClosure <= c && c <= UnsupportedData, InvalidPayload <= c && c <= BadGateway:
		return true
	}
	return c.Extension() || c.Private()
}

// Registered reports whether c is one of the constants of this package.
func (c Code) Registered() bool { return NormalClosure <= c && c <= TLSHandshake }

// Extension reports whether c is from 3000 to 3999: for libraries, frameworks and applications that register it with
// IANA.
func (c Code) Extension() bool { return 3000 <= c && c <= 3999 }

// Private reports whether c is from 4000 to 4999: for private use between applications that have agreed on it.
func (c Code) Private() bool { return 4000 <= c && c <= 4999 }

// String returns the name of c, as "going away", or "close code 4001" if it has none.
func (c Code) String() string {
	if c.Registered() {
		return names[c-NormalClosure]
	}
	return fmt.Sprintf("close code %d", uint16(c))
}

// MarshalText returns what String does.
func (c Code) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText takes what MarshalText returns, in upper or lower case, or a number.
func (c *Code) UnmarshalText(text []byte) error {
	for i, name := range names {
		if strings.EqualFold(name, string(text)) {
			*c = NormalClosure + Code(i)
			return nil
		}
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(strings.ToLower(string(text)), "close code "), 10, 16)
	if err != nil {
		return fmt.Errorf("closecode: %q is not a close code", text)
	}
	*c = Code(n)
	return nil
}
