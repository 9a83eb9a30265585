package stream

import (
	"fmt"
	"io"
	"math"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/opcode"
)

// A state is how far a message has come. It says all there is to ask: a message that is complete was read to its end, and
// is what the peer sent; one that is broken never will be.
type state uint8

const (
	none state = iota // there was no message yet
	reading
	complete
	broken // by message.err
)

// A message is the one that the receiver has the header of: what is left of it on the wire, and how it ended.
type message struct {
	// begun: the header was taken, and the message was not handed out. frameBegun is the same of a frame, in mode Frames.
	begun, frameBegun bool

	state      state
	op         opcode.Opcode
	open       bool // the final frame has not begun
	checked    bool // it is text, and read rather than discarded
	compressed bool
	continued  bool // the frame is not the first of its message
	viewed     bool // the first pos bytes of the frame's payload, which were read, are unread bytes of the read buffer
	key        frame.Key
	text       utf8Checker

	rest int64  // what is left of the frame's payload
	pos  int64  // what was read of it
	size int64  // as far as its headers tell
	gen  uint64 // with which it was handed out as a stream; 0: it was not, or is no more
	err  error  // with the state broken

	data []byte // what was put together, and inflated, of a message or frame that is handed out whole

	payload *compressedPayload // nil: it is not being inflated
}

// underWay reports whether a message was begun, and not read to its end or not handed out.
func (m *message) underWay() bool { return m.begun || m.state == reading }

// begin takes over the header of a data frame.
func (m *message) begin(h frame.Header) {
	m.continued = h.Opcode == opcode.Continuation
	if !m.continued {
		m.state, m.err, m.gen, m.begun = reading, nil, 0, true
		m.op, m.size, m.compressed = h.Opcode, 0, h.RSV1
		m.checked, m.text = h.Opcode == opcode.Text, utf8Checker{}
	}
	m.open, m.rest, m.pos, m.key = !h.Fin, h.Length, 0, h.Key
	m.size += h.Length
}

// payloadEnded reports whether all of the payload was taken off the wire.
func (m *message) payloadEnded() bool { return m.rest == 0 && !m.open }

// unmask unmasks p, the next bytes of the frame's payload, and moves on behind them.
func (m *message) unmask(p []byte) {
	frame.Mask(p, m.key, m.pos)
	m.pos += int64(len(p))
	m.rest -= int64(len(p))
}

// breakOff breaks the message with err.
func (m *message) breakOff(err error) {
	if m.state == reading {
		m.state, m.err = broken, err
	}
	m.endInflating()
}

// taken has the message be read by none of those that it was, or would have been, handed out to.
func (m *message) taken() { m.gen, m.begun, m.frameBegun, m.data = 0, false, false, nil }

// finish decides that the message was read to its end.
func (rc *receiver) finish() error {
	m := &rc.msg
	if m.checked && !m.text.complete() {
		return rc.failText()
	}
	m.state = complete
	m.endInflating()
	if m.gen != 0 {
		rc.whole.Store(m.gen)
	}
	return nil
}

// handOut hands the message out as a stream, whose Reader has the deadline d; nil: there is none.
func (rc *receiver) handOut(d *transport.Deadline, gen uint64) {
	m := &rc.msg
	m.begun, m.gen = false, gen
	if d != nil {
		rc.reader.Store(d)
	}
	if m.state == complete {
		rc.whole.Store(gen)
	}
}

// failed takes an error in the middle of a message, and returns what the user is to see: if it has ended the connection,
// it breaks the message, which will not be handed out.
func (rc *receiver) failed(err error) error {
	if isBounded(err) {
		return unbounded(err)
	}
	rc.msg.breakOff(inMessage(err))
	rc.msg.begun, rc.msg.frameBegun = false, false
	return inMessage(err)
}

// nextMessage reads up to the payload of the next message, which is begun then.
func (rc *receiver) nextMessage(b transport.Bounds) error {
	if rc.msg.begun {
		return nil
	}
	if err := rc.discard(b); err != nil {
		return err
	}
	return rc.nextFrame(b)
}

// nextFrame reads up to the payload of the next data frame, and answers the control frames before it. It may only be
// called when nothing is left of the frame before. When its bounds end it, or a hook panics, nothing is lost.
func (rc *receiver) nextFrame(b transport.Bounds) error {
	rb, rules := &rc.buf, rc.rules()
	for pinged := false; ; {
		h, n, err := frame.Parse(rb.unread())
		if err == io.ErrUnexpectedEOF {
			if err := rc.fill(b); err != nil {
				return err
			}
			continue
		}
		if err == nil {
			err = h.Check(rules)
		}
		if err != nil {
			return rc.end().failProtocol(err)
		}
		if h.Opcode == opcode.Ping {
			pinged = true
		} else if pinged {
			rc.tr().Alive()
			pinged = false
		}
		if !h.Opcode.IsControl() {
			rc.wire.trace.frameReceived(h)
			return rc.takeHeader(h, n)
		}
		if len(rb.unread()) < n+int(h.Length) {
			if err := rc.fill(b); err != nil {
				return err
			}
			continue
		}
		rc.wire.trace.frameReceived(h)
		rb.take(n)
		payload := rb.take(int(h.Length))
		frame.Mask(payload, h.Key, 0)
		if err := rc.control(b, h.Opcode, payload); err != nil {
			return err
		}
	}
}

// rules are those for the next frame.
func (rc *receiver) rules() frame.Rules {
	return frame.Rules{
		Server: rc.limits.server, AllowUnmasked: rc.limits.allowUnmasked,
		Fragmented: rc.msg.open, RSV1: rc.zip != nil,
	}
}

// takeHeader begins to receive a data frame, whose header h has n bytes.
func (rc *receiver) takeHeader(h frame.Header, n int) error {
	m := &rc.msg
	if h.Opcode != opcode.Continuation {
		rc.buf.large = false
	}
	if rc.isTooLong(h) {
		return rc.failLimit()
	}
	rc.buf.take(n)
	m.begin(h)
	if h.Fin {
		rc.wire.trace.messageReceived()
	}
	// A compressed message without any payload is empty, though RFC 7692, section 7.2.3.6, has one of a byte for that.
	if m.payloadEnded() && (!m.compressed || m.size == 0) {
		return rc.finish()
	}
	return nil
}

// isTooLong reports whether the data frame with the header h takes its message over the limit.
func (rc *receiver) isTooLong(h frame.Header) bool {
	before, limit, compressed := int64(0), rc.limits.message, h.RSV1
	if h.Opcode == opcode.Continuation {
		before, compressed = rc.msg.size, rc.msg.compressed
	}
	if compressed {
		limit = compressedLimit(limit)
	}
	return h.Length > limit-before
}

// compressedLimit returns how long a compressed message may be that inflates to limit bytes: what is flushed after each
// byte takes some seven.
func compressedLimit(limit int64) int64 {
	if limit > math.MaxInt64/8-1024 {
		return math.MaxInt64
	}
	return 8*limit + 1024
}

// control does what a control frame asks for (RFC 6455, section 5.5), also where the hook for it panics. An error means
// that the connection has ended.
func (rc *receiver) control(b transport.Bounds, op opcode.Opcode, payload []byte) error {
	switch op {
	case opcode.Ping:
		defer rc.ctl.answer(b, payload)
		rc.wire.trace.pingReceived(payload)
	case opcode.Pong:
		rc.ctl.probes.Load().answered(payload)
		rc.wire.trace.pongReceived(payload)
	case opcode.Close:
		return rc.end().closedByPeer(payload)
	}
	return nil
}

// failLimit fails the connection because a message is larger than it may be.
func (rc *receiver) failLimit() error {
	return rc.end().fail(&LimitError{Limit: rc.limits.message}, closecode.MessageTooBig, fmt.Sprintf("message is larger than %d bytes", rc.limits.message))
}

// failText fails the connection because of a text message that is not UTF-8 (RFC 6455, section 8.1).
func (rc *receiver) failText() error {
	return rc.end().fail(&ProtocolError{closecode.InvalidPayload, errInvalidUTF8}, closecode.InvalidPayload, errInvalidUTF8.Error())
}

// timedOut fails the connection because the peer was silent for too long.
func (rc *receiver) timedOut(err error) error {
	rc.wire.trace.timeout(err)
	return rc.end().fail(err, closecode.GoingAway, err.(*timeoutError).what)
}
