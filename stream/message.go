package stream

import (
	"context"
	"errors"
	"math"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
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
var Simple = Mode[Message]{mode: frame.Simple, receive: (*Socket).receiveSimple}

// Lite is the mode for messages of a single frame, without a copy: Data is valid only until the next Receive, as it is
// a part of the connection's buffer if the message has up to 16 KiB. Whoever holds it may change it. Clone what must
// last.
//
// A message in fragments is a [*ProtocolError], and ends the connection with code 1002. So the peer must be one that
// sends none, and so must this end: [Socket.NewWriter] wants the option [SingleFrame]. The context is as in [Simple].
var Lite = Mode[Message]{mode: frame.Lite, receive: (*Socket).receiveLite}

var errFragmented = errors.New("message in fragments, where mode Lite wants a single frame")

func (s *Socket) receiveSimple(ctx context.Context) (Message, error) {
	defer s.leaveReceive()
	defer s.handedOut()
	b := bounds{ctx: ctx}
	if err := s.nextMessage(b); err != nil {
		return Message{}, err
	}
	return s.receiveWhole(b, s.cfg.ReuseBuffer)
}

func (s *Socket) receiveLite(ctx context.Context) (Message, error) {
	defer s.leaveReceive()
	defer s.handedOut()
	b := bounds{ctx: ctx}
	if err := s.nextMessage(b); err != nil {
		return Message{}, err
	}
	in := &s.in
	if in.open {
		return Message{}, s.fail(&ProtocolError{closecode.ProtocolError, errFragmented}, closecode.ProtocolError, errFragmented.Error())
	}
	if in.size > smallSize || in.compressed {
		return s.receiveWhole(b, true)
	}
	data, err := s.view(b)
	if err != nil {
		return Message{}, inMessage(err)
	}
	in.pending = false
	return Message{in.op, data}, nil
}

// receiveWhole receives the message that is pending. If keep is set, its memory is used again.
func (s *Socket) receiveWhole(b bounds, keep bool) (Message, error) {
	in := &s.in
	receive := s.gatherMessage
	if in.compressed {
		receive = s.inflateMessage
	}
	if err := receive(b); err != nil {
		return Message{}, inMessage(err)
	}
	in.pending = false
	return Message{in.op, reuse(&in.data, keep)}, nil
}

// view lends the payload of the frame out of the read buffer, where it has room. What has come is unmasked and checked
// at once, and stays where it is until all has. When its bounds end it, it can go on.
func (s *Socket) view(b bounds) ([]byte, error) {
	in := &s.in
	n := int(in.size)
	in.viewed = true
	for in.rest > 0 {
		if held := min(len(in.buffered()), n); held > int(in.pos) {
			if err := s.took(in.buffered()[in.pos:held]); err != nil {
				return nil, err
			}
			continue
		}
		if err := s.fill(b); err != nil {
			return nil, err
		}
	}
	data := in.buf[in.r : in.r+n : in.r+n]
	in.r += n
	in.viewed, in.lent = false, true
	return data, nil
}

// gatherMessage puts together the payload of the message. When its bounds end it, it can go on.
func (s *Socket) gatherMessage(b bounds) error {
	for in := &s.in; ; {
		if err := s.gather(b); err != nil {
			return err
		}
		if !in.open {
			return nil
		}
		if err := s.nextFrame(b); err != nil {
			return err
		}
	}
}

// gather puts the payload of the frame behind what was gathered. When its bounds end it, it can go on.
func (s *Socket) gather(b bounds) error {
	in := &s.in
	for in.rest > 0 {
		in.data = grow(in.data, in.rest, in.open && s.mode != frame.Frames)
		n := len(in.data)
		m, err := s.readPayload(b, in.data[n:min(int64(cap(in.data)), int64(n)+in.rest)])
		if err != nil {
			return err
		}
		in.data = in.data[:n+m]
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
