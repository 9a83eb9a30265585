package stream

import (
	"context"
	"fmt"
	"net"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
)

// WriteBuffers sends bufs, one after the other, as one message in one frame, without joining them first; op is Text or
// Binary. It changes neither bufs nor what is in them, and keeps nothing. Otherwise it is as [Socket.WriteText] and
// [Socket.WriteBinary]: text that is not UTF-8 as a whole, and another opcode, are an [*ArgumentError].
func (s *Socket) WriteBuffers(ctx context.Context, op opcode.Opcode, bufs net.Buffers) error {
	if !op.IsMessage() {
		return &ArgumentError{"WriteBuffers", fmt.Sprintf("a message cannot begin with opcode %v", op)}
	}
	var size int64
	var text utf8Checker
	for _, p := range bufs {
		size += int64(len(p))
		if op == opcode.Text && !text.check(p) {
			return &ArgumentError{"WriteBuffers", "the text is not UTF-8"}
		}
	}
	if !text.complete() {
		return &ArgumentError{"WriteBuffers", "the text ends within a code point"}
	}
	if err := s.enterMessage(ctx); err != nil {
		return err
	}
	defer s.msgGate.leave()
	if s.deflation != nil && size >= int64(s.deflation.threshold) {
		return s.writeBuffersCompressed(ctx, frame.Header{Opcode: op}, size, bufs)
	}
	return s.writeBuffersPlain(ctx, op, size, bufs)
}

func (s *Socket) writeBuffersPlain(ctx context.Context, op opcode.Opcode, size int64, bufs net.Buffers) error {
	if err := s.enterWire(ctx); err != nil {
		return err
	}
	buf := takeBuffer(payloadAt + int(min(size, bulkSize)))
	defer giveBuffer(buf)
	b := bounds{ctx: ctx}
	err := s.sendBatch(b)
	if err == nil {
		err = s.putBuffers(b, frame.Header{Fin: true, Opcode: op, Length: size}, buf, bufs)
	}
	if err = s.leaveWire(err); err == nil {
		s.trace.messageSent()
	}
	return err
}

func (s *Socket) putBuffers(b bounds, h frame.Header, buf []byte, bufs net.Buffers) error {
	f := s.beginFrame(b, h, buf)
	for _, p := range bufs {
		if err := add(&f, p); err != nil {
			return err
		}
	}
	return f.flush()
}

// writeBuffersCompressed sends the message compressed, if that makes it shorter.
func (s *Socket) writeBuffersCompressed(ctx context.Context, h frame.Header, size int64, bufs net.Buffers) error {
	d := s.borrowDeflater(int(min(size, bulkSize)))
	defer d.giveBack()
	for _, p := range bufs {
		d.add(p)
	}
	payload := d.finish()
	if int64(len(payload)) >= size {
		return s.writeBuffersPlain(ctx, h.Opcode, size, bufs)
	}
	h.RSV1 = true
	err := writeWhole(s, ctx, h, payload)
	if err == nil {
		for _, p := range bufs {
			s.deflation.out.add(p)
		}
		s.trace.messageSent()
	}
	return err
}
