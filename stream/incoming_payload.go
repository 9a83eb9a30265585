package stream

import (
	"io"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/buffer"
	"github.com/litert/websocket/internal/transport"
)

// directSize is the size from which on a read bypasses the read buffer. Smaller ones go through it, so that it takes up
// what follows in the same system call.
const directSize = 4 << 10

// readMessage reads the payload of the message with generation gen. It returns io.EOF behind its last byte, and nowhere
// else.
func (rc *receiver) readMessage(b transport.Bounds, gen uint64, p []byte) (n int, err error) {
	if err := rc.canRead(gen); err != nil || len(p) == 0 {
		return 0, err
	}
	m := &rc.msg
	if m.compressed {
		n, err = rc.readInflated(b, p)
	} else if err = rc.nextPayload(b); err == nil {
		n, err = rc.readPayload(b, p[:min(int64(len(p)), m.rest)])
	}
	if err == nil || err == io.EOF {
		return n, err
	}
	return 0, rc.failed(err)
}

// canRead returns io.EOF if the message with generation gen was read to its end, and an error if it is cut short.
func (rc *receiver) canRead(gen uint64) error {
	m := &rc.msg
	switch {
	case rc.whole.Load() == gen:
		return io.EOF
	case m.gen != gen && !rc.end().hasEnded(): // a hook has ended Shutdown while it discarded the message
		return ErrStale
	case m.gen != gen: // it was discarded to the end of the connection
		return inMessage(rc.end().reason())
	case m.state == broken:
		return m.err
	case rc.end().hasEnded():
		return rc.failed(rc.end().reason())
	}
	return nil
}

// nextPayload reads up to the next byte of the message's payload, or returns io.EOF if there is none.
func (rc *receiver) nextPayload(b transport.Bounds) error {
	for m := &rc.msg; m.rest == 0; {
		if !m.open {
			return io.EOF
		}
		if err := rc.nextFrame(b); err != nil {
			return err
		}
	}
	return nil
}

// lendPayload reads the next bytes of the message's payload, and lends them out of the read buffer. A large message has it
// read into large buffers, across its frames: where a buffer is needed to wait for bytes, only once a small one was filled,
// as what is announced need not come. It returns io.EOF as readMessage does.
func (rc *receiver) lendPayload(b transport.Bounds, gen uint64) (loan, error) {
	if err := rc.canRead(gen); err != nil {
		return loan{}, err
	}
	m, rb := &rc.msg, &rc.buf
	if rc.tr().AwaitsBare() && (m.open || m.size > buffer.Small) {
		rb.large = true
	}
	err := rc.nextPayload(b)
	if err == nil && len(rb.unread()) == 0 {
		err = rc.fill(b)
	}
	if err == io.EOF {
		return loan{}, err
	}
	if err != nil {
		return loan{}, rc.failed(err)
	}
	n := int(min(int64(len(rb.unread())), m.rest))
	if n == len(rb.buf) {
		rb.large = true
	}
	lent := rb.lend(n)
	if err := rc.took(lent.p); err != nil {
		lent.giveBack()
		return loan{}, rc.failed(err)
	}
	return lent, nil
}

// readPayload reads some of the frame's payload: what the read buffer holds, or, if that is empty and p large, straight
// from the transport.
func (rc *receiver) readPayload(b transport.Bounds, p []byte) (n int, err error) {
	rb := &rc.buf
	if len(rb.unread()) == 0 {
		if len(p) >= directSize {
			n, err = rc.read(b, p)
		} else {
			err = rc.fill(b)
		}
		if err != nil {
			return 0, err
		}
	}
	if n == 0 {
		n = min(len(p), len(rb.unread()))
		copy(p, rb.take(n))
	}
	return n, rc.took(p[:n])
}

// took unmasks and checks p, the next bytes of the payload of a message that is not compressed, and finishes it behind
// the last.
func (rc *receiver) took(p []byte) error {
	m := &rc.msg
	m.unmask(p)
	if m.checked && !m.text.check(p) {
		return rc.failText()
	}
	if m.payloadEnded() {
		return rc.finish()
	}
	return nil
}

// view returns the payload of the frame, which has up to buffer.Small bytes, where it is in the read buffer: until the next
// Receive. What has come is unmasked and checked at once, and stays where it is until all has. When its bounds end it, it
// can go on.
func (rc *receiver) view(b transport.Bounds) ([]byte, error) {
	m, rb := &rc.msg, &rc.buf
	n := int(m.size)
	m.viewed = true
	for m.rest > 0 {
		if held := min(len(rb.unread()), n); held > int(m.pos) {
			if err := rc.took(rb.unread()[m.pos:held]); err != nil {
				return nil, err
			}
			continue
		}
		if err := rc.fill(b); err != nil {
			return nil, err
		}
	}
	m.viewed, rb.viewed = false, true
	return rb.take(n), nil
}

// discard reads the current message to its end and throws it away.
func (rc *receiver) discard(b transport.Bounds) error {
	m, rb := &rc.msg, &rc.buf
	m.checked = false
	if m.viewed {
		rb.take(int(m.pos))
		m.viewed = false
	}
	if m.compressed && m.state == reading && rc.zip.in.Size() > 0 {
		return rc.discardInflated(b) // the messages behind need it
	}
	m.endInflating()
	for m.state == reading {
		held := int64(len(rb.unread()))
		var err error
		switch {
		case m.payloadEnded():
			err = rc.finish()
		case m.rest == 0:
			err = rc.nextFrame(b)
		case held == 0:
			err = rc.fill(b)
		default:
			n := min(held, m.rest)
			rb.take(int(n))
			m.rest -= n
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// moreFrames reports whether the buffer holds a whole frame behind the message that is handed out.
func (rc *receiver) moreFrames() bool {
	m, p := &rc.msg, rc.buf.unread()
	if m.open || int64(len(p)) <= m.rest {
		return false
	}
	p = p[m.rest:]
	h, n, err := frame.Parse(p)
	return err == nil && int64(len(p)-n) >= h.Length
}
