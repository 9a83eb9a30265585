package stream

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/deflate"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/opcode"
)

// A Prepared is a message that is checked, and compressed, once, to be sent over many connections with
// [Socket.WritePrepared]. Any number of goroutines may send it at the same time.
type Prepared struct {
	op   opcode.Opcode
	data []byte

	mu         sync.Mutex // guards following
	compressed map[deflate.Kind][]byte
}

// Prepare makes a message with the opcode Text or Binary. It copies data. Another opcode, or text that is not UTF-8,
// is an [*ArgumentError].
func Prepare(op opcode.Opcode, data []byte) (*Prepared, error) {
	if !op.IsMessage() {
		return nil, &ArgumentError{"Prepare", fmt.Sprintf("a message cannot begin with opcode %v", op)}
	}
	if op == opcode.Text && !isUTF8(data) {
		return nil, &ArgumentError{"Prepare", "the text is not UTF-8"}
	}
	return &Prepared{op: op, data: bytes.Clone(data)}, nil
}

// WritePrepared sends p as one message in one frame. A server sends its bytes from where they are, if there are many.
// Otherwise it is as [Socket.WriteBinary].
func (s *Socket) WritePrepared(ctx context.Context, p *Prepared) error {
	if err := s.send.enter(ctx); err != nil {
		return err
	}
	defer s.send.gate.Leave()
	err := s.send.writePrepared(transport.Bounds{Ctx: ctx}, p)
	if err == nil {
		s.wire.trace.messageSent()
	}
	return err
}

func (m *messages) writePrepared(b transport.Bounds, p *Prepared) error {
	h, whole := frame.Header{Fin: true, Opcode: p.op}, payload{first: p.data}
	if m.zip.compresses(int64(len(p.data))) {
		if compressed := p.compress(m.zip.kind); len(compressed) < len(p.data) {
			return m.writeShorter(b, &h, &whole, compressed)
		}
	}
	_, err := m.wire.writeFrame(b, &h, &whole)
	return err
}

// compress returns the payload compressed, without the help of other messages, so that it fits all connections with
// deflaters of this kind. It is done once for each.
func (p *Prepared) compress(kind deflate.Kind) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	payload, ok := p.compressed[kind]
	if !ok {
		d := kind.Borrow(nil)
		defer d.GiveBack()
		d.Add(p.data)
		payload = bytes.Clone(d.Finish())
		if p.compressed == nil {
			p.compressed = make(map[deflate.Kind][]byte)
		}
		p.compressed[kind] = payload
	}
	return payload
}
