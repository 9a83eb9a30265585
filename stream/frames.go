package stream

import (
	"context"

	"github.com/litert/websocket/frame"
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
// [Simple]. Control frames are answered as in all modes, the order of frames and the text of messages checked. The
// frames of a message together obey [MaxMessageSize].
//
// There is no [Compression] in this mode: the frames of a compressed message cannot be told apart once it is inflated.
var Frames = Mode[Frame]{mode: frame.Frames, receive: (*Socket).receiveFrame}

func (s *Socket) receiveFrame(ctx context.Context) (Frame, error) {
	defer s.leaveReceive()
	defer s.handedOut()
	b, in := bounds{ctx: ctx}, &s.in
	if !in.pending {
		if err := s.nextFrame(b); err != nil {
			if in.open {
				err = inMessage(err)
			}
			return Frame{}, err
		}
		in.pending = true
	}
	if err := s.gather(b); err != nil {
		return Frame{}, inMessage(err)
	}
	f := Frame{Fin: !in.open, Opcode: in.op}
	if in.continued {
		f.Opcode = opcode.Continuation
	}
	in.pending = false
	f.Payload = reuse(&in.data, s.cfg.ReuseBuffer)
	return f, nil
}
