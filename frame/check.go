package frame

import "github.com/litert/websocket/opcode"

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
