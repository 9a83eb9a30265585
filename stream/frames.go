package stream

import (
	"context"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/opcode"
)

// A Frame is a data frame as it came, as the mode [Frames] receives it.
type Frame struct {
	Fin     bool          // it is the last of its message
	Opcode  opcode.Opcode // Text or Binary for the first frame of a message, Continuation for the others
	Payload []byte        // unmasked
}

// Frames is the mode for relays and inspectors: each data frame is received as it came. Its payload is the caller's
// own; with the option [ReuseBuffer] it is valid only until the next Receive. The context and the memory are as in
// [Simple]: a frame is held as a whole, and while it comes, takes up to twice its size. It is the mode for frames of some
// MiB at most; what is larger goes through [Standard] in constant memory, where boundaries need not be kept.
// [Socket.WriteFrame] hands a frame on. Control frames are answered as in all modes, the order of frames and the text of messages checked. The
// frames of a message together obey [MaxMessageSize].
//
// There is no [Compression] in this mode: the frames of a compressed message cannot be told apart once it is inflated.
var Frames = Mode[Frame]{mode: frame.Frames, receive: (*receiver).receiveFrame}

func (rc *receiver) receiveFrame(ctx context.Context) (Frame, error) {
	b, m := transport.Bounds{Ctx: ctx}, &rc.msg
	if !m.begun && !m.frameBegun {
		inside := m.open
		if err := rc.nextFrame(b); err != nil && inside {
			return Frame{}, rc.failed(err)
		} else if err != nil {
			return Frame{}, unbounded(err)
		}
		m.frameBegun = true
	}
	if err := rc.gather(b); err != nil {
		return Frame{}, rc.failed(err)
	}
	f := Frame{Fin: !m.open, Opcode: m.op}
	if m.continued {
		f.Opcode = opcode.Continuation
	}
	m.begun, m.frameBegun = false, false
	f.Payload = reuse(&m.data, rc.limits.reuse)
	rc.wire.expectMore(rc.moreFrames())
	return f, nil
}
