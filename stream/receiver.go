package stream

import (
	"context"
	"io"
	"sync/atomic"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/gate"
	"github.com/litert/websocket/internal/transport"
)

// A receiver takes frames off the transport, and hands out messages. It knows nothing of how bytes are written. There is
// one state machine for all modes: nextFrame takes it from header to header, and a message says how far that has come.
//
// The goroutine inside gate is the receiver; it leaves by defer, so that a panic of a hook leaves nothing taken.
type receiver struct {
	// constant after New
	wire   *wire
	ctl    *control
	zip    *deflation // nil: no compression was agreed on
	limits limits

	// gen is the generation of the current message. Any goroutine may add to it, which ends the Reader that has the
	// generation before. whole is that of the message that was handed out last and read to its end, so that its Reader
	// knows the end without a turn. reader is the deadline with which the Reader of gen waits for its turn; nil: it has none.
	gen, whole atomic.Uint64
	reader     atomic.Pointer[transport.Deadline]

	gate   gate.Gate // admits one receiver, which owns following
	turns  uint64    // how often there was one
	buf    readBuffer
	msg    message
	fresh  *freshReaders
	closed bool // a close frame has come, right or wrong
}

// limits are what a receiver refuses beyond what is always illegal, and what it does by its mode.
type limits struct {
	message       int64 // bytes
	mode          frame.ReceiveMode
	server        bool
	allowUnmasked bool
	reuse         bool // the memory of what was handed out whole is used again
}

// A purpose is what a goroutine becomes the receiver for.
type purpose uint8

const (
	toReceive purpose = iota // the next message, which ends the Reader of the one before
	toRead                   // the message of a Reader that is not stale, nor at its end
	toGoOn                   // whatever comes next: a NetConn reads on from message to message
)

func (rc *receiver) tr() *transport.Conn { return rc.wire.tr }
func (rc *receiver) end() *ending        { return rc.wire.end }

// enter makes the caller the receiver, until it leaves. The wait for that obeys b, and the purpose: with toRead, it ends
// with the message of generation gen. An error of b leaves the connection as it was; any other is why the caller cannot
// receive any more.
func (rc *receiver) enter(b transport.Bounds, p purpose, gen uint64) error {
	if rc.gate.TryEnter() {
		return rc.entered(p, gen)
	}
	return rc.awaitTurn(b, p, gen)
}

// awaitTurn is enter while there is another receiver.
func (rc *receiver) awaitTurn(b transport.Bounds, p purpose, gen uint64) error {
	until := &rc.end().done
	if p == toGoOn {
		until = nil // what has come is read, and the end behind it is found there
	}
	for {
		err := rc.check(p, gen)
		if err == nil {
			err = b.EnterUnless(&rc.gate, until, func() error { return rc.check(p, gen) })
		}
		switch err {
		case nil:
			return rc.entered(p, gen)
		case gate.ErrWoken: // b has another deadline, or the Reader has ended
		case gate.ErrDone:
			return rc.ended(p, gen)
		default:
			return err
		}
	}
}

// check returns why the caller need not become the receiver: with toRead, that is what outcome says.
func (rc *receiver) check(p purpose, gen uint64) error {
	if p != toRead {
		return nil
	}
	return rc.outcome(gen)
}

// ended returns why the caller cannot become the receiver any more.
func (rc *receiver) ended(p purpose, gen uint64) error {
	if p != toRead {
		return rc.end().reason()
	}
	if err := rc.outcome(gen); err != nil {
		return err
	}
	return inMessage(rc.end().reason())
}

// begin makes the caller of Receive the receiver, and ends the Reader of the message before. Between messages it waits for
// bytes. With an error, the caller is not the receiver.
func (rc *receiver) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := rc.enter(transport.Bounds{Ctx: ctx}, toReceive, 0); err != nil {
		return err
	}
	if !rc.awaits() {
		return nil
	}
	return rc.awaitMessage(ctx)
}

// entered begins the caller's turn as the receiver, or leaves.
func (rc *receiver) entered(p purpose, gen uint64) (err error) {
	switch p {
	case toRead:
		err = rc.outcome(gen)
	case toReceive:
		if rc.end().hasEnded() {
			err = rc.endOfReceiving()
		}
	}
	if err != nil {
		rc.leave()
		return err
	}
	rc.turns++
	if p == toReceive {
		rc.newGeneration()
		rc.buf.viewed = false
	}
	return nil
}

// endOfReceiving returns why nothing is received any more: the first time, that it has cut a message short which was to be
// handed out as a whole, or frame by frame.
func (rc *receiver) endOfReceiving() error {
	m := &rc.msg
	if m.begun || rc.limits.mode == frame.Frames && m.state == reading {
		return rc.failed(rc.end().reason())
	}
	return rc.end().reason()
}

// awaits reports whether there is no message, and no part of one, so that bytes are waited for without a buffer.
func (rc *receiver) awaits() bool {
	if !rc.tr().AwaitsBare() {
		rc.buf.large = false // it is held while there is nothing to read
	}
	return rc.tr().CanAwait() && rc.buf.r == rc.buf.w && !rc.msg.underWay()
}

// awaitMessage waits for bytes, or leaves. It takes little of the stack: an idle connection is to have a small one.
func (rc *receiver) awaitMessage(ctx context.Context) error {
	rb := &rc.buf
	rb.release()
	buf, n, err := rc.tr().Await(transport.Bounds{Ctx: ctx}, rb.wanted())
	if err != nil {
		return rc.awaitFailed(err)
	}
	rb.came(buf, n, rc.tr())
	rc.came(n)
	return nil
}

// awaitFailed leaves with what an error of the transport comes to, also where a hook panics.
func (rc *receiver) awaitFailed(err error) error {
	defer rc.leave()
	return unbounded(rc.readFailed(err))
}

// newGeneration ends the Reader of the message before.
func (rc *receiver) newGeneration() uint64 {
	gen := rc.gen.Add(1)
	if before := rc.reader.Load(); before != nil {
		rc.reader.Store(nil)
		before.Wake()
	}
	return gen
}

// outcome returns how the message of generation gen has ended for its Reader, if that is known without a turn: ErrStale,
// or io.EOF. It is nil otherwise.
func (rc *receiver) outcome(gen uint64) error {
	switch {
	case rc.gen.Load() != gen:
		return ErrStale
	case rc.whole.Load() == gen:
		return io.EOF
	}
	return nil
}

// tryEnter makes the caller the receiver, if there is none.
func (rc *receiver) tryEnter() bool { return rc.gate.TryEnter() }

// leave lets the next receiver in. After the end of the connection, it clears up.
func (rc *receiver) leave() {
	rc.gate.Leave()
	if rc.end().hasEnded() {
		rc.clearUp()
	}
}

// clearUp lets go of what a message that was not read to its end has borrowed, and of a read buffer without anything to read,
// after the connection has ended: now, or when the receiver leaves.
func (rc *receiver) clearUp() {
	if !rc.tryEnter() {
		return
	}
	defer rc.gate.Leave()
	if rc.msg.payload != nil {
		rc.msg.breakOff(inMessage(rc.end().reason()))
	}
	if len(rc.buf.unread()) == 0 {
		rc.buf.release()
	}
}

// overhear reads up to the header of the next message, if there is none under way, and leaves that to the receiver which
// wants it.
func (rc *receiver) overhear(b transport.Bounds) {
	if rc.gate.Enter(b.Ctx, &rc.end().done) != nil {
		return
	}
	defer rc.leave()
	if !rc.end().hasEnded() && !rc.msg.underWay() {
		rc.nextMessage(b)
	}
}

// glance tells how many turns there were, and whether there is no message under way. It does nothing while there is a
// receiver.
func (rc *receiver) glance() (turns uint64, resting, ok bool) {
	if !rc.tryEnter() {
		return 0, false, false
	}
	defer rc.leave()
	return rc.turns, !rc.msg.underWay(), true
}

// takeOver reads and discards what comes, until the connection ends, or ends it when ctx does. It does nothing while there
// is a receiver.
func (rc *receiver) takeOver(ctx context.Context) bool {
	if !rc.tryEnter() {
		return false
	}
	defer rc.leave()
	defer rc.msg.taken() // what has begun meanwhile was nobody's
	b := transport.Bounds{Ctx: ctx}
	rc.msg.taken()
	for !rc.end().hasEnded() {
		err := rc.discard(b)
		if err == nil {
			err = rc.nextFrame(b)
		}
		if err != nil {
			rc.end().set(unfinishedClosing(ctx)) // unless err is of the connection's end
		}
	}
	return true
}
