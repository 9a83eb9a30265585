package stream

import (
	"context"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/buffer"
	"github.com/litert/websocket/internal/transport"
)

// Small frames that follow one another share a system call. While the receiver has further complete frames in its
// buffer, or another goroutine waits to send a message, a small frame is only put behind those before it. All go out with
// the next frame that does not wait. If none comes, a goroutine sends them as soon as one of the program's own waits for
// something: what is put off waits for running code, and for nothing else.

// batchFrame is the payload of a frame that may be put off, at most.
const batchFrame = 4 << 10

// fits reports whether a frame with n bytes of payload fits behind those that were put off. They go into a small buffer, and
// on into a medium one, which has room for the answers to what the receiver has read at once.
func (w *wire) fits(n int64) bool { return int64(len(w.batch))+frame.MaxHeaderLen+n <= buffer.Medium }

// makeRoom sees to it that a frame with n bytes of payload fits.
func (t *turn) makeRoom(n int64) error {
	if t.w.fits(n) {
		return nil
	}
	return t.sendBatch()
}

// putOff puts a small frame, which fits, behind those that were put off.
func (t *turn) putOff(h *frame.Header, p *payload) {
	size := p.size()
	t.announce(h, size)
	buf := t.w.batch
	if need := len(buf) + h.Len() + int(size); need > cap(buf) {
		buf = append(buffer.Take(need)[:0], buf...)
		buffer.Give(t.w.batch)
	}
	buf = h.Append(buf)
	at := len(buf)
	buf = p.append(buf)
	frame.Mask(buf[at:], h.Key, 0)
	t.w.batch = buf
}

// small sends a frame that may share its system call, if it ends a message: what follows a fragment may be long in coming.
func (t *turn) small(h *frame.Header, p *payload) error {
	if err := t.makeRoom(p.size()); err != nil {
		return err
	}
	t.putOff(h, p)
	if h.Fin && (t.w.moreToCome.Load() || t.w.messages.Awaited() || p.more) {
		t.w.flushSoon()
		return nil
	}
	return t.sendBatch()
}

// flushSoon has what was put off sent, though no other frame comes. The caller holds the gate.
func (w *wire) flushSoon() {
	if !w.flushing {
		w.flushing = true
		go w.flushBatch()
	}
}

// flushBatch sends what was put off, if no turn has done so before.
func (w *wire) flushBatch() {
	if w.gate.Enter(context.Background(), &w.end.gone) != nil {
		return
	}
	w.flushing = false
	if _, err := w.admit(transport.Bounds{Ctx: context.Background()}, &w.end.gone); err == nil {
		w.turn.leave(w.turn.sendBatch())
	}
}

// sendBatch sends what was put off, as must be done before any other frame.
func (t *turn) sendBatch() error {
	w := t.w
	p := w.batch
	if len(p) == 0 {
		return nil
	}
	if sent, err := w.tr.TryWrite(p); err != nil || sent < len(p) {
		return t.finishBatch(sent, err)
	}
	w.trace.bytesSent(int64(len(p)))
	w.batch = nil
	buffer.Give(p)
	t.others = 0
	return nil
}

// finishBatch sends what the socket has not taken at once.
func (t *turn) finishBatch(sent int, err error) error {
	w := t.w
	if err == nil {
		var n int
		n, err = w.tr.Write(t.b, w.batch[sent:], nil)
		sent += n
	}
	w.trace.bytesSent(int64(sent))
	return t.sentBatch(sent, err)
}

// sentBatch lets go of what was sent. If the bounds of the turn have ended that before its own frame has begun to leave,
// this frame is given up alone: the others are not the turn's to cut, and are sent without its bounds.
func (t *turn) sentBatch(sent int, err error) error {
	p, others := t.w.batch, int(t.others)
	if failed, ok := err.(*transport.Error); ok {
		if sent > others || failed.Kind != transport.Bounded || failed.Broken {
			t.sent = int64(max(0, sent-others))
			sent = len(p)
		} else {
			p = p[:others]
		}
	}
	t.others = int32(max(0, others-sent))
	p = p[:copy(p, p[sent:])]
	if len(p) > 0 {
		t.w.batch = p
		t.w.flushSoon()
		return err
	}
	t.w.batch = nil
	buffer.Give(p)
	return err
}

// expectMore notes whether the receiver will come back without having to wait.
func (w *wire) expectMore(more bool) {
	if more != w.moreToCome.Load() {
		w.moreToCome.Store(more)
	}
}
