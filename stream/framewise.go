package stream

import (
	"context"
	"fmt"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/gate"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/opcode"
)

// WriteFrame sends f as exactly one data frame, so that a relay in mode [Frames] keeps boundaries: what a Receive of
// that mode has returned can be handed on as it is. The first frame of a message has the opcode Text or Binary, those
// behind it Continuation, and the last one Fin (RFC 6455, section 5.4).
//
// The first frame waits for its turn as [Socket.WriteText] does; from then on all other messages wait for the last one.
// The frames of a message are for one goroutine, or several that take turns. To give up a message that was begun, end the
// connection, with [Socket.Shutdown] or [Socket.Abort]: nothing else tells the peer that it will not be whole.
//
// The context bounds all of it, also for each of the frames behind the first. If it ends before the frame has begun, the
// connection stays as it was, and the same frame may be tried again; a frame that is cut takes the connection with it.
// What is no frame of a message, in its place, is an [*ArgumentError], and nothing is sent: another opcode, Continuation
// where no message was begun, Text or Binary where one was, text that is not UTF-8, and in mode [Lite] a message in
// fragments. Otherwise errors are those of WriteText. WriteFrame neither compresses the payload, nor changes or keeps it.
func (s *Socket) WriteFrame(ctx context.Context, f Frame) error {
	switch {
	case !f.Opcode.IsMessage() && f.Opcode != opcode.Continuation:
		return &ArgumentError{"WriteFrame", fmt.Sprintf("a data frame cannot have opcode %v", f.Opcode)}
	case !f.Fin && s.recv.limits.mode == frame.Lite:
		return &ArgumentError{"WriteFrame", "in mode Lite a message has a single frame"}
	}
	return s.send.writeFrame(ctx, f)
}

// A framewise is the message that WriteFrame sends, frame by frame.
type framewise struct {
	gate gate.Gate // admits one call, which owns following
	open bool      // a message was begun, and not ended: it holds messages.gate
	text utf8Checker
	op   opcode.Opcode
}

func (m *messages) writeFrame(ctx context.Context, f Frame) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &m.outgoing().frames
	switch err := w.gate.Enter(ctx, &m.wire.end.done); err {
	case nil:
	case gate.ErrDone:
		return m.wire.end.writeError()
	default:
		return err
	}
	defer w.gate.Leave()
	if m.wire.isFinished() {
		return m.wire.end.writeError()
	}
	text, err := w.admit(f)
	if err != nil {
		return err
	}
	if !w.open {
		if err := m.enter(ctx); err != nil {
			return err
		}
		w.op = f.Opcode
	}
	goesOn := w.open
	defer func() { // also where a hook panics
		if w.open = goesOn; !goesOn {
			m.gate.Leave()
		}
	}()
	h := frame.Header{Fin: f.Fin, Opcode: f.Opcode}
	again, err := m.wire.writeFrame(transport.Bounds{Ctx: ctx}, &h, &payload{first: f.Payload})
	if err != nil {
		goesOn = goesOn && again
		return err
	}
	w.text, goesOn = text, !f.Fin
	if f.Fin {
		m.wire.trace.messageSent()
	}
	return nil
}

// admit returns how far the text is behind f, or why f may not be the next frame.
func (w *framewise) admit(f Frame) (text utf8Checker, err error) {
	op := f.Opcode
	switch begins := op != opcode.Continuation; {
	case begins && w.open:
		return text, &ArgumentError{"WriteFrame", "a message was begun that has not ended"}
	case !begins && !w.open:
		return text, &ArgumentError{"WriteFrame", "no message was begun"}
	case !begins:
		op, text = w.op, w.text
	}
	if op == opcode.Text && (!text.check(f.Payload) || f.Fin && !text.complete()) {
		return text, &ArgumentError{"WriteFrame", "the text is not UTF-8"}
	}
	return text, nil
}
