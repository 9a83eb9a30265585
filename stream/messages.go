package stream

import (
	"context"
	"sync/atomic"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/gate"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/opcode"
)

// messages sends messages, one at a time: whole ones, and that of the open Writer.
type messages struct {
	// constant after New
	wire     *wire
	zip      *deflation // nil: no compression was agreed on
	fragment int        // the limit for fragments; 0: chosen by the kind of write

	gate gate.Gate                // admits one message, which owns zip.out
	out  atomic.Pointer[outgoing] // nil before the first Writer and the first WriteFrame; set once
}

// outgoing returns what there is of a message that takes several calls.
func (m *messages) outgoing() *outgoing {
	if o := m.out.Load(); o != nil {
		return o
	}
	m.out.CompareAndSwap(nil, &outgoing{m: m})
	return m.out.Load()
}

// enter makes the caller the one that may send a message, until it leaves gate. An error says that ctx has ended the wait
// for that, or why no message can be sent any more.
func (m *messages) enter(ctx context.Context) error {
	switch err := m.gate.Enter(ctx, &m.wire.end.done); {
	case err == gate.ErrDone:
		return m.wire.end.writeError()
	case err != nil:
		return err
	case m.wire.isFinished():
		m.gate.Leave()
		return m.wire.end.writeError()
	}
	return nil
}

// write sends p as one message in one frame, compressed if that makes it shorter.
func (m *messages) write(ctx context.Context, op opcode.Opcode, p *payload) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := m.enter(ctx); err != nil {
		return err
	}
	defer m.gate.Leave()
	b := transport.Bounds{Ctx: ctx}
	h := frame.Header{Fin: true, Opcode: op}
	var err error
	if m.zip.compresses(p.size()) {
		err = m.writeCompressed(b, &h, p)
	} else {
		_, err = m.wire.writeFrame(b, &h, p)
	}
	if err == nil {
		m.wire.trace.messageSent()
	}
	return err
}

// writeCompressed sends the message compressed, if that makes it shorter.
func (m *messages) writeCompressed(b transport.Bounds, h *frame.Header, p *payload) error {
	d := m.zip.borrow(p.size())
	defer d.GiveBack()
	d.Add(p.first)
	for _, part := range p.others {
		d.Add(part)
	}
	if compressed := d.Finish(); int64(len(compressed)) < p.size() {
		return m.writeShorter(b, h, p, compressed)
	}
	_, err := m.wire.writeFrame(b, h, p)
	return err
}

// writeShorter sends the message as compressed, which helps those behind it.
func (m *messages) writeShorter(b transport.Bounds, h *frame.Header, p *payload, compressed []byte) error {
	h.RSV1 = true
	_, err := m.wire.writeFrame(b, h, &payload{first: compressed})
	if err == nil {
		m.zip.out.Add(p.first)
		for _, part := range p.others {
			m.zip.out.Add(part)
		}
	}
	return err
}
