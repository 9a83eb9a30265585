package frame

import (
	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/opcode"
)

// An Error says which rule for frames was broken. The errors of this package are the same values each time.
type Error struct {
	Code    closecode.Code // to fail the connection with
	Section string         // where the rule stands: "RFC 6455, section 5.2"
	Problem string
}

func (e *Error) Error() string { return "frame: " + e.Problem + " (" + e.Section + ")" }

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

// Rules are what a receiver knows when a header arrives.
type Rules struct {
	Server        bool // the receiver is the server
	AllowUnmasked bool // a server takes frames that are not masked, too
	Fragmented    bool // a message is open: its last fragment has not come
	RSV1          bool // an extension was agreed on that gives RSV1 its meaning (RFC 7692)
}

// Check judges the header of a received frame: all the rules for it are in this function. It returns nil or an
// [*Error], and does not allocate.
func (h Header) Check(r Rules) error {
	// RFC 6455, section 5.2: RSV1, RSV2, RSV3 must be 0 unless an extension gives them a meaning.
	if h.RSV2 || h.RSV3 || h.RSV1 && !r.RSV1 {
		return errReservedBit
	}
	// RFC 6455, section 5.2: opcodes 3 to 7 and B to F are reserved.
	if !h.Opcode.Defined() {
		return errReservedOpcode
	}
	// RFC 7692, section 6: RSV1 marks the first frame of a compressed message, and no other.
	if h.RSV1 && !h.Opcode.IsMessage() {
		return errRSV1Place
	}
	// RFC 6455, section 5.1: a client masks all its frames, a server none.
	if r.Server && !h.Masked && !r.AllowUnmasked {
		return errUnmasked
	}
	if !r.Server && h.Masked {
		return errMasked
	}
	switch {
	// RFC 6455, section 5.5: control frames are short and not fragmented.
	case h.Opcode.IsControl() && !h.Fin:
		return errControlFin
	case h.Opcode.IsControl() && h.Length > MaxControlLen:
		return errControlLen
	// RFC 6455, section 5.4: fragments of messages are not interleaved.
	case h.Opcode == opcode.Continuation && !r.Fragmented:
		return errNoMessage
	case h.Opcode.IsMessage() && r.Fragmented:
		return errInMessage
	}
	return nil
}
