package stream

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
)

// A Prepared is a message that was encoded once, to be sent over many connections with [Socket.WritePrepared]. Any
// number of goroutines may send it at the same time.
type Prepared struct {
	op   opcode.Opcode
	wire []byte // its frame, not masked
	data []byte // the payload, at the end of wire

	mu         sync.Mutex // guards following
	compressed map[deflaterKind][]byte
}

// Prepare encodes a message with the opcode Text or Binary. It copies data. Another opcode, or text that is not UTF-8,
// is an [*ArgumentError].
func Prepare(op opcode.Opcode, data []byte) (*Prepared, error) {
	if !op.IsMessage() {
		return nil, &ArgumentError{"Prepare", fmt.Sprintf("a message cannot begin with opcode %v", op)}
	}
	if op == opcode.Text && !isUTF8(data) {
		return nil, &ArgumentError{"Prepare", "the text is not UTF-8"}
	}
	h := frame.Header{Fin: true, Opcode: op, Length: int64(len(data))}
	wire := append(h.Append(make([]byte, 0, h.Len()+len(data))), data...)
	return &Prepared{op: op, wire: wire, data: wire[h.Len():]}, nil
}

// WritePrepared sends p as one message in one frame. A server sends the encoded bytes as they are; a client, whose
// frames are masked, copies them. Otherwise it is as [Socket.WriteBinary].
func (s *Socket) WritePrepared(ctx context.Context, p *Prepared) error {
	if err := s.enterMessage(ctx); err != nil {
		return err
	}
	defer s.msgGate.leave()
	err := s.writePrepared(ctx, p)
	if err == nil {
		s.trace.messageSent()
	}
	return err
}

func (s *Socket) writePrepared(ctx context.Context, p *Prepared) error {
	if s.compressible(len(p.data)) {
		if payload := p.compress(s.deflation.kind); len(payload) < len(p.data) {
			err := writeWhole(s, ctx, frame.Header{Opcode: p.op, RSV1: true}, payload)
			if err == nil {
				s.deflation.out.add(p.data)
			}
			return err
		}
	}
	if !s.server {
		return writeWhole(s, ctx, frame.Header{Opcode: p.op}, p.data)
	}
	if err := s.enterWire(ctx); err != nil {
		return err
	}
	b := bounds{ctx: ctx}
	if err := s.sendBatch(b); err != nil {
		return s.leaveWire(err)
	}
	s.trace.frameSent(frame.Header{Fin: true, Opcode: p.op, Length: int64(len(p.data))})
	return s.leaveWire(s.send(b, p.wire, nil))
}

// compress returns the payload compressed, without the help of other messages, so that it fits all connections with
// deflaters of this kind. It is done once for each.
func (p *Prepared) compress(kind deflaterKind) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	payload, ok := p.compressed[kind]
	if !ok {
		d := kind.borrow(nil)
		defer d.giveBack()
		d.add(p.data)
		payload = bytes.Clone(d.finish())
		if p.compressed == nil {
			p.compressed = make(map[deflaterKind][]byte)
		}
		p.compressed[kind] = payload
	}
	return payload
}
