package stream

import (
	"context"

	"github.com/litert/websocket/frame"
)

// Small frames that follow one another share a system call. While the receiver has further complete frames in its
// buffer, or somebody else waits to send a message, a small frame is only put behind those before it. All go out with
// the next frame that does not wait. If none comes, a goroutine sends them as soon as one of the program's own waits
// for something: what is put off waits for running code, and for nothing else.

const (
	batchFrame = 4 << 10                                                    // the payload of a frame that may be put off
	batchLimit = smallSize - 2*payloadAt - batchFrame - frame.MaxControlLen // also behind a pong that has reached it
)

// batch are the frames that were put off. It belongs to the holder of wireGate.
type batch struct {
	buf      []byte // to be sent; nil: no buffer is held
	flushing bool   // a goroutine will send it

	written, errno int32 // of the last try to send it at once
}

// putOff puts a small frame behind those that were put off, and returns how many bytes those had. The caller is at the
// wire, and has seen to it that there are fewer than batchLimit.
func putOff[P []byte | string](s *Socket, h frame.Header, p P) (before int) {
	o := &s.batch
	if o.buf == nil {
		o.buf = takeBuffer(smallSize)[:0]
	}
	before = len(o.buf)
	h.Fin, h.Length = true, int64(len(p))
	h.Key, h.Masked = s.nextKey()
	s.trace.frameSent(h)
	o.buf = h.Append(o.buf)
	payload := len(o.buf)
	o.buf = append(o.buf, p...)
	frame.Mask(o.buf[payload:], h.Key, 0)
	return before
}

// writeSmall is writeWhole for a frame that may share its system call. The caller is at the wire.
func writeSmall[P []byte | string](s *Socket, b bounds, h frame.Header, p P) error {
	o := &s.batch
	before := putOff(s, h, p)
	if len(o.buf) < batchLimit && (s.moreToCome.Load() || s.msgGate.awaited()) {
		s.flushSoon()
		return nil
	}
	return s.sendBatchOf(b, before)
}

func (s *Socket) flushSoon() {
	if !s.batch.flushing {
		s.batch.flushing = true
		go s.flushBatch()
	}
}

// sendBatch sends what was put off, as must be done before any other frame. The caller is at the wire.
func (s *Socket) sendBatch(b bounds) error { return s.sendBatchOf(b, len(s.batch.buf)) }

// sendBatchOf sends what was put off, of which all but the first others bytes are of the caller's own frame.
func (s *Socket) sendBatchOf(b bounds, others int) error {
	s.sent = 0
	if len(s.batch.buf) == 0 {
		return nil
	}
	var err error
	if s.raw != nil {
		err = s.tryBatch()
	}
	if err == nil && s.sent < int64(len(s.batch.buf)) { // what the socket has not taken at once
		err = s.send(b, s.batch.buf[s.sent:], nil)
	}
	return s.sentBatch(err, others)
}

// sentBatch lets go of what was sent. If that was cut before the caller's frame has begun, this frame is given up alone:
// the others are not the caller's to cut, and are sent without the caller's bounds.
func (s *Socket) sentBatch(err error, others int) error {
	o, sent := &s.batch, int(s.sent)
	switch {
	case err == nil:
	case sent <= others && mayRetry(err) && !brokenByCut(s.transport):
		o.buf = o.buf[:others]
	default:
		return err
	}
	s.sent = 0
	if o.buf = o.buf[:copy(o.buf, o.buf[sent:])]; len(o.buf) > 0 {
		s.flushSoon()
		return err
	}
	giveBuffer(o.buf)
	o.buf = nil
	return err
}

// flushBatch sends what was put off, if nobody has done so before.
func (s *Socket) flushBatch() {
	ctx := context.Background()
	if s.wireGate.enter(ctx, &s.gone) != nil {
		return
	}
	s.batch.flushing = false
	if s.finished.Load() {
		s.wireGate.leave()
		return
	}
	s.leaveWire(s.sendBatch(bounds{ctx: ctx}))
}

// moreFrames reports whether the buffer holds a whole frame behind the message that is handed out.
func (in *incoming) moreFrames() bool {
	p := in.buffered()
	if in.open || int64(len(p)) <= in.rest {
		return false
	}
	p = p[in.rest:]
	h, n, err := frame.Parse(p)
	return err == nil && int64(len(p)-n) >= h.Length
}

// handedOut notes whether the receiver will come back without having to wait.
func (s *Socket) handedOut() {
	if more := s.in.moreFrames(); more != s.moreToCome.Load() {
		s.moreToCome.Store(more)
	}
}
