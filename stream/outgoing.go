package stream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
)

// The payload of fragments where FragmentSize is not given.
const (
	gatherFragment = gatherSize - payloadAt - 1 // of small writes
	bulkFragment   = bulkSize - payloadAt - 1   // of what ReadFrom reads
	largeFragment  = 1 << 20                    // of large writes and files: a control frame need not wait for long
)

// outgoing is the message of the open Writer: what was gathered of it, and what has left. A fragment leaves only when
// at least one byte follows it, so that the last one, which carries the FIN bit, is not empty; the buffer may hold that
// byte beside a whole fragment.
type outgoing struct {
	s     *Socket
	gen   atomic.Uint64 // of the current message
	fresh []Writer      // that nobody has had; owned by the holder of msgGate

	mu       sync.Mutex // guards following
	op       opcode.Opcode
	deadline *userDeadline
	buf      []byte // the gathered payload is buf[payloadAt:payloadAt+n]; nil: none is held
	n        int
	text     utf8Checker
	begun    bool  // a frame of the message has left
	cause    error // why the message cannot be brought to its end
	fatal    bool  // nor can the connection go on without that
	short    error // why the last write has not taken all; nil: it has

	inside bool      // a frame has begun: this message holds the wire
	length int64     // of that frame's payload
	pos    int64     // how much of it has left
	key    frame.Key // of that frame

	single   int64 // length of a message in one frame; -1: fragments
	owed     int64 // what is still to be written of that
	fragment int   // the limit for fragments; 0: that of the connection

	undecided bool      // whether to compress, as the threshold may not be reached
	z         *deflater // compresses the message; nil: none does
}

// newWriter returns a Writer that nobody has had. They are made as Readers are.
func (o *outgoing) newWriter() *Writer {
	if len(o.fresh) == 0 {
		o.fresh = make([]Writer, min(o.gen.Load()+1, madeAtOnce))
	}
	w := &o.fresh[0]
	o.fresh = o.fresh[1:]
	return w
}

// begin begins a message. The caller is in msgGate, and leaves it with the message's end.
func (o *outgoing) begin(w *Writer, cfg writerConfig) (gen uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.op, o.deadline = w.op, &w.deadline
	o.text, o.begun, o.cause, o.fatal, o.short = utf8Checker{}, false, nil, false, nil
	o.single, o.owed, o.fragment = cfg.single, cfg.single, cfg.fragment
	o.undecided = o.s.deflation != nil && cfg.single < 0 && cfg.compress == byThreshold
	if o.s.deflation != nil && cfg.compress == always {
		o.compress()
	}
	return o.gen.Load()
}

// fragmentSize returns the limit for the payload of a fragment, which is usual where the user has set none.
func (o *outgoing) fragmentSize(usual int) int {
	return cmp.Or(o.fragment, o.s.cfg.FragmentSize, usual)
}

// hold makes sure that the buffer has room for n bytes of payload, at most bulkFragment, and one that follows.
func (o *outgoing) hold(n int) {
	need := min(payloadAt+n+1, bulkSize)
	if len(o.buf) >= need {
		return
	}
	buf := takeBuffer(need)
	if o.n > 0 {
		copy(buf[payloadAt:], o.buf[payloadAt:payloadAt+o.n])
	}
	giveBuffer(o.buf)
	o.buf = buf
}

// spoil records why the message cannot be brought to its end.
func (o *outgoing) spoil(err error) error {
	if o.cause == nil {
		o.cause = err
	}
	return o.cause
}

// admit checks whether p can be written next, and returns the state of the text behind it.
func (o *outgoing) admit(p []byte) (text utf8Checker, err error) {
	text = o.text
	switch {
	case o.cause != nil:
		return text, o.cause
	case o.single >= 0 && int64(len(p)) > o.owed:
		o.fatal = true
		return text, o.spoil(&ArgumentError{"Writer.Write", fmt.Sprintf("more than the %d bytes of SingleFrame", o.single)})
	case o.op == opcode.Text && !text.check(p):
		return text, o.spoil(&ArgumentError{"Writer.Write", "the text is not UTF-8"})
	case o.op == opcode.Text && int64(len(p)) == o.owed && !text.complete():
		o.fatal = true // its single frame would be whole
		return text, o.spoil(errCutText)
	}
	return text, nil
}

// errCutText is why text cannot end.
var errCutText = &ArgumentError{"Writer.Close", "the text ends within a code point"}

func (o *outgoing) write(p []byte) (n int, err error) {
	defer func() {
		if n < len(p) {
			o.short = err
		} else if n > 0 {
			o.short = nil
		}
	}()
	text, err := o.admit(p)
	if err != nil {
		return 0, err
	}
	defer func() {
		if n == len(p) {
			o.text = text
		} else if o.op == opcode.Text {
			o.text.check(p[:n])
		}
	}()
	if o.undecided && o.n+len(p) < min(o.s.deflation.threshold, bulkFragment) {
		o.hold(o.n + len(p))
		return o.gather(p), nil
	}
	if o.undecided {
		o.compress()
	}
	if o.z != nil {
		return len(p), o.writeCompressed(p)
	}
	if err := o.trim(); err != nil {
		return 0, err
	}
	n, err = o.push(p)
	if err == nil {
		err = o.flushWhole()
	}
	return n, err
}

// push takes p, the next bytes of the payload, and sends what makes whole fragments. It returns how many it took.
func (o *outgoing) push(p []byte) (n int, err error) {
	small, large := min(o.fragmentSize(gatherFragment), bulkFragment), o.fragmentSize(largeFragment)
	for n < len(p) {
		rest := p[n:]
		size := small // of what is gathered
		if len(rest) > small {
			size = min(large, bulkFragment)
		}
		o.hold(size)
		switch {
		case o.n+len(rest) <= size:
			n += o.gather(rest)
		case len(rest) > small && o.n < large:
			body := rest[:len(rest)-min(directTail, len(rest)/2)]
			if full := large - o.n; full < len(rest) {
				body = rest[:full]
			}
			if err := o.emit(false, o.n, body, nil); err != nil {
				return n, err
			}
			n += o.wrote(len(body))
		default:
			n += o.gather(rest[:max(0, size-o.n)])
			if err := o.emit(false, o.n, nil, nil); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// directTail is how much of a large write is gathered rather than sent from where it is, as it may be the end.
const directTail = 16 << 10

// gather takes p into the buffer.
func (o *outgoing) gather(p []byte) int {
	copy(o.buf[payloadAt+o.n:], p)
	o.n += len(p)
	return o.wrote(len(p))
}

// wrote accounts for n bytes of what the user writes.
func (o *outgoing) wrote(n int) int {
	if o.single >= 0 {
		o.owed -= int64(n)
	}
	return n
}

func (o *outgoing) readFrom(src io.Reader) (total int64, err error) {
	defer func() { o.short = err }()
	if o.cause != nil {
		return 0, o.cause
	}
	if o.undecided || o.z != nil {
		return o.copyFrom(src)
	}
	if f, ok := o.sendable(src); ok {
		err = o.sendFile(f)
		total = f.total
		if err != nil {
			return total, err
		}
	}
	o.hold(o.bulk())
	for empty := 0; empty < maxFutile; empty++ {
		if err := o.trim(); err != nil {
			return total, err
		}
		p := o.buf[payloadAt+o.n : payloadAt+o.bulk()+1]
		n, rerr := src.Read(p)
		if n < 0 || n > len(p) {
			return total, o.spoil(errors.New("stream: the source returned an impossible count"))
		}
		if n > 0 {
			empty = 0
			total += int64(n)
			if o.text, err = o.admit(p[:n]); err != nil {
				return total, err
			}
			o.n += o.wrote(n)
			if rerr != nil && rerr != io.EOF {
				return total, o.spoil(rerr)
			}
			if err := o.flushWhole(); err != nil {
				return total, err
			}
		}
		if rerr == io.EOF {
			return total, nil
		}
		if rerr != nil {
			return total, o.spoil(rerr)
		}
	}
	return total, o.spoil(io.ErrNoProgress)
}

// bulk returns the payload of the fragments that are gathered of large amounts.
func (o *outgoing) bulk() int { return min(o.fragmentSize(bulkFragment), bulkFragment) }

// trim sends fragments while more than one is held.
func (o *outgoing) trim() error {
	for size := o.bulk(); o.n > size; {
		if err := o.emit(false, size, nil, nil); err != nil {
			return err
		}
	}
	return nil
}

func (o *outgoing) flush() error {
	if o.cause != nil {
		return o.cause
	}
	if o.undecided && o.n > 0 {
		o.compress()
	}
	if err := o.trim(); err != nil {
		return err
	}
	if o.z != nil {
		if err := o.flushCompressed(); err != nil {
			return err
		}
	}
	if o.n == 0 {
		return nil
	}
	return o.emit(false, o.n, nil, nil)
}

// flushWhole flushes a message in one frame once it is whole, so that it does not hold the wire any longer.
func (o *outgoing) flushWhole() error {
	if o.single > 0 && o.owed == 0 {
		return o.flush()
	}
	return nil
}

// emit sends the first n of the gathered bytes and, behind them, body or the next part of file: as a fragment, or as a
// part of the message's single frame. If nothing was sent, the message is as it was, and emit may be called again.
func (o *outgoing) emit(fin bool, n int, body []byte, file *fileSource) error {
	s, b := o.s, bounds{context.Background(), o.deadline}
	size := int64(n+len(body)) + file.part()
	f := assembler{s: s, b: b, buf: o.buf, start: payloadAt, key: o.key}
	if !o.inside {
		if err := o.enterWire(); err != nil {
			return err
		}
		f = o.beginFrame(b, fin, size)
	}
	err := errNotSendable
	if file == nil || f.key == (frame.Key{}) {
		err = o.send(&f, n, body, file)
	}
	if err != nil {
		return o.emitFailed(err, n)
	}
	o.begun = true
	o.n = copy(o.buf[payloadAt:], o.buf[payloadAt+n:payloadAt+o.n])
	if o.pos += size; o.pos == o.length {
		o.inside = false
		return s.leaveWire(nil)
	}
	return nil
}

// send sends the first n of the gathered bytes, which stand where f begins, and behind them body and the part of file.
func (o *outgoing) send(f *assembler, n int, body []byte, file *fileSource) error {
	frame.Mask(o.buf[payloadAt:payloadAt+n], o.key, o.pos)
	f.end, f.pos = payloadAt+n, o.pos+int64(n)
	err := add(f, body)
	if err == nil {
		err = f.flush()
	}
	if err == nil && file != nil {
		err = o.s.sendFile(f.b, file)
	}
	return err
}

// enterWire takes the turn at the wire, unless the deadline is over before.
func (o *outgoing) enterWire() error {
	s := o.s
	for !s.wireGate.tryEnter() {
		ctx, cancel := o.deadline.context()
		err := s.wireGate.enter(ctx, &s.done)
		cancel()
		if err == nil {
			break
		}
		if err == errEnded {
			return o.spoil(s.writeEnd())
		}
		if expired(o.deadline.load()) {
			return os.ErrDeadlineExceeded
		}
	}
	var err error
	switch {
	case s.Finished():
		err = o.spoil(s.writeEnd())
	case expired(o.deadline.load()): // what has begun would be cut
		err = os.ErrDeadlineExceeded
	default:
		return o.sendBatch()
	}
	s.wireGate.leave()
	return err
}

// sendBatch sends what was put off before, or leaves the wire.
func (o *outgoing) sendBatch() error {
	err := o.s.sendBatch(bounds{context.Background(), o.deadline})
	if err == nil {
		return nil
	}
	if err = o.s.leaveWire(err); mayRetry(err) {
		return err
	}
	return o.spoil(err)
}

// beginFrame begins the next frame, which has size bytes of payload, or all of the message. The caller is at the wire.
func (o *outgoing) beginFrame(b bounds, fin bool, size int64) assembler {
	h := frame.Header{Fin: fin, Opcode: o.op, Length: size, RSV1: o.z != nil && !o.begun}
	if o.begun {
		h.Opcode = opcode.Continuation
	}
	if o.single >= 0 {
		h.Fin, h.Length = true, o.single
	}
	f := o.s.beginFrame(b, h, o.buf)
	o.inside, o.length, o.pos, o.key = true, h.Length, 0, f.key
	return f
}

// emitFailed leaves the wire after an error of emit.
func (o *outgoing) emitFailed(err error, n int) error {
	o.inside = false
	again := o.s.sent == 0
	if err == errNotSendable && again {
		o.s.leaveWire(nil)
		return err
	}
	if again {
		frame.Mask(o.buf[payloadAt:payloadAt+n], o.key, 0)
	}
	if err = o.s.leaveWire(err); again && mayRetry(err) {
		return err
	}
	return o.spoil(err)
}

// end ends the message: with its last frame or, if there is a cause not to, without. It reports whether that is done;
// if not, it may be called again.
func (o *outgoing) end(cause error) (err error, done bool) {
	switch {
	case cause != nil:
		o.spoil(cause)
	case o.short != nil:
		o.spoil(o.short)
	case o.owed > 0:
		o.fatal = true
		o.spoil(&ArgumentError{"Writer.Close", fmt.Sprintf("%d of the %d bytes of SingleFrame are missing", o.owed, o.single)})
	case !o.text.complete():
		o.spoil(errCutText)
	}
	if o.cause == nil {
		if err := o.finish(); err == nil {
			o.s.trace.messageSent()
		} else if o.cause == nil {
			return err, false
		}
	}
	if o.cause != nil {
		o.abandon()
	}
	o.endCompressed(o.cause == nil)
	giveBuffer(o.buf)
	o.buf, o.n = nil, 0
	o.gen.Add(1)
	o.s.msgGate.leave()
	return o.cause, true
}

// finish sends the last frame, or what is left of the only one.
func (o *outgoing) finish() error {
	if o.single >= 0 && o.begun && o.n == 0 {
		return nil
	}
	if err := o.trim(); err != nil {
		return err
	}
	if o.z != nil {
		if err := o.finishCompressed(); err != nil {
			return err
		}
	}
	o.hold(o.n)
	return o.emit(true, o.n, nil, nil)
}

// abandon fails the connection if the peer could wait for the rest of the message, or take what has left for the whole.
// Where no frame can follow, it does neither.
func (o *outgoing) abandon() {
	s, err := o.s, &cutError{"outgoing message failed", net.ErrClosed, o.cause}
	switch {
	case o.inside:
		o.inside = false
		s.end(err)
		s.finished.Store(true)
		s.wireGate.leave()
		s.drop(false)
	case (o.begun || o.fatal) && !s.Finished():
		s.failMessage(err)
	}
}
