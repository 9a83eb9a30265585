package stream

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/opcode"
)

// WriteText sends text as one message in one frame. It waits for its turn: while a [Writer] is open, until that is
// closed. Text that is not UTF-8 is an [*ArgumentError], and nothing is sent.
//
// The context bounds all of it. If it ends before the frame has begun, the connection stays as it was; a frame that is
// cut takes the connection with it. When the connection has ended, or is being closed, the error matches
// [net.ErrClosed] and the cause, as far as it is known, unless that was a deadline.
//
// A message of up to 4 KiB may be put off, to share a system call with those behind it: while another goroutine waits
// to write, or the receiver has further frames in its buffer. It goes out as soon as any goroutine of the program waits
// for something, unless the connection is aborted, or the program ends, before. If that fails, the next call says so.
//
// An error means that the peer has not got the message as a whole, nor will. That there is none means that the transport
// has it, or will have it soon, and not that it has arrived: only an answer of the peer's program tells that.
func (s *Socket) WriteText(ctx context.Context, text string) error {
	if !isUTF8String(text) {
		return &ArgumentError{"WriteText", "the text is not UTF-8"}
	}
	return s.send.write(ctx, opcode.Text, &payload{first: bytesOf(text), text: true})
}

// WriteBinary sends p as one message in one frame, as [Socket.WriteText] does. It does not change p, nor keep it.
func (s *Socket) WriteBinary(ctx context.Context, p []byte) error {
	return s.send.write(ctx, opcode.Binary, &payload{first: p})
}

// Write sends p as one message in one frame, as [Socket.WriteText] does; op is Text or Binary, as that of a message to be
// answered. It does not change p, nor keep it. Another opcode, or text that is not UTF-8, is an [*ArgumentError], and
// nothing is sent.
func (s *Socket) Write(ctx context.Context, op opcode.Opcode, p []byte) error {
	switch {
	case !op.IsMessage():
		return &ArgumentError{"Write", fmt.Sprintf("a message cannot begin with opcode %v", op)}
	case op == opcode.Text && !isUTF8(p):
		return &ArgumentError{"Write", "the text is not UTF-8"}
	}
	return s.send.write(ctx, op, &payload{first: p})
}

// Ping sends a ping with data, at most 125 bytes (RFC 6455, section 5.5.2); more is an [*ArgumentError]. It does not
// wait for the pong. Control frames pass between the fragments of an open message. The context bounds it as it does
// [Socket.WriteText]. In a browser, which sends none, the error matches [errors.ErrUnsupported], and nothing has happened.
func (s *Socket) Ping(ctx context.Context, data []byte) error {
	return s.writeControl(ctx, opcode.Ping, "Ping", data)
}

// Pong sends an unsolicited pong (RFC 6455, section 5.5.3). Otherwise it is as [Socket.Ping]. Pings are answered
// without it.
func (s *Socket) Pong(ctx context.Context, data []byte) error {
	return s.writeControl(ctx, opcode.Pong, "Pong", data)
}

func (s *Socket) writeControl(ctx context.Context, op opcode.Opcode, funcName string, data []byte) error {
	if len(data) > frame.MaxControlLen {
		return &ArgumentError{funcName, fmt.Sprintf("%d bytes are more than %d", len(data), frame.MaxControlLen)}
	}
	if s.wire.messagesOnly {
		return fmt.Errorf("stream: %s: a browser sends neither pings nor pongs: %w", funcName, errors.ErrUnsupported)
	}
	_, err := s.wire.writeFrame(transport.Bounds{Ctx: ctx}, &frame.Header{Fin: true, Opcode: op}, &payload{first: data})
	if err == nil {
		s.wire.trace.controlSent(op, data)
	}
	return err
}

// WriteBuffers sends bufs, one after the other, as one message in one frame, without joining them first; op is Text or
// Binary. It changes neither bufs nor what is in them, and keeps nothing. Otherwise it is as [Socket.WriteText] and
// [Socket.WriteBinary]: text that is not UTF-8 as a whole, and another opcode, are an [*ArgumentError].
func (s *Socket) WriteBuffers(ctx context.Context, op opcode.Opcode, bufs net.Buffers) error {
	if !op.IsMessage() {
		return &ArgumentError{"WriteBuffers", fmt.Sprintf("a message cannot begin with opcode %v", op)}
	}
	var text utf8Checker
	for _, p := range bufs {
		if op == opcode.Text && !text.check(p) {
			return &ArgumentError{"WriteBuffers", "the text is not UTF-8"}
		}
	}
	if !text.complete() {
		return &ArgumentError{"WriteBuffers", "the text ends within a code point"}
	}
	return s.send.write(ctx, op, &payload{others: bufs})
}
