package stream

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/gate"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/opcode"
)

// An ending knows why and when the connection ended. Its first error is the one that stays. The caller that has it end
// (set reports that it was the first) also has the transport closed, by drop or by a farewell.
type ending struct {
	// constant after New
	ctl          *control
	closeTimeout time.Duration
	whenEnded    func() // called once; nil: nothing to call

	peerClosed   atomic.Bool // the peer's close frame has come
	shuttingDown atomic.Bool // this end began the closing handshake

	// done: err is set. All waits end with it: for a turn at a gate, for a pong, for the peer's close frame. gone, behind it:
	// the transport is being closed. With it ends what may still be done when it is known why the connection ends: waiting
	// for the wire to send a close frame, or what was put off before it.
	done, gone gate.Latch

	mu     sync.Mutex // guards following
	causes *causes    // nil while there are none
}

// causes are why a connection is not what it was.
type causes struct {
	err      error // why it ended; nil: it has not
	writeErr error // why the transport took no more
}

func (e *ending) wire() *wire     { return e.ctl.wire }
func (e *ending) recv() *receiver { return e.ctl.recv }

func (e *ending) hasEnded() bool { return e.done.IsSet() }

// reason returns why the connection ended, or nil while it has not.
func (e *ending) reason() error { return e.why().err }

func (e *ending) why() causes {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.causes == nil {
		return causes{}
	}
	return *e.causes
}

// causesLocked returns the causes, to be added to.
func (e *ending) causesLocked() *causes {
	if e.causes == nil {
		e.causes = new(causes)
	}
	return e.causes
}

// set lets the connection end with err, if it has not ended, and returns the error that it ended with. The transport
// stays open.
func (e *ending) set(err error) (cause error, first bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.causesLocked()
	if c.err != nil {
		return c.err, false
	}
	if e.shuttingDown.Load() && !errors.Is(err, net.ErrClosed) {
		err = &shutdownError{err}
	}
	c.err = err
	e.done.Set()
	e.ctl.stop()
	return err, true
}

// writeFailed notes why the transport took no more. The connection has not ended by that.
func (e *ending) writeFailed(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c := e.causesLocked(); c.err == nil && c.writeErr == nil { // behind the end, it is by that
		c.writeErr = err
	}
}

// canWrite reports whether the transport has not failed to take what was written.
func (e *ending) canWrite() bool { return e.why().writeErr == nil }

// writeError tells why nothing can be written: an error that matches net.ErrClosed, and never io.EOF, which no writer
// expects.
func (e *ending) writeError() error {
	why := e.why()
	switch {
	case why.writeErr != nil && !isByPeer(why.err): // that the transport has ended, too, says less
		return &cutError{"write failed", net.ErrClosed, why.writeErr}
	case why.err == nil: // a close frame was sent
		return errClosed
	case !errors.Is(why.err, net.ErrClosed) || errors.Is(why.err, io.EOF):
		return &cutError{"cannot write", net.ErrClosed, why.err}
	}
	return why.err
}

// isByPeer reports whether a connection has ended with err because the peer's close frame has come. What wraps the close
// frame of another connection is no such error.
func isByPeer(err error) bool {
	if shutdown, ok := err.(*shutdownError); ok {
		err = shutdown.cause
	}
	_, ok := err.(*CloseError)
	return ok
}

// lost ends the connection because the transport has.
func (e *ending) lost(err error) error {
	cause, _ := e.set(&cutError{"connection lost", io.ErrUnexpectedEOF, err})
	e.drop(false)
	return cause
}

// fail ends the connection with err, and tells the peer the code and reason. The caller is the receiver.
func (e *ending) fail(err error, code closecode.Code, reason string) error {
	cause, first := e.set(err)
	if first {
		e.farewell(code, reason, err != ErrIdleTimeout && err != ErrNoPong)
	}
	return cause
}

// failProtocol fails the connection (RFC 6455, section 7.1.7) because of what the peer sent.
func (e *ending) failProtocol(err error) error {
	code := closecode.ProtocolError
	var broken *frame.Error
	if errors.As(err, &broken) {
		code = broken.Code
		err = broken
	}
	return e.fail(&ProtocolError{Code: code, Err: err}, code, textOf(err))
}

// failMessage ends the connection because an outgoing message cannot be brought to its end.
func (e *ending) failMessage(err error) {
	if _, first := e.set(err); first {
		alone := e.recv().tryEnter()
		if alone {
			defer e.recv().leave()
		}
		e.farewell(closecode.InternalError, "message was aborted", alone)
	}
}

// closedByPeer answers the peer's close frame, if that is not itself the answer to ours, and ends the connection. The
// caller is the receiver.
func (e *ending) closedByPeer(payload []byte) (err error) {
	e.recv().closed = true
	code, reason, err := frame.ParseClose(payload)
	if err != nil {
		return e.failProtocol(err)
	}
	e.peerClosed.Store(true)
	defer func() { // also where the hook panics
		cause, first := e.set(&CloseError{Code: code, Reason: reason})
		if first {
			w := e.wire() // a client lets the server close first
			e.farewell(code, "", w.server && !w.closeSent.Load() && e.recv().mayLose())
		}
		err = cause
	}()
	e.wire().trace.closeReceived(code, reason)
	return nil
}

// closeGrace is how long Close may try to send its frame, and TLS a farewell of its own.
const closeGrace = 100 * time.Millisecond

// drop closes the transport. TLS says a farewell of its own only if it is clean, and not for long: that may have to wait
// for a peer that does not read.
func (e *ending) drop(clean bool) {
	if !e.gone.Set() {
		return
	}
	e.recv().clearUp()
	if clean {
		e.wire().tr.Close(closeGrace)
	} else {
		e.wire().tr.Cut()
	}
	if e.whenEnded != nil {
		defer e.whenEnded()
	}
	e.wire().trace.ended(e.reason())
}

// awaitDrop waits until the transport is closed, and closes it when ctx ends.
func (e *ending) awaitDrop(ctx context.Context) {
	dropped := e.wire().tr.Released()
	if dropped == nil {
		dropped = e.gone.Wait()
	}
	select {
	case <-dropped:
	case <-ctx.Done():
		e.drop(false)
	}
}

// boundedBy returns the bounds of a call that ends at a time. Unlike a context with a deadline, they begin no timer before
// there is something to wait for.
func boundedBy(until time.Time) transport.Bounds {
	d := new(transport.Deadline)
	d.Store(until)
	return transport.Bounds{Ctx: context.Background(), Deadline: d}
}

// sendClose sends a close frame, unless one was sent, along with what was put off. An error says that none was, or that
// none can be any more. Code and reason have been checked.
func (e *ending) sendClose(b transport.Bounds, code closecode.Code, reason string) (err error) {
	var room [frame.MaxControlLen]byte
	body, _ := frame.AppendClose(room[:0], code, reason)
	w := e.wire()
	_, err = w.enterUntil(b, &e.gone)
	switch {
	case err != nil && w.closeSent.Load():
		return nil
	case err != nil:
		return err
	}
	t := &w.turn
	defer func() {
		if t.isUntouched(err) && !e.hasEnded() { // it may be sent later, and messages before it
			w.finished.Store(false)
		}
		_, err = t.leave(err)
	}()
	w.finished.Store(true)                     // before the peer may see the frame
	if err := e.ctl.sendPongs(t); err != nil { // the peer has sent these pings before it may see our frame
		return err
	}
	if err := t.makeRoom(int64(len(body))); err != nil {
		return err
	}
	t.putOff(&frame.Header{Fin: true, Opcode: opcode.Close}, &payload{first: body})
	if err := t.sendBatch(); err != nil {
		return err
	}
	w.closeSent.Store(true)
	w.trace.closeSent(code, reason)
	return nil
}

// hearReason listens for a moment, after the transport has failed to write, for the close frame in which the peer said
// why it left. It takes no message from the receiver that may want it.
func (e *ending) hearReason() {
	ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
	defer cancel()
	e.recv().overhear(transport.Bounds{Ctx: ctx})
}
