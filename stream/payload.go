package stream

import (
	"net"

	"github.com/litert/websocket/frame"
)

// A payload is what one whole frame carries: the bytes that are held, and parts behind them.
type payload struct {
	// buf has room for a header before payloadAt, and the first held bytes of the payload behind it, which may be masked
	// where they are. Without any, it may be nil.
	buf  []byte
	held int

	first  []byte      // the first part, never changed
	others net.Buffers // the parts behind, never changed
	text   bool        // first is the memory of a string: it is handed to sockets of the system alone

	more bool // it may be put off, for a reason that the turn does not see
}

// size returns how many bytes there are.
func (p *payload) size() int64 {
	n := int64(p.held) + int64(len(p.first))
	for _, part := range p.others {
		n += int64(len(part))
	}
	return n
}

// append appends the payload to dst.
func (p *payload) append(dst []byte) []byte {
	if p.held > 0 {
		dst = append(dst, p.buf[payloadAt:payloadAt+p.held]...)
	}
	dst = append(dst, p.first...)
	for _, part := range p.others {
		dst = append(dst, part...)
	}
	return dst
}

// whole sends p as one whole frame, small or large. A small one may be put off, to share a system call. The caller gives
// all of the header but length and key.
func (t *turn) whole(h *frame.Header, p *payload) error {
	if size := p.size(); size > batchFrame {
		return t.large(h, p, size)
	}
	return t.small(h, p)
}
