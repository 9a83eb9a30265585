package frame

import (
	"encoding/binary"
	"io"

	"github.com/litert/websocket/opcode"
)

// MaxHeaderLen is the length of the longest header in bytes.
const MaxHeaderLen = 14

// MaxControlLen is the length of the longest payload of a control frame in bytes (RFC 6455, section 5.5).
const MaxControlLen = 125

// The bits of the first two bytes.
const (
	finBit  = 0x80
	rsv1Bit = 0x40
	rsv2Bit = 0x20
	rsv3Bit = 0x10
	maskBit = 0x80

	len16 = 126 // the length follows in 2 bytes
	len64 = 127 // it follows in 8 bytes
)

// A Header is the header of a frame.
type Header struct {
	Fin    bool // the last fragment of a message
	RSV1   bool // for extensions
	RSV2   bool
	RSV3   bool
	Masked bool
	Opcode opcode.Opcode
	Key    Key   // zero without Masked
	Length int64 // of the payload in bytes
}

// Parse parses the header at the beginning of b, and returns its length n. If b ends before the header does, the error
// is [io.ErrUnexpectedEOF] itself, and n is 0: read more, and call again. A length that is not encoded in the fewest
// bytes, or has its highest bit set, is an [*Error], as soon as b has the byte that shows it; n is 0. Everything else
// is for [Header.Check] to judge. Parse does not allocate (BenchmarkParse).
func Parse(b []byte) (h Header, n int, err error) {
	if len(b) < 2 {
		return h, 0, io.ErrUnexpectedEOF
	}
	h = Header{
		Fin:    b[0]&finBit != 0,
		RSV1:   b[0]&rsv1Bit != 0,
		RSV2:   b[0]&rsv2Bit != 0,
		RSV3:   b[0]&rsv3Bit != 0,
		Masked: b[1]&maskBit != 0,
		Opcode: opcode.Opcode(b[0] & 0xF),
		Length: int64(b[1] &^ maskBit),
	}
	n = 2
	switch h.Length {
	case len16:
		if len(b) < 4 {
			return Header{}, 0, io.ErrUnexpectedEOF
		}
		h.Length = int64(binary.BigEndian.Uint16(b[2:]))
		if h.Length < len16 {
			return Header{}, 0, errNotMinimal
		}
		n = 4
	case len64:
		switch {
		case len(b) > 2 && b[2]&0x80 != 0:
			return Header{}, 0, errTopBit
		case len(b) >= 8 && [6]byte(b[2:]) == [6]byte{}: // 2 bytes would do, whatever follows
			return Header{}, 0, errNotMinimal
		case len(b) < 10:
			return Header{}, 0, io.ErrUnexpectedEOF
		}
		h.Length = int64(binary.BigEndian.Uint64(b[2:]))
		n = 10
	}
	if h.Masked {
		if len(b) < n+len(h.Key) {
			return Header{}, 0, io.ErrUnexpectedEOF
		}
		h.Key = Key(b[n:])
		n += len(h.Key)
	}
	return h, n, nil
}

// Append appends the encoded header to b. It panics if the Length is negative. Of the Opcode the low 4 bits
// are taken, and the Key only if the header is Masked. Nothing else is checked.
func (h Header) Append(b []byte) []byte {
	var first, mask byte
	if h.Fin {
		first |= finBit
	}
	if h.RSV1 {
		first |= rsv1Bit
	}
	if h.RSV2 {
		first |= rsv2Bit
	}
	if h.RSV3 {
		first |= rsv3Bit
	}
	first |= byte(h.Opcode) & 0xF
	if h.Masked {
		mask = maskBit
	}
	switch {
	case h.Length < 0:
		panic("frame: negative length")
	case h.Length < len16:
		b = append(b, first, mask|byte(h.Length))
	case h.Length < 1<<16:
		b = append(b, first, mask|len16, byte(h.Length>>8), byte(h.Length))
	default:
		b = append(b, first, mask|len64)
		b = binary.BigEndian.AppendUint64(b, uint64(h.Length))
	}
	if h.Masked {
		b = append(b, h.Key[:]...)
	}
	return b
}

// Len returns the length of the encoded header in bytes.
func (h Header) Len() int {
	n := 2
	switch {
	case h.Length >= 1<<16:
		n = 10
	case h.Length >= len16:
		n = 4
	}
	if h.Masked {
		n += len(h.Key)
	}
	return n
}
