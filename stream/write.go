package stream

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
)

// WriteText sends text as one message in one frame. It waits for its turn: while a [Writer] is open, until that is
// closed. Text that is not UTF-8 is an [*ArgumentError], and nothing is sent.
//
// The context bounds all of it. If it ends before the frame has begun, the connection stays as it was; a frame that is
// cut takes the connection with it. When the connection has ended, or is being closed, the error matches
// [net.ErrClosed] and the cause, as far as it is known.
//
// A message of up to 4 KiB may be put off, to share a system call with those behind it: while another goroutine waits
// to write, or the receiver has further frames in its buffer. It goes out as soon as any goroutine of the program waits
// for something, unless the connection is aborted, or the program ends, before. If that fails, the next call says so.
func (s *Socket) WriteText(ctx context.Context, text string) error {
	if !isUTF8String(text) {
		return &ArgumentError{"WriteText", "the text is not UTF-8"}
	}
	return writeMessage(s, ctx, opcode.Text, text)
}

// WriteBinary sends p as one message in one frame, as [Socket.WriteText] does. It does not change p, nor keep it.
func (s *Socket) WriteBinary(ctx context.Context, p []byte) error {
	return writeMessage(s, ctx, opcode.Binary, p)
}

// Ping sends a ping with data, at most 125 bytes (RFC 6455, section 5.5.2); more is an [*ArgumentError]. It does not
// wait for the pong. Control frames pass between the fragments of an open message. The context bounds it as it does
// [Socket.WriteText].
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
	err := writeWhole(s, ctx, frame.Header{Opcode: op}, data)
	if err == nil {
		s.trace.controlSent(op, data)
	}
	return err
}

// enterMessage makes the caller the one who may send a message.
func (s *Socket) enterMessage(ctx context.Context) error {
	if err := s.msgGate.enter(ctx, &s.done); err == errEnded {
		return s.writeEnd()
	} else if err != nil {
		return err
	}
	if s.Finished() {
		s.msgGate.leave()
		return s.writeEnd()
	}
	return nil
}

func writeMessage[P []byte | string](s *Socket, ctx context.Context, op opcode.Opcode, p P) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.enterMessage(ctx); err != nil {
		return err
	}
	defer s.msgGate.leave()
	h := frame.Header{Opcode: op}
	var err error
	if s.compressible(len(p)) {
		err = writeCompressed(s, ctx, h, p)
	} else {
		err = writeWhole(s, ctx, h, p)
	}
	if err == nil {
		s.trace.messageSent()
	}
	return err
}

// writeWhole sends p in one frame; h is as for putFrame.
func writeWhole[P []byte | string](s *Socket, ctx context.Context, h frame.Header, p P) error {
	if len(p) > batchFrame {
		return writeLarge(s, ctx, h, p)
	}
	if err := s.enterWire(ctx); err != nil {
		return err
	}
	return s.leaveWire(writeSmall(s, bounds{ctx: ctx}, h, p))
}

// writeLarge is writeWhole for a frame that shares no system call.
func writeLarge[P []byte | string](s *Socket, ctx context.Context, h frame.Header, p P) error {
	size := len(p)
	if _, ok := any(p).([]byte); ok && size > copySize && s.vectored && s.server {
		size = 0 // it is written from where it is
	}
	buf := takeBuffer(payloadAt + size)
	defer giveBuffer(buf)
	if err := s.enterWire(ctx); err != nil {
		return err
	}
	b := bounds{ctx: ctx}
	err := s.sendBatch(b)
	if err == nil {
		err = putFrame(s, b, h, buf, p)
	}
	return s.leaveWire(err)
}

// pongs are the answers to the peer's pings that could not be sent at once. If they get too many, as where the peer does
// not read, only the latest is kept: no other needs one (RFC 6455, section 5.5.3).
type pongs struct {
	taken chan struct{} // capacity 1: due was taken, to be sent

	mu      sync.Mutex // guards following
	due     []byte     // each with a byte before it that tells its length
	sending bool
	stuck   bool // due was not taken for long
}

const (
	// pongsKept bounds what is kept of due.
	pongsKept = 4 << 10

	// pongPatience is how long due may be full while nothing is written before it counts as stuck, and not only as slow.
	// As long as something is, it is pongTries times that.
	pongPatience = 100 * time.Millisecond
	pongTries    = 10
)

// answer sees to it that the ping with data is answered. It does not wait until it is: two ends that wait for each other
// to read would do so for ever.
func (s *Socket) answer(b bounds, data []byte) {
	p := s.pongs.Load()
	if p == nil {
		if s.putOffPong(data) {
			return
		}
		p = &pongs{taken: make(chan struct{}, 1)}
		s.pongs.Store(p)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.sending && s.putOffPong(data) {
		return
	}
	for len(p.due)+1+len(data) > pongsKept {
		if p.stuck {
			p.due = p.due[:0]
			break
		}
		p.awaitRoom(b, &s.clock)
	}
	p.due = append(append(p.due, byte(len(data))), data...)
	if !p.sending {
		p.sending = true
		go s.sendPongs(p)
	}
}

// awaitRoom waits until due was taken, and gives up where that takes too long. The caller is the receiver and holds mu,
// but for the wait.
func (p *pongs) awaitRoom(b bounds, c *clock) {
	p.mu.Unlock()
	stuck := p.isStuck(b, c)
	p.mu.Lock()
	p.stuck = stuck
}

// isStuck waits until due was taken, and reports whether it has given that up, as it does soon when b ends.
func (p *pongs) isStuck(b bounds, c *clock) bool {
	patience := time.NewTicker(pongPatience)
	defer patience.Stop()
	for range pongTries {
		last := c.last.Load() // of a write: it is the receiver that waits
		select {
		case <-p.taken:
			return false
		case <-b.ctx.Done():
			return true
		case <-patience.C:
		}
		if c.last.Load() == last || expired(b.user.load()) {
			break
		}
	}
	return true
}

// putOffPong reports whether the answer will be sent with what was put off.
func (s *Socket) putOffPong(data []byte) bool {
	if !s.wireGate.tryEnter() {
		return false
	}
	defer s.wireGate.leave()
	if s.Finished() {
		return true // nothing can be sent any more
	}
	if len(s.batch.buf) >= batchLimit {
		return false
	}
	putOff(s, frame.Header{Opcode: opcode.Pong}, data)
	s.flushSoon()
	s.trace.controlSent(opcode.Pong, data)
	return true
}

// sendPongs sends all that are due.
func (s *Socket) sendPongs(p *pongs) {
	b := bounds{ctx: context.Background()}
	for p.areDue() {
		if s.enterWire(b.ctx) != nil || s.leaveWire(s.writePongs(b, p)) != nil {
			return // nor can any other be answered
		}
	}
}

// areDue reports whether whoever sends the pongs has to go on.
func (p *pongs) areDue() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sending = len(p.due) > 0
	return p.sending
}

// take returns what is due, and makes room for others.
func (p *pongs) take() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	due := p.due
	p.due, p.stuck = nil, false
	select {
	case p.taken <- struct{}{}:
	default: // it was taken before, and nobody has waited for it
	}
	return due
}

// writePongs sends what is due, with as few system calls as it can. The caller is at the wire. A nil p has nothing.
func (s *Socket) writePongs(b bounds, p *pongs) error {
	if p == nil {
		return nil
	}
	for due := p.take(); len(due) > 0; {
		n := 1 + int(due[0])
		putOff(s, frame.Header{Opcode: opcode.Pong}, due[1:n])
		s.trace.controlSent(opcode.Pong, due[1:n])
		if due = due[n:]; len(due) > 0 && len(s.batch.buf) < batchLimit {
			continue
		}
		if err := s.sendBatch(b); err != nil {
			return err
		}
	}
	return nil
}
