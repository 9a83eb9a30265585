package stream

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/litert/websocket/internal/buffer"
	"github.com/litert/websocket/internal/deflate"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/opcode"
)

// outgoing is the message that takes several calls: that of the open Writer, or of WriteFrame. What a Writer is given is
// accounted for, goes through the encoder if the message is compressed, and into the fragmenter. What a call has taken and
// could not send before its deadline goes with the next call, so that a Write takes all of its bytes or returns an error.
type outgoing struct {
	m     *messages     // constant
	gen   atomic.Uint64 // of the current message
	fresh []Writer      // that were not handed out; owned by the holder of messages.gate

	frames framewise

	mu        sync.Mutex // guards following
	calling   bool       // a call of the Writer is under way, or a hook or a source has ended it by a panic
	account   account
	fragments fragmenter

	undecided bool              // whether to compress, as the threshold may not be reached
	z         *deflate.Deflater // compresses the message; nil: none does
	recent    *deflate.Window   // what z has taken last; nil: the messages behind do not need it
}

// newWriter returns a Writer that was not handed out. They are made as Readers are.
func (o *outgoing) newWriter() *Writer {
	if len(o.fresh) == 0 {
		o.fresh = make([]Writer, min(o.gen.Load()+1, madeAtOnce))
	}
	w := &o.fresh[0]
	o.fresh = o.fresh[1:]
	return w
}

// begin begins a message. The caller is in messages.gate, and leaves it with the message's end.
func (o *outgoing) begin(w *Writer, cfg writerConfig) (gen uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calling = false
	o.account = account{op: w.op, single: cfg.single, owed: cfg.single}
	o.fragments.begin(o.m, w.op, &w.deadline, cfg)
	o.undecided = o.m.zip != nil && cfg.single < 0 && cfg.compress == byThreshold
	if o.m.zip != nil && cfg.compress == always {
		o.compress()
	}
	return o.gen.Load()
}

// write writes p; text says that it is the memory of a string. There may be a verdict on p.
func (o *outgoing) write(p []byte, text bool, v *verdict) (n int, err error) {
	if err := o.account.admit(p, v); err != nil {
		return 0, err
	}
	n, f := o.take(p, text)
	if f.err != nil && !f.again {
		n = 0 // of a message that will never be whole
	}
	return n, o.account.took(p, n, f)
}

// pass is write for p, the latest piece that l has lent. If that would only be gathered, and was the last one, it is kept where it
// is: most probably the end of the message comes next, which sends it from there.
func (o *outgoing) pass(l *lender, p []byte) (n int, err error) {
	if !l.last || l.lent.p == nil || o.z != nil || o.undecided || !o.fragments.keeps(len(p)) {
		return o.write(p, false, &l.text)
	}
	if err := o.account.admit(p, &l.text); err != nil {
		return 0, err
	}
	o.fragments.kept, l.lent = l.lent, loan{}
	return len(p), o.account.took(p, len(p), failure{})
}

// take takes p, the next bytes of the message, and sends what makes whole fragments. It returns how many it took, which
// are all if there is no failure.
func (o *outgoing) take(p []byte, text bool) (n int, f failure) {
	if o.encodes(len(p)) {
		return o.encode(p)
	}
	if o.undecided {
		return o.fragments.gather(p), failure{}
	}
	if f := o.fragments.trim(); f.err != nil {
		return 0, f
	}
	n, f = o.fragments.push(p, text)
	if f.err == nil && o.account.completedBy(n) {
		f = o.fragments.flush()
	}
	if n == len(p) && f.again {
		return n, failure{} // what was taken goes with the next call
	}
	return n, f
}

// encodes reports whether the message is compressed, as is decided when n further bytes reach the threshold for that.
func (o *outgoing) encodes(n int) bool {
	if o.undecided && o.fragments.n+n >= min(o.m.zip.threshold, bulkFragment) {
		o.compress()
	}
	return o.z != nil
}

// readFrom writes all that src has.
func (o *outgoing) readFrom(src io.Reader) (total int64, err error) {
	if o.account.damage >= spoiled {
		return 0, o.account.err
	}
	if !o.undecided && o.z == nil && o.account.missing == nil {
		if file, ok := o.openFile(src); ok {
			f := o.sendFile(file)
			total = file.Total()
			if f.err != nil {
				return total, o.account.tookSource(f)
			}
		}
	}
	n, f := o.copyFrom(src)
	return total + n, o.account.tookSource(f)
}

// maxFutile bounds how often in a row a source may return neither bytes nor an error.
const maxFutile = 100

// copyFrom writes what src has: it is read straight into the fragmenter's buffer, unless it has to be encoded.
func (o *outgoing) copyFrom(src io.Reader) (total int64, f failure) {
	var buf []byte
	if o.undecided || o.z != nil {
		buf = buffer.Take(buffer.Large)
		defer buffer.Give(buf)
	}
	for empty := 0; empty < maxFutile; empty++ {
		p := buf
		if p == nil {
			if f := o.fragments.trim(); f.err != nil {
				return total, f
			}
			p = o.fragments.room()
		}
		n, rerr := src.Read(p)
		if n < 0 || n > len(p) {
			return total, failure{err: errors.New("stream: the source returned an impossible count")}
		}
		if n > 0 {
			empty = 0
			total += int64(n)
			if f := o.takeRead(p[:n], buf == nil, rerr); f.err != nil {
				return total, f
			}
		}
		if rerr == io.EOF {
			return total, failure{}
		}
		if rerr != nil {
			return total, failure{err: rerr}
		}
	}
	return total, failure{err: io.ErrNoProgress}
}

// takeRead takes p, which was read from a source along with rerr: into the fragmenter's room, if inPlace is set. It takes
// all of p, also if there is a failure; one that leaves the connection as it was does not hide that of the source.
func (o *outgoing) takeRead(p []byte, inPlace bool, rerr error) (f failure) {
	if err := o.account.admit(p, nil); err != nil {
		return failure{err: err}
	}
	completes := o.account.completedBy(len(p))
	o.account.count(p, len(p)) // before it is masked where it is
	switch {
	case inPlace:
		o.fragments.n += len(p)
		if completes {
			f = o.fragments.flush()
		}
	case o.encodes(len(p)):
		f = o.encodeAll(p)
	default:
		o.fragments.gather(p)
	}
	if rerr != nil && rerr != io.EOF && (f.err == nil || f.again) {
		return failure{err: rerr}
	}
	return f
}

func (o *outgoing) flush() error {
	if o.account.damage >= spoiled {
		return o.account.err
	}
	if o.undecided && o.fragments.n > 0 {
		o.compress()
	}
	f := o.fragments.trim()
	if f.err == nil && o.z != nil {
		o.z.Flush()
		f = o.drain(0)
	}
	if f.err == nil {
		f = o.fragments.flush()
	}
	return o.account.sent(f)
}

// end ends the message: with its last frame or, if there is a cause not to, without. It reports whether that is done;
// if not, it may be called again.
func (o *outgoing) end(cause error) (err error, done bool) {
	a := &o.account
	if err = a.close(cause); err == nil {
		f := o.finish()
		if err = a.sent(f); err == nil {
			o.m.wire.trace.messageSent()
		} else if f.again {
			return err, false
		}
	}
	if a.damage >= spoiled {
		o.fragments.abandon(a.err, a.damage == fatal)
	}
	o.endEncoding(a.damage == whole)
	o.fragments.end()
	o.gen.Add(1)
	o.m.gate.Leave()
	return err, true
}

// finish sends the last frame, or what is left of the only one.
func (o *outgoing) finish() failure {
	if o.account.single >= 0 && o.fragments.begun && o.fragments.n == 0 {
		return failure{}
	}
	if o.fragments.kept.p != nil { // which is all there is
		return o.fragments.finish()
	}
	if f := o.fragments.trim(); f.err != nil {
		return f
	}
	if o.z != nil {
		o.z.Finish()
		if f := o.drain(deflate.TailLen); f.err != nil {
			return f
		}
	}
	return o.fragments.finish()
}

// openFile returns src as a file that the kernel can send as it is, if it is one.
func (o *outgoing) openFile(src io.Reader) (*transport.File, bool) {
	if o.account.op != opcode.Binary || !o.fragments.unmasked() {
		return nil, false
	}
	return o.m.wire.tr.OpenFile(src)
}

// sendFile sends most of the file through the kernel, and leaves the rest to be read: the last frame must not leave before
// the end of the file is known.
func (o *outgoing) sendFile(file *transport.File) failure {
	for {
		if f := o.fragments.trim(); f.err != nil {
			return f
		}
		rest, err := file.Rest()
		if err != nil {
			return failure{err: err}
		}
		most, limit := rest-1, int64(o.fragments.size(largeFragment))
		if o.account.single >= 0 {
			most, limit = min(rest, o.account.owed), largeFragment
		}
		part := min(most, limit-int64(o.fragments.n))
		if part < transport.MinSend && min(most, limit) >= transport.MinSend { // but for what was gathered
			if f := o.fragments.flush(); f.err != nil {
				return f
			}
			continue
		}
		if part < transport.MinSend {
			return failure{}
		}
		f := o.fragments.emitFile(file, part)
		if f.err == errMasked {
			return failure{}
		}
		if f.err != nil {
			return f
		}
		o.account.count(nil, int(part))
	}
}
