package stream_test

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A reading is all that is to be found in the bytes of a peer.
type reading struct {
	frames   []stream.Frame
	messages []stream.Message
	pings    []string
	pongs    []string

	open bool   // the end came within a message
	part []byte // what came of that: no more than is right
	end  ending
}

// An ending is why nothing more is to be found.
type ending struct {
	why    string         // one of the constants below
	code   closecode.Code // the peer's if it has closed, and otherwise the one to fail the connection with
	reason string         // the peer's
}

const (
	lost     = "lost" // the bytes end, and nothing is wrong with them
	closed   = "closed"
	broken   = "broken"
	tooLarge = "too large"
)

// A plainReader reads WebSocket as RFC 6455 tells it, from bytes that are all there, in one pass, with no other purpose
// than to be right. It shares no code with the library.
type plainReader struct {
	rest   []byte
	server bool  // the reader is the server
	limit  int64 // for messages
	lite   bool  // fragments are refused

	reading
	op   byte // of the open message
	size int64
	text []byte // the beginning of a code point
}

// A plainHeader is the header of a frame.
type plainHeader struct {
	fin     bool
	rsv, op byte
	masked  bool
	key     []byte
	length  uint64
}

func (r *plainReader) run() reading {
	for r.end == (ending{}) {
		h, ok := r.header()
		if !ok {
			break
		}
		switch {
		case !r.legal(h):
			r.end = ending{why: broken, code: 1002}
		case h.op >= 8:
			r.control(h)
		default:
			r.data(h)
		}
	}
	return r.reading
}

// take takes n bytes. Without them the connection is lost.
func (r *plainReader) take(n int) ([]byte, bool) {
	if len(r.rest) < n {
		r.end = ending{why: lost}
		return nil, false
	}
	p := r.rest[:n]
	r.rest = r.rest[n:]
	return p, true
}

// header reads a header (section 5.2).
func (r *plainReader) header() (h plainHeader, ok bool) {
	two, ok := r.take(2)
	if !ok {
		return h, false
	}
	h = plainHeader{fin: two[0] >= 0x80, rsv: two[0] >> 4 & 7, op: two[0] & 15, masked: two[1] >= 0x80, length: uint64(two[1] & 0x7f)}
	switch h.length {
	case 126:
		b, ok := r.take(2)
		if !ok {
			return h, false
		}
		h.length = uint64(binary.BigEndian.Uint16(b))
		if h.length < 126 {
			r.end = ending{why: broken, code: 1002}
			return h, false
		}
	case 127:
		// A length that cannot be is known for that before it is whole.
		there := r.rest[:min(8, len(r.rest))]
		if len(there) > 0 && there[0] >= 0x80 || len(there) >= 6 && string(there[:6]) == "\x00\x00\x00\x00\x00\x00" {
			r.end = ending{why: broken, code: 1002}
			return h, false
		}
		b, ok := r.take(8)
		if !ok {
			return h, false
		}
		h.length = binary.BigEndian.Uint64(b)
	}
	if h.masked {
		h.key, ok = r.take(4)
	}
	return h, ok
}

// legal tells whether a frame with the header h may come next (sections 5.1, 5.2, 5.4 and 5.5).
func (r *plainReader) legal(h plainHeader) bool {
	if h.rsv != 0 || h.masked != r.server {
		return false
	}
	switch h.op {
	case 0:
		return r.open
	case 1, 2:
		return !r.open
	case 8, 9, 10:
		return h.fin && h.length <= 125
	}
	return false
}

// payload takes what has come of a payload, and unmasks it.
func (r *plainReader) payload(h plainHeader) (p []byte, whole bool) {
	n := min(h.length, uint64(len(r.rest)))
	p, _ = r.take(int(n))
	p = bytes.Clone(p)
	for i := range p {
		if h.masked {
			p[i] ^= h.key[i%4]
		}
	}
	return p, n == h.length
}

// control takes a control frame (section 5.5).
func (r *plainReader) control(h plainHeader) {
	p, whole := r.payload(h)
	if !whole {
		r.end = ending{why: lost}
		return
	}
	switch h.op {
	case 9:
		r.pings = append(r.pings, string(p))
	case 10:
		r.pongs = append(r.pongs, string(p))
	case 8:
		r.end = plainClose(p)
	}
}

// plainClose reads the payload of a close frame (sections 5.5.1, 7.4 and 8.1).
func plainClose(p []byte) ending {
	if len(p) == 0 {
		return ending{why: closed, code: 1005}
	}
	if len(p) == 1 {
		return ending{why: broken, code: 1002}
	}
	code := int(p[0])<<8 + int(p[1])
	switch {
	case code < 1000, code == 1004, code == 1005, code == 1006, code == 1015, code > 1015 && code < 3000, code > 4999:
		return ending{why: broken, code: 1002}
	case !utf8.Valid(p[2:]):
		return ending{why: broken, code: 1007}
	}
	return ending{why: closed, code: closecode.Code(code), reason: string(p[2:])}
}

// data takes a data frame (sections 5.4, 5.6 and 8.1).
func (r *plainReader) data(h plainHeader) {
	if h.op != 0 {
		r.op, r.size, r.part, r.text = h.op, 0, []byte{}, nil
	}
	if h.length > uint64(r.limit-r.size) {
		r.end = ending{why: tooLarge, code: 1009}
		return
	}
	r.open, r.size = true, r.size+int64(h.length)
	if r.lite && !h.fin {
		r.end = ending{why: broken, code: 1002}
		return
	}
	p, whole := r.payload(h)
	right := len(p)
	if r.op == 1 {
		right = r.checkText(p)
	}
	r.part = append(r.part, p[:right]...)
	switch {
	case right < len(p) || whole && h.fin && len(r.text) > 0:
		r.end = ending{why: broken, code: 1007}
		return
	case !whole:
		r.end = ending{why: lost}
		return
	}
	r.frames = append(r.frames, stream.Frame{Fin: h.fin, Opcode: opcode.Opcode(h.op), Payload: p})
	if h.fin {
		r.open = false
		r.messages = append(r.messages, stream.Message{Opcode: opcode.Opcode(r.op), Data: r.part})
	}
}

// checkText tells how many bytes of p can follow in the text.
func (r *plainReader) checkText(p []byte) int {
	for i, b := range p {
		r.text = append(r.text, b)
		switch {
		case utf8.Valid(r.text):
			r.text = nil
		case !canBecomeText(r.text):
			return i
		}
	}
	return len(p)
}

// canBecomeText tells whether p is the beginning of a code point, by trying.
func canBecomeText(p []byte) bool {
	for _, next := range []string{"\x80", "\xbf", "\x80\x80", "\xbf\x80", "\x80\x80\x80", "\xbf\x80\x80"} {
		if whole := string(p) + next; utf8.ValidString(whole) && utf8.RuneCountInString(whole) == 1 {
			return true
		}
	}
	return false
}
