package stream

import (
	"errors"
	"io"
	"math"
	"sync"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/buffer"
	"github.com/litert/websocket/internal/deflate"
	"github.com/litert/websocket/internal/transport"
)

// A compressedPayload is the payload of a message that is being inflated.
type compressedPayload struct {
	rc       *receiver
	z        *deflate.Inflater
	inflated int64            // bytes that have come out
	b        transport.Bounds // of the call that is under way
	lent     loan             // the latest piece
}

// No connection keeps a compressedPayload behind its message.
var compressedPayloads = sync.Pool{New: func() any { return new(compressedPayload) }}

// endInflating lets go of what inflates the message.
func (m *message) endInflating() {
	c := m.payload
	if c == nil {
		return
	}
	m.payload = nil
	c.z.Release()
	c.lent.giveBack()
	*c = compressedPayload{}
	compressedPayloads.Put(c)
}

// Next returns the next piece of the payload, as it came, but unmasked.
func (c *compressedPayload) Next() ([]byte, error) {
	rc := c.rc
	c.lent.giveBack()
	if err := rc.nextPayload(c.b); err != nil {
		return nil, err
	}
	if len(rc.buf.unread()) == 0 {
		if err := rc.fill(c.b); err != nil {
			return nil, err
		}
	}
	n := int(min(int64(len(rc.buf.unread())), rc.msg.rest))
	if rb := &rc.buf; n == len(rb.buf) {
		rb.large = true // it has filled a small one
	}
	c.lent = rc.buf.lend(n)
	rc.msg.unmask(c.lent.p)
	return c.lent.p, nil
}

// Ended reports whether there is no further piece.
func (c *compressedPayload) Ended() bool { return c.rc.msg.payloadEnded() }

// beginInflating begins to inflate the message, whose payload has begun. If that is in the read buffer as a whole, it
// inflates faster.
func (rc *receiver) beginInflating() {
	m := &rc.msg
	c := compressedPayloads.Get().(*compressedPayload)
	c.rc = rc
	if m.open || m.rest > int64(len(rc.buf.unread())) {
		c.z = deflate.Inflate(rc.zip.id, &rc.zip.in, c)
	} else {
		p := rc.buf.take(int(m.rest))
		m.unmask(p)
		c.z = deflate.InflateBytes(rc.zip.id, &rc.zip.in, p)
	}
	m.payload = c
}

// readInflated reads the payload of a compressed message. It returns io.EOF behind its last byte.
func (rc *receiver) readInflated(b transport.Bounds, p []byte) (int, error) {
	m := &rc.msg
	if m.payload == nil {
		switch err := rc.nextPayload(b); {
		case err == io.EOF: // it came in frames without payload
			return 0, rc.finishAtEnd()
		case err != nil:
			return 0, err
		}
		rc.beginInflating()
	}
	c := m.payload
	if room := rc.limits.message - c.inflated; room < math.MaxInt64 && int64(len(p)) > room {
		p = p[:room+1] // one more says that it is too much
	}
	c.b = b
	n, err := c.z.Read(p)
	c.b = transport.Bounds{}
	c.inflated += int64(n)
	var corrupt *deflate.CorruptError
	switch {
	case c.inflated > rc.limits.message:
		return 0, rc.failLimit()
	case m.checked && !m.text.check(p[:n]):
		return 0, rc.failText()
	case err == nil && c.z.Done():
		return n, rc.finish()
	case err == nil:
		return n, nil
	case err == io.EOF:
		return 0, rc.finishAtEnd()
	case errors.As(err, &corrupt):
		return 0, rc.end().fail(&ProtocolError{closecode.InvalidPayload, corrupt.Err}, closecode.InvalidPayload, "message does not inflate")
	}
	return 0, err
}

// finishAtEnd is finish for a read that has nothing more to return.
func (rc *receiver) finishAtEnd() error {
	if err := rc.finish(); err != nil {
		return err
	}
	return io.EOF
}

// discardInflated inflates the current message to its end, for the sake of those behind it.
func (rc *receiver) discardInflated(b transport.Bounds) error {
	buf := buffer.Take(buffer.Small)
	defer buffer.Give(buf)
	for rc.msg.state == reading {
		if _, err := rc.readInflated(b, buf); err != nil && err != io.EOF {
			return err
		}
	}
	return nil
}

// inflateMessage inflates the message that was begun, to msg.data. Of one small frame all is awaited before, as it inflates
// faster then. When its bounds end it, it can go on.
func (rc *receiver) inflateMessage(b transport.Bounds) error {
	m := &rc.msg
	if m.payload == nil && !m.open && m.size <= buffer.Small {
		for int64(len(rc.buf.unread())) < m.rest {
			if err := rc.fill(b); err != nil {
				return err
			}
		}
	}
	for m.state == reading {
		if len(m.data) == math.MaxInt { // no more can be held
			return rc.failLimit()
		}
		if len(m.data) == cap(m.data) {
			m.data = grow(m.data, 4*min(m.size, math.MaxInt64/4), true)
		}
		n := len(m.data)
		got, err := rc.readInflated(b, m.data[n:cap(m.data)])
		m.data = m.data[:n+got]
		if err != nil && err != io.EOF {
			return err
		}
	}
	return nil
}
