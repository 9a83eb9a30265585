package frame

import "github.com/litert/websocket/closecode"

// An Error says which rule for frames was broken. The errors of this package are the same values each time.
type Error struct {
	Code    closecode.Code // to fail the connection with
	Section string         // where the rule stands: "RFC 6455, section 5.2"
	Reason  string         // what is wrong: "reserved bit is set"
}

// Error returns the reason and the section, as "frame: reserved bit is set (RFC 6455, section 5.2)".
func (e *Error) Error() string { return "frame: " + e.Reason + " (" + e.Section + ")" }

var (
	errNotMinimal     = &Error{closecode.ProtocolError, "RFC 6455, section 5.2", "length is not encoded in the fewest bytes"}
	errTopBit         = &Error{closecode.ProtocolError, "RFC 6455, section 5.2", "length has its highest bit set"}
	errReservedBit    = &Error{closecode.ProtocolError, "RFC 6455, section 5.2", "reserved bit is set"}
	errReservedOpcode = &Error{closecode.ProtocolError, "RFC 6455, section 5.2", "opcode is reserved"}
	errRSV1Place      = &Error{closecode.ProtocolError, "RFC 7692, section 6", "RSV1 is set elsewhere than on the first frame of a message"}
	errUnmasked       = &Error{closecode.ProtocolError, "RFC 6455, section 5.1", "frame of a client is not masked"}
	errMasked         = &Error{closecode.ProtocolError, "RFC 6455, section 5.1", "frame of a server is masked"}
	errControlFin     = &Error{closecode.ProtocolError, "RFC 6455, section 5.5", "control frame is fragmented"}
	errControlLen     = &Error{closecode.ProtocolError, "RFC 6455, section 5.5", "control frame has more than 125 bytes of payload"}
	errNoMessage      = &Error{closecode.ProtocolError, "RFC 6455, section 5.4", "continuation without a message"}
	errInMessage      = &Error{closecode.ProtocolError, "RFC 6455, section 5.4", "message begins within another"}
	errCloseLen       = &Error{closecode.ProtocolError, "RFC 6455, section 5.5.1", "close frame has one byte of payload"}
	errCloseCode      = &Error{closecode.ProtocolError, "RFC 6455, section 7.4", "close code must not be sent"}
	errCloseReason    = &Error{closecode.InvalidPayload, "RFC 6455, section 8.1", "close reason is not UTF-8"}
)
