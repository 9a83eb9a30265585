package browser

import (
	"errors"
	"fmt"
	"io"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
)

// MaxMessage is how many bytes a message that is sent may have: the browser holds it as a whole.
const MaxMessage = 1 << 30

var (
	errLarge   = fmt.Errorf("a message of more than %d bytes cannot be sent by a browser, which holds it as a whole", MaxMessage)
	errControl = fmt.Errorf("a browser sends neither pings nor pongs: %w", errors.ErrUnsupported)
	errMasked  = fmt.Errorf("a browser masks by itself: %w", errors.ErrUnsupported)
)

// Aborted is the code that a browser closes with where the connection is cut: it has no way to do without a close frame, and
// one without a code would say that all is well.
const Aborted = closecode.Abnormal + 3000

// substitute returns the code to close with instead of one that a browser refuses: it takes 1000, and 3000 to 4999. Of all
// others that a close frame may have (RFC 6455, section 7.4), it is 3000 more.
func substitute(code closecode.Code) closecode.Code {
	if closecode.NormalClosure < code && code.Sendable() && code < 3000 {
		return code + 3000
	}
	return code
}

// isClose reports whether b, the first byte of a frame, is that of a close frame.
func isClose(b byte) bool { return opcode.Opcode(b&0xF) == opcode.Close }

// An outbox parses the frames that are written, and makes messages of them.
type outbox struct {
	ended bool // nothing can be sent any more: a close frame was, or came, or the connection was lost

	head  []byte       // of a frame, as long as that is not whole
	frame frame.Header // Length is what is left of its payload
	open  bool         // the payload of frame is not whole
	op    opcode.Opcode
	size  int64  // of the message, as far as its headers tell
	close []byte // the payload of a close frame
}

// isBetween reports whether the next byte is the first of a frame.
func (b *outbox) isBetween() bool { return !b.open && len(b.head) == 0 }

// take takes some of p, which is not empty: what there is of the header of a frame, or of its payload.
func (b *outbox) take(p []byte, to Port) (n int, err error) {
	if !b.open {
		if n, err = b.takeHeader(p, to); err != nil || !b.open {
			return n, err
		}
		p = p[n:]
	}
	p = p[:min(int64(len(p)), b.frame.Length)]
	if b.frame.Opcode == opcode.Close {
		b.close = append(b.close, p...)
	} else if len(p) > 0 {
		if err := to.Add(p); err != nil {
			return n, err
		}
	}
	if b.frame.Length -= int64(len(p)); b.frame.Length == 0 {
		err = b.finish(to)
	}
	return n + len(p), err
}

// takeHeader takes what p has of a header. With the whole of it, the frame is open.
func (b *outbox) takeHeader(p []byte, to Port) (n int, err error) {
	before := len(b.head)
	head := append(b.head, p[:min(len(p), frame.MaxHeaderLen-before)]...)
	h, size, err := frame.Parse(head)
	switch {
	case err == io.ErrUnexpectedEOF:
		b.head = head
		return len(head) - before, nil
	case err != nil:
		return 0, err
	case h.Masked:
		return 0, errMasked
	case h.Opcode.IsControl() && h.Opcode != opcode.Close:
		return 0, errControl
	}
	if !h.Opcode.IsControl() {
		if err := b.begin(h, to); err != nil {
			return 0, err
		}
	}
	b.frame, b.open, b.head = h, true, head[:0]
	return size - before, nil
}

// begin begins a message, or goes on with one.
func (b *outbox) begin(h frame.Header, to Port) error {
	first := h.Opcode != opcode.Continuation
	if first {
		b.op, b.size = h.Opcode, 0
	}
	if b.size += h.Length; b.size > MaxMessage {
		return errLarge
	}
	if first {
		return to.Begin(int(h.Length), h.Fin)
	}
	return nil
}

// finish takes the end of a frame.
func (b *outbox) finish(to Port) error {
	b.open = false
	if b.frame.Opcode != opcode.Close {
		if b.frame.Fin {
			return to.Send(b.op)
		}
		return nil
	}
	code, reason, err := frame.ParseClose(b.close)
	if err != nil {
		return err
	}
	b.ended = true
	to.Close(substitute(code), reason)
	return nil
}
