package stream

import (
	"net"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/opcode"
)

// A turn is the right to send frames: wire.enter returns it, and leave, which is called once, and by defer, ends it. A wire
// has one turn at a time, and so one for all of them, which belongs to the holder of its gate.
type turn struct {
	w      *wire // constant
	b      transport.Bounds
	sent   int64 // bytes that have left of the frame that was announced last
	others int32 // so many of the bytes that were put off are of turns before
	open   bool  // a frame was begun that has not left as a whole
}

// announce completes the header of the next frame, of size bytes. The caller gives all of it but length and key.
func (t *turn) announce(h *frame.Header, size int64) {
	h.Length = size
	if !t.w.server {
		h.Key, h.Masked = t.w.maskingPolicy().Next()
	}
	if h.Opcode == opcode.Ping {
		t.w.pinged.Store(true)
	}
	t.w.trace.frameSent(h)
	t.sent = 0
}

// remainder returns a copy of what has not left of the frame with the header h and the payload p.
func (t *turn) remainder(h *frame.Header, p []byte) []byte {
	b := append(h.Append(nil), p...)
	frame.Mask(b[h.Len():], h.Key, 0)
	return b[t.sent:]
}

// sendRest sends the remainder of the frame.
func (t *turn) sendRest(p []byte) error {
	n, err := t.w.tr.Write(t.b, p, nil)
	t.left(int64(n))
	t.open = err != nil
	return err
}

// left notes that n bytes of the frame have left.
func (t *turn) left(n int64) {
	t.sent += n
	t.w.trace.bytesSent(n)
}

// leave ends the turn, with what came of it. Unless the connection is as it was, it has ended, or no frame can follow,
// and the error tells that. If again is true, the bounds of the turn have ended it before any of its frame left.
func (t *turn) leave(err error) (again bool, _ error) {
	if err == nil && !t.open {
		t.end()
		return false, nil
	}
	return t.failed(err)
}

// end lets the next turn begin.
func (t *turn) end() {
	t.b = transport.Bounds{}
	t.w.gate.Leave()
}

// failed is leave for a turn whose frame has not left as a whole.
func (t *turn) failed(err error) (again bool, _ error) {
	failed, ok := err.(*transport.Error)
	if !ok { // the transport has not failed, and the frame is unfinished: a hook has panicked
		return false, t.cut(errUnfinished)
	}
	switch failed.Kind {
	case transport.Bounded:
		if t.isUntouched(err) {
			t.end()
			return true, failed.Err
		}
		return false, ofOwnBounds(t.cut(failed.Err))
	case transport.Idle:
		return false, t.cut(ErrIdleTimeout)
	case transport.Lost:
		return false, t.lose(failed.Err)
	default: // the source of a file has failed in the middle of the frame
		return false, t.cut(failed.Err)
	}
}

// isUntouched reports whether err, the end of the bounds, has come before any of the turn's frame left.
func (t *turn) isUntouched(err error) bool {
	failed, ok := err.(*transport.Error)
	return ok && failed.Kind == transport.Bounded && !failed.Broken && t.sent == 0
}

// cut ends the connection, as this end has cut a frame: no other can follow.
func (t *turn) cut(cause error) error {
	w := t.w
	func() {
		defer w.end.drop(false)
		defer t.end()
		defer w.finished.Store(true)
		defer w.end.set(&cutError{"write failed", net.ErrClosed, cause})
		if cause == ErrIdleTimeout && !w.end.hasEnded() {
			w.trace.timeout(cause)
		}
	}()
	return w.end.writeError()
}

// lose notes that the transport takes no more. What the peer sent before can still be received.
func (t *turn) lose(cause error) error {
	w := t.w
	w.end.writeFailed(cause)
	w.finished.Store(true)
	t.end()
	w.end.hearReason()
	return w.end.writeError()
}

// giveUp ends the connection with err, in the middle of a frame.
func (t *turn) giveUp(err error) {
	w := t.w
	w.end.set(err)
	w.finished.Store(true)
	t.end()
	w.end.drop(false)
}
