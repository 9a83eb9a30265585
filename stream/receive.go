package stream

import (
	"context"
	"errors"
	"io"
	"math"
	"sync/atomic"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
)

// incoming is the receiving side: the read buffer, and how far the current message has come. There is one state machine
// for all modes, in this file: nextFrame takes it from header to header, readMessage through the payload.
type incoming struct {
	buf   []byte // nil: none is held
	r, w  int    // buf[r:w] is unread
	turns uint64 // how often somebody came to receive
	fresh *freshReaders

	gen   atomic.Uint64 // of the current message; any goroutine may add to it, which ends the Reader
	rest  int64         // what is left of the frame's payload
	pos   int64         // what was read of it
	size  int64         // of the message, as far as its headers tell
	z     *inflater     // inflates the message; nil: it is not compressed, or not handed out, or at its end
	data  []byte        // what was put together, and inflated, of a message or frame that is handed out whole
	key   frame.Key
	errno int32 // of the last try to read without a buffer
	text  utf8Checker
	op    opcode.Opcode // of the current message

	pending    bool // the message has begun, and was not handed out
	open       bool // its final frame has not begun
	checked    bool // it is text, and read rather than discarded
	compressed bool
	continued  bool // the frame is not the first of its message
	lent       bool // somebody looks into buf, ahead of r
	bulk       bool // the next buffer shall be a large one
	viewed     bool // pos bytes of the payload, which were read, stand at buf[r:]

	// What followed the message that was handed out last was thrown away with the connection.
	over  bool
	whole bool // that message had been read to its end
}

func (in *incoming) init(buffered []byte) {
	if len(buffered) > 0 {
		in.hold(buffered)
	}
}

// wanted returns how large the next buffer shall be.
func (in *incoming) wanted() int {
	if in.bulk {
		return bulkSize
	}
	return smallSize
}

// hold has a buffer of its own for p, which is unread.
func (in *incoming) hold(p []byte) {
	if n := max(in.wanted(), len(p)); n <= bulkSize {
		in.buf = takeBuffer(n)
	} else {
		in.buf = make([]byte, n)
	}
	in.r, in.w = 0, copy(in.buf, p)
}

// atEnd reports whether all of the message was read.
func (in *incoming) atEnd() bool { return in.rest == 0 && !in.open && in.z == nil }

// ahead tells how much of the message is announced, and whether more may follow.
func (in *incoming) ahead() (n int64, more bool) {
	if in.z != nil {
		return 4 * (in.rest + int64(len(in.buffered()))), true
	}
	return in.rest, in.open
}

func (in *incoming) buffered() []byte { return in.buf[in.r:in.w] }

// begin takes over the header of a data frame.
func (in *incoming) begin(h frame.Header) {
	if h.Opcode != opcode.Continuation {
		in.op, in.size, in.compressed = h.Opcode, 0, h.RSV1
		in.checked, in.text = h.Opcode == opcode.Text, utf8Checker{}
		in.bulk = false
	}
	in.continued = h.Opcode == opcode.Continuation
	in.open, in.rest, in.pos, in.key = !h.Fin, h.Length, 0, h.Key
	in.size += h.Length
}

// taken unmasks p, the next bytes of the payload, and moves on behind them.
func (in *incoming) taken(p []byte) {
	frame.Mask(p, in.key, in.pos)
	in.pos += int64(len(p))
	in.rest -= int64(len(p))
}

// enterReceive makes the caller the receiver, until it leaves, and ends the message before. Between messages it waits
// for bytes.
func (s *Socket) enterReceive(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.recvGate.enter(ctx, &s.done); err == errEnded {
		return s.Err()
	} else if err != nil {
		return err
	}
	if s.hasEnded() {
		s.leaveReceive()
		return s.Err()
	}
	in := &s.in
	in.turns++
	in.gen.Add(1)
	in.lent = in.lent && s.mode != frame.Lite // that ends the view
	if s.raw == nil {
		in.bulk = false // it is held while there is nothing to read
	} else if in.r == in.w && in.atEnd() && !in.pending {
		in.giveBack()
		if _, err := s.read(bounds{ctx: ctx}, nil); err != nil {
			s.leaveReceive()
			return err
		}
	}
	return nil
}

// leaveReceive lets the next receiver in. The last one clears up.
func (s *Socket) leaveReceive() {
	s.recvGate.leave()
	if s.hasEnded() {
		s.clearUp()
	}
}

// clearUp lets go of what a message that was not read to its end has borrowed, after the connection has ended: now, or
// when the receiver leaves.
func (s *Socket) clearUp() {
	if !s.recvGate.tryEnter() {
		return
	}
	if in := &s.in; in.z != nil {
		in.over, in.whole = true, false
		in.release()
	}
	s.recvGate.leave()
}

// nextMessage reads up to the payload of the next message, which is pending then.
func (s *Socket) nextMessage(b bounds) error {
	if s.in.pending {
		return nil
	}
	err := s.discard(b)
	if err == nil {
		err = s.nextFrame(b)
	}
	s.in.pending = err == nil
	return err
}

// beginReading begins to hand out the message that is pending as a stream.
func (s *Socket) beginReading() {
	s.in.pending = false
	if s.in.compressed {
		s.inflate()
	}
}

// receive is Receive in Standard mode.
func (s *Socket) receive(ctx context.Context) (*Reader, error) {
	defer s.leaveReceive()
	if err := s.nextMessage(bounds{ctx: ctx}); err != nil {
		return nil, err
	}
	s.beginReading()
	s.handedOut()
	in := &s.in
	r := in.newReader()
	r.s, r.gen, r.op, r.compressed, r.size = s, in.gen.Load(), in.op, in.compressed, -1
	if !in.open && !in.compressed {
		r.size = in.size
	}
	return r, nil
}

// newReader returns a Reader that nobody has had. They are made in batches, the smaller the fewer were needed.
func (in *incoming) newReader() *Reader {
	if in.fresh == nil || in.fresh.n == len(in.fresh.readers) {
		in.fresh = &freshReaders{readers: make([]Reader, min(in.turns, madeAtOnce))}
	}
	in.fresh.n++
	return &in.fresh.readers[in.fresh.n-1]
}

// madeAtOnce is how many Readers, or Writers, are made at once, at most.
const madeAtOnce = 8

// freshReaders have n Readers in use, and others that nobody has had.
type freshReaders struct {
	readers []Reader
	n       int
}

// discard reads the current message to its end and throws it away.
func (s *Socket) discard(b bounds) error {
	in := &s.in
	in.checked = false
	if in.viewed {
		in.r += int(in.pos)
		in.viewed = false
	}
	if in.z != nil && s.deflation.in.size == 0 {
		in.release()
	}
	for !in.atEnd() {
		held := int64(len(in.buffered()))
		var err error
		switch {
		case in.z != nil: // the messages behind need it
			err = s.discardInflated(b)
		case in.rest == 0:
			err = s.nextFrame(b)
		case held == 0:
			err = s.fill(b)
		default:
			n := min(held, in.rest)
			in.r += int(n)
			in.rest -= n
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// nextFrame reads up to the payload of the next data frame, and answers the control frames before it. It may only be
// called when nothing is left of the frame before. When its bounds end it, nothing is lost.
func (s *Socket) nextFrame(b bounds) error {
	in := &s.in
	rules := frame.Rules{Server: s.server, AllowUnmasked: s.cfg.AllowUnmasked, Fragmented: in.open, RSV1: s.deflation != nil}
	for {
		h, n, err := frame.Parse(in.buffered())
		if err == io.ErrUnexpectedEOF {
			if err := s.fill(b); err != nil {
				return err
			}
			continue
		}
		if err == nil {
			err = h.Check(rules)
		}
		if err != nil {
			return s.failProtocol(err)
		}
		if !h.Opcode.IsControl() {
			s.trace.frameReceived(h)
			return s.takeHeader(h, n)
		}
		if n += int(h.Length); len(in.buffered()) < n {
			if err := s.fill(b); err != nil {
				return err
			}
			continue
		}
		payload := in.buffered()[n-int(h.Length) : n]
		in.r += n
		s.trace.frameReceived(h)
		frame.Mask(payload, h.Key, 0)
		if err := s.control(b, h.Opcode, payload); err != nil {
			return err
		}
	}
}

// takeHeader begins to receive a data frame, whose header h has n bytes.
func (s *Socket) takeHeader(h frame.Header, n int) error {
	in := &s.in
	var before int64
	limit, compressed := s.cfg.MaxMessageSize, h.RSV1
	if h.Opcode == opcode.Continuation {
		before, compressed = in.size, in.compressed
	}
	if compressed {
		limit = compressedLimit(limit)
	}
	if h.Length > limit-before {
		return s.failLimit()
	}
	in.r += n
	in.begin(h)
	if h.Fin {
		s.trace.messageReceived()
	}
	return s.checkTextEnd()
}

// compressedLimit returns how long a compressed message may be that inflates to limit bytes: what is flushed after each
// byte takes some seven.
func compressedLimit(limit int64) int64 {
	if limit > math.MaxInt64/8-1024 {
		return math.MaxInt64
	}
	return 8*limit + 1024
}

// failLimit fails the connection because a message is larger than it may be.
func (s *Socket) failLimit() error {
	return s.fail(&LimitError{Limit: s.cfg.MaxMessageSize}, closecode.MessageTooBig, "message is too big")
}

// control does what a control frame asks for (RFC 6455, section 5.5). An error means that the connection has ended.
func (s *Socket) control(b bounds, op opcode.Opcode, payload []byte) error {
	switch op {
	case opcode.Ping:
		s.trace.pingReceived(payload)
		s.answer(b, payload)
	case opcode.Pong:
		s.trace.pongReceived(payload)
		s.probes.Load().answered(payload)
	case opcode.Close:
		return s.closedByPeer(payload)
	}
	return nil
}

// readMessage reads the payload of the current message. It returns io.EOF behind its last byte, and nowhere else.
func (s *Socket) readMessage(p []byte, user *userDeadline) (n int, err error) {
	if err := s.canRead(); err != nil || len(p) == 0 {
		return 0, err
	}
	in, b := &s.in, bounds{context.Background(), user}
	if in.z != nil {
		n, err = s.readInflated(b, p)
	} else if err = s.nextPayload(b); err == nil {
		n, err = s.readPayload(b, p[:min(int64(len(p)), in.rest)])
	}
	if err != nil && err != io.EOF {
		return 0, inMessage(err)
	}
	return n, err
}

// canRead returns io.EOF if the current message was read to its end, and an error if it is cut short.
func (s *Socket) canRead() error {
	in := &s.in
	switch {
	case in.over && in.whole, !in.over && (in.atEnd() || in.pending): // what is pending is another message
		return io.EOF
	case s.hasEnded():
		return inMessage(s.Err())
	}
	return nil
}

// nextPayload reads up to the next byte of the message's payload, or returns io.EOF if there is none.
func (s *Socket) nextPayload(b bounds) error {
	for s.in.rest == 0 {
		if err := s.nextFrame(b); err != nil {
			return err
		}
		if s.in.atEnd() {
			return io.EOF
		}
	}
	return nil
}

// lendPayload reads the next bytes of the message's payload, and lends them out of the read buffer. A large message has
// it read into large buffers, across its frames. It returns io.EOF as readMessage does. The loan is alone if nobody else
// looks into the buffer.
func (s *Socket) lendPayload(user *userDeadline) (p []byte, alone bool, err error) {
	if err := s.canRead(); err != nil {
		return nil, false, err
	}
	in, b := &s.in, bounds{context.Background(), user}
	if in.open || in.size > smallSize {
		in.bulk = true
	}
	err = s.nextPayload(b)
	if err == nil && len(in.buffered()) == 0 {
		err = s.fill(b)
	}
	if err == io.EOF {
		return nil, false, err
	}
	if err != nil {
		return nil, false, inMessage(err)
	}
	n := int(min(int64(len(in.buffered())), in.rest))
	p = in.buffered()[:n:n]
	in.r += n
	if err := s.took(p); err != nil {
		return nil, false, inMessage(err)
	}
	alone, in.lent = !in.lent, true
	return p, alone, nil
}

// readPayload reads some of the frame's payload: what the read buffer holds, or, if that is empty and p large, straight
// from the transport.
func (s *Socket) readPayload(b bounds, p []byte) (n int, err error) {
	in := &s.in
	if len(in.buffered()) == 0 {
		if len(p) >= directSize {
			n, err = s.read(b, p)
		} else {
			err = s.fill(b)
		}
		if err != nil {
			return 0, err
		}
	}
	if n == 0 {
		n = copy(p, in.buffered())
		in.r += n
	}
	return n, s.took(p[:n])
}

// took unmasks and checks p, the next bytes of the payload.
func (s *Socket) took(p []byte) error {
	in := &s.in
	in.taken(p)
	if in.compressed {
		return nil
	}
	if in.checked && !in.text.check(p) {
		return s.failText()
	}
	return s.checkTextEnd()
}

// directSize is the size from which on a read bypasses the read buffer. Smaller ones go through it, so that it takes up
// what follows in the same system call.
const directSize = 4 << 10

// checkTextEnd fails the connection if the message has ended within a code point.
func (s *Socket) checkTextEnd() error {
	if in := &s.in; in.checked && !in.compressed && in.atEnd() && !in.text.complete() {
		return s.failText()
	}
	return nil
}

// failText fails the connection because of a text message that is not UTF-8 (RFC 6455, section 8.1).
func (s *Socket) failText() error {
	return s.fail(&ProtocolError{closecode.InvalidPayload, errInvalidUTF8}, closecode.InvalidPayload, errInvalidUTF8.Error())
}

// fill reads more bytes into the read buffer, at least one. While it waits with nothing unread, no buffer is held,
// where the system allows that.
func (s *Socket) fill(b bounds) error {
	in := &s.in
	if s.moreToCome.Load() { // what there was has turned out to be control frames
		s.moreToCome.Store(false)
	}
	in.keepLent()
	unread := in.buffered()
	if len(unread) == 0 && s.raw != nil {
		in.giveBack()
		_, err := s.read(b, nil)
		return err
	}
	if in.r >= len(unread) || in.w == len(in.buf) {
		in.makeRoom(unread)
	}
	n, err := s.read(b, in.buf[in.w:])
	in.w += n
	return err
}

// giveBack gives back the read buffer, of which nothing is unread.
func (in *incoming) giveBack() {
	if !in.lent {
		giveBuffer(in.buf)
	}
	in.buf, in.r, in.w, in.lent = nil, 0, 0, false
}

// makeRoom moves what is unread to the front of the buffer, or into another one, if it is not as large as it shall be.
func (in *incoming) makeRoom(unread []byte) {
	if want := in.wanted(); len(in.buf) == want || len(unread) >= want {
		in.r, in.w = 0, copy(in.buf, unread)
		return
	}
	old := in.buf
	in.hold(unread)
	giveBuffer(old)
}

// keepLent leaves a buffer that somebody looks into to them.
func (in *incoming) keepLent() {
	if !in.lent {
		return
	}
	unread := in.buffered()
	in.buf, in.r, in.w, in.lent = nil, 0, 0, false
	if len(unread) > 0 {
		in.hold(unread)
	}
}

// read reads from the transport into p, at least one byte. With a nil p it waits without a buffer, and lets the read
// buffer be one that holds what came. If its bounds ended it, the connection is as it was; any other error has ended
// the connection.
func (s *Socket) read(b bounds, p []byte) (int, error) {
	began := s.clock.now()
	last := io.ErrNoProgress
	for futile := 0; futile < maxFutile; futile++ {
		if err := b.ctx.Err(); err != nil {
			return 0, err // also if there is always something to read
		}
		s.readLimit.arm(b, began)
		var n int
		var err error
		switch {
		case b.ctx.Done() != nil:
			n, err = s.readUntil(b.ctx, p)
		case p == nil:
			n, err = s.waitRead()
		default:
			n, err = s.transport.Read(p)
		}
		if n > 0 {
			s.clock.heardNow()
			s.trace.bytesReceived(int64(n))
			return n, nil
		}
		if err == nil {
			continue
		}
		if s.readLimit.isOver() {
			futile = 0
		} else {
			last = err
		}
		if err = s.readFailed(b, began, err); err != nil {
			return 0, err
		}
	}
	return 0, s.lost(last)
}

// readFailed tells what an error of the transport comes to. It returns nil after a timeout without a reason.
func (s *Socket) readFailed(b bounds, began time.Duration, err error) error {
	if !isTimeout(err) {
		return s.lost(err)
	}
	err = s.readLimit.reason(b, began)
	if timeout, ok := err.(*timeoutError); ok {
		s.trace.timeout(err)
		return s.fail(err, closecode.GoingAway, timeout.what)
	}
	return err
}

// maxFutile bounds how often in a row a transport may return neither bytes nor an error, or a timeout for which there
// was no deadline.
const maxFutile = 100

// readUntil reads once, and not beyond the end of ctx.
func (s *Socket) readUntil(ctx context.Context, p []byte) (int, error) {
	// A kick that comes late, behind this read, does no harm to the next one.
	defer context.AfterFunc(ctx, s.readLimit.kick)()
	if p == nil {
		return s.waitRead()
	}
	return s.transport.Read(p)
}

// lost ends the connection because the transport has.
func (s *Socket) lost(err error) error {
	cause, _ := s.end(&cutError{"connection lost", io.ErrUnexpectedEOF, err})
	s.drop(false)
	return cause
}

// inMessage makes the error of a connection that of a message in its middle: it never matches io.EOF.
func inMessage(err error) error {
	var closed *CloseError
	if errors.As(err, &closed) || err == ErrIdleTimeout || err == ErrNoPong {
		return &cutError{"message cut short", io.ErrUnexpectedEOF, err}
	}
	return err
}
