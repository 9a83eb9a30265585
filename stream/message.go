package stream

import (
	"context"
	"errors"
	"math"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/buffer"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/opcode"
)

// A Message is a whole message, as the modes [Simple] and [Lite] receive it.
type Message struct {
	Opcode opcode.Opcode // Text or Binary
	Data   []byte        // the mode says whose it is
}

// String returns the data as a string.
func (m Message) String() string { return string(m.Data) }

// Simple is the mode for messages that fit into memory: each is received whole, its fragments put together, and is the
// caller's own. With the option [ReuseBuffer] its Data is valid only until the next Receive.
//
// The context of Receive bounds the whole message. When it ends, nothing is lost: the next Receive goes on where that
// one stopped. No more than 64 KiB, or three times what has come, is allocated ahead of the bytes. [MaxMessageSize]
// bounds the rest.
var Simple = Mode[Message]{mode: frame.Simple, receive: (*receiver).receiveSimple}

// Lite is the mode for messages of a single frame, without a copy: Data is valid only until the next Receive, as it is
// a part of the connection's buffer if the message has up to 16 KiB. The program may change it. Clone what must
// last.
//
// A message in fragments is a [*ProtocolError], and ends the connection with code 1002. So the peer must be one that
// sends none, and so must this end: [Socket.NewWriter] wants the option [SingleFrame]. The context is as in [Simple].
var Lite = Mode[Message]{mode: frame.Lite, receive: (*receiver).receiveLite}

var errFragmented = errors.New("message in fragments, where mode Lite wants a single frame")

func (rc *receiver) receiveSimple(ctx context.Context) (Message, error) {
	b := transport.Bounds{Ctx: ctx}
	if err := rc.nextMessage(b); err != nil {
		return Message{}, unbounded(err)
	}
	return rc.receiveWhole(b, rc.limits.reuse)
}

func (rc *receiver) receiveLite(ctx context.Context) (Message, error) {
	b := transport.Bounds{Ctx: ctx}
	if err := rc.nextMessage(b); err != nil {
		return Message{}, unbounded(err)
	}
	m := &rc.msg
	if m.open {
		return Message{}, rc.failed(rc.end().fail(&ProtocolError{closecode.ProtocolError, errFragmented}, closecode.ProtocolError, errFragmented.Error()))
	}
	if m.size > buffer.Small || m.compressed {
		return rc.receiveWhole(b, true)
	}
	data, err := rc.view(b)
	if err != nil {
		return Message{}, rc.failed(err)
	}
	m.begun = false
	rc.wire.expectMore(rc.moreFrames())
	return Message{m.op, data}, nil
}

// receiveWhole receives the message that was begun. If keep is set, its memory is used again.
func (rc *receiver) receiveWhole(b transport.Bounds, keep bool) (Message, error) {
	m := &rc.msg
	receive := rc.gatherMessage
	if m.compressed {
		receive = rc.inflateMessage
	}
	if err := receive(b); err != nil {
		return Message{}, rc.failed(err)
	}
	m.begun = false
	rc.wire.expectMore(rc.moreFrames())
	return Message{m.op, reuse(&m.data, keep)}, nil
}

// gatherMessage puts together the payload of the message. When its bounds end it, it can go on.
func (rc *receiver) gatherMessage(b transport.Bounds) error {
	for {
		if err := rc.gather(b); err != nil {
			return err
		}
		if !rc.msg.open {
			return nil
		}
		if err := rc.nextFrame(b); err != nil {
			return err
		}
	}
}

// gather puts the payload of the frame behind what was gathered. When its bounds end it, it can go on.
func (rc *receiver) gather(b transport.Bounds) error {
	for m := &rc.msg; m.rest > 0; {
		if len(m.data) == math.MaxInt { // no more can be held
			return rc.failLimit()
		}
		m.data = grow(m.data, m.rest, m.open && rc.limits.mode != frame.Frames)
		n := len(m.data)
		got, err := rc.readPayload(b, m.data[n:min(int64(cap(m.data)), int64(n)+m.rest)])
		if err != nil {
			return err
		}
		m.data = m.data[:n+got]
	}
	return nil
}

// allocateAhead is how much may be allocated for what the peer has announced, and not sent.
const allocateAhead = 64 << 10

// grow makes room for some of the n bytes that were announced, if there is none. If more is set, others will follow.
func grow(p []byte, n int64, more bool) []byte {
	if cap(p) > len(p) {
		return p
	}
	have := int64(len(p))
	size := have + min(n, max(3*have, allocateAhead))
	if more {
		size = max(size, 2*have, 512)
	}
	return append(make([]byte, 0, min(size, math.MaxInt)), p...)
}

// keepAtMost is the size up to which a buffer is kept for the next message.
const keepAtMost = 1 << 20

// reuse returns *p, and leaves its memory there for the next message only if keep is set.
func reuse(p *[]byte, keep bool) []byte {
	data := *p
	if data == nil {
		data = []byte{}
	}
	if *p = nil; keep && cap(data) <= keepAtMost {
		*p = data[:0]
	}
	return data
}
