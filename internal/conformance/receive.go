package conformance

import (
	"fmt"
	"io"
	"unicode/utf8"
)

// A violation is what the end under test has sent and must not.
type violation string

func (v violation) Error() string { return string(v) }

// receive returns the next message or control frame. The error is io.EOF only between frames.
func (p *peer) receive() (Message, error) {
	for {
		first, payload, err := p.readFrame()
		if err != nil {
			return Message{}, err
		}
		op := first & 0xF
		if op >= closing {
			p.closed = p.closed || op == closing
			return Message{op, string(payload)}, nil
		}
		if op == continuation {
			op = p.within
		} else {
			p.squeezed = first&rsv1 != 0
		}
		p.within, p.so = op, append(p.so, payload...)
		if first&fin == 0 {
			continue
		}
		m := Message{op, string(p.so)}
		p.within, p.so = 0, p.so[:0]
		if p.squeezed {
			p.inflated++
			if m.Payload, err = p.before.inflate([]byte(m.Payload)); err != nil {
				return m, err
			}
		}
		if op == text && !utf8.ValidString(m.Payload) {
			return m, violation("sent text that is not UTF-8 (8.1)")
		}
		return m, nil
	}
}

// maxFrame is more than any frame that can come back.
const maxFrame = 64 << 20

// readFrame reads a frame, and checks that it is a right one.
func (p *peer) readFrame() (first byte, payload []byte, err error) {
	first, err = p.r.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	second, err := p.r.ReadByte()
	if err != nil {
		return 0, nil, inFrame(err)
	}
	length, err := p.readLength(second & 0x7F)
	if err != nil {
		return 0, nil, inFrame(err)
	}
	if err := p.check(first, second&0x80 != 0, length); err != nil {
		return 0, nil, err
	}
	var key [4]byte
	if second&0x80 != 0 {
		if _, err := io.ReadFull(p.r, key[:]); err != nil {
			return 0, nil, inFrame(err)
		}
		p.seen(key)
	}
	payload = make([]byte, length)
	if _, err := io.ReadFull(p.r, payload); err != nil {
		return 0, nil, inFrame(err)
	}
	mask(payload, key)
	return first, payload, nil
}

func (p *peer) readLength(short byte) (uint64, error) {
	size, least := 0, uint64(0)
	switch short {
	case 126:
		size, least = 2, 126
	case 127:
		size, least = 8, 1<<16
	default:
		return uint64(short), nil
	}
	var b [8]byte
	if _, err := io.ReadFull(p.r, b[:size]); err != nil {
		return 0, err
	}
	var length uint64
	for _, c := range b[:size] {
		length = length<<8 | uint64(c)
	}
	if length < least {
		return 0, violation("sent a length that is not minimal (5.2)")
	}
	return length, nil
}

// check judges the header of a frame that has come.
func (p *peer) check(first byte, masked bool, length uint64) error {
	op, final := first&0xF, first&fin != 0
	if p.before != nil && (op == text || op == binary) {
		first &^= rsv1 // of a compressed message (RFC 7692, section 6)
	}
	switch {
	case first&(rsv1|rsv2|rsv3) != 0:
		return violation(fmt.Sprintf("sent reserved bits: %#x (5.2)", first))
	case op > binary && op < closing || op > pong:
		return violation(fmt.Sprintf("sent the reserved opcode %d (5.2)", op))
	case masked != p.server:
		return violation(fmt.Sprintf("sent a frame with masked %v (5.1)", masked))
	case op >= closing && (!final || length > 125):
		return violation("sent a control frame that is fragmented or too long (5.5)")
	case op == continuation && p.within == 0:
		return violation("sent a continuation of nothing (5.4)")
	case (op == text || op == binary) && p.within != 0:
		return violation("sent a message within a message (5.4)")
	case op < closing && p.closed:
		return violation("sent a data frame behind its close frame (5.5.1)")
	case length > maxFrame:
		return violation(fmt.Sprintf("sent a frame of %d bytes", length))
	}
	return nil
}

// seen takes notice of a masking key that has come.
func (p *peer) seen(key [4]byte) {
	if p.masked == 0 {
		p.key = key
	}
	p.masked++
	p.fresh = p.fresh || key != p.key
}

// staleKeys reports whether so many frames have come with the same key that it was not by chance (section 5.3).
func (p *peer) staleKeys() bool { return p.masked >= 4 && !p.fresh }

func inFrame(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
