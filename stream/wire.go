package stream

import (
	"sync/atomic"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/gate"
	"github.com/litert/websocket/internal/transport"
)

// payloadAt is where the payload begins in a buffer that a frame is put together in: the header stands right before it.
const payloadAt = frame.MaxHeaderLen

// A wire sends frames, in turns. It knows nothing of what is read.
//
// Order of locks: messages.gate, outgoing.mu, wire.gate; receiver.gate before wire.gate and pongs.mu. The holder of wire.gate
// waits for nothing but the transport, or, inside a single frame that a Writer streams, for its user.
type wire struct {
	// constant after New
	tr       *transport.Conn
	end      *ending
	trace    *tracer
	messages *gate.Gate // of messages: whether others wait to send one
	server   bool

	messagesOnly bool // the transport has no pings and pongs, and masks by itself

	flushing   bool                          // a goroutine will send the batch. Owned by the holder of gate
	finished   atomic.Bool                   // no frame may follow: a close frame is sent, or a frame was cut. Set by the holder of gate
	abandoned  atomic.Bool                   // a message has no end: none may follow
	closeSent  atomic.Bool                   // a close frame was sent. Set by the holder of gate
	pinged     atomic.Bool                   // a ping was sent. Set by the holder of gate
	moreToCome atomic.Bool                   // the receiver has further messages in its buffer, which may be answered soon
	masking    atomic.Pointer[frame.Masking] // of a client; nil: frame.RandomMask

	gate  gate.Gate // admits one turn, which owns following
	turn  turn
	batch []byte // the frames that were put off, to be sent; nil: no buffer is held
}

// isFinished reports whether no message can be sent any more.
func (w *wire) isFinished() bool { return w.isShut() || w.abandoned.Load() }

// isShut reports whether no frame can be sent any more.
func (w *wire) isShut() bool { return w.finished.Load() || w.end.hasEnded() }

// enter waits until the caller may send frames, which no other goroutine does until the turn is left. An error says that b
// ended that wait (again is true then, and the connection is as it was), or that no frame can be sent any more.
func (w *wire) enter(b transport.Bounds) (again bool, err error) {
	return w.enterUntil(b, &w.end.done)
}

// enterUntil is enter for a turn that is given up only with until: with end.gone, frames may still be sent when it is
// known why the connection ends.
func (w *wire) enterUntil(b transport.Bounds, until *gate.Latch) (again bool, err error) {
	for {
		switch err := b.Enter(&w.gate, until); err {
		case nil:
			return w.admit(b, until)
		case gate.ErrWoken: // b has another deadline
		case gate.ErrDone:
			return false, w.end.writeError()
		default:
			return true, err
		}
	}
}

// tryEnter is enter without a wait.
func (w *wire) tryEnter(b transport.Bounds) bool {
	if !w.gate.TryEnter() {
		return false
	}
	_, err := w.admit(b, &w.end.done)
	return err == nil
}

// admit begins a turn of the caller, which is inside gate, or leaves that.
func (w *wire) admit(b transport.Bounds, until *gate.Latch) (again bool, err error) {
	if w.finished.Load() || until.IsSet() {
		w.gate.Leave()
		return false, w.end.writeError()
	}
	if err := b.Err(); err != nil { // what has begun would be cut
		w.gate.Leave()
		return true, err
	}
	t := &w.turn
	t.b, t.others, t.sent, t.open = b, int32(len(w.batch)), 0, false
	return false, nil
}

func (w *wire) setMasking(m frame.Masking) {
	if m == frame.RandomMask && w.masking.Load() == nil {
		return
	}
	own := m // the default is not to be allocated
	w.masking.Store(&own)
}

func (w *wire) maskingPolicy() frame.Masking {
	if m := w.masking.Load(); m != nil {
		return *m
	}
	return frame.RandomMask
}

// unmasked reports whether the next frame goes out as it is: without masking, or with a key of zeros.
func (w *wire) unmasked() bool {
	if w.server {
		return true
	}
	m := w.maskingPolicy()
	return m == frame.NoMask || m == frame.FixedMask(frame.Key{})
}

// writeFrame sends p as one whole frame, small or large, under b. The caller gives all of the header but length and key.
// If again is true, b has ended it before any of the frame left, and the connection is as it was.
func (w *wire) writeFrame(b transport.Bounds, h *frame.Header, p *payload) (again bool, err error) {
	if again, err := w.enter(b); err != nil {
		return again, err
	}
	defer func() { again, err = w.turn.leave(err) }()
	if size := p.size(); size > batchFrame { // turn.whole, without its part of the stack
		return false, w.turn.large(h, p, size)
	}
	return false, w.turn.small(h, p)
}
