package stream

import (
	"context"
	"io"
	"time"

	"github.com/litert/websocket/internal/buffer"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/opcode"
)

// A Reader is one received message, its fragments put together. It is for one goroutine at a time.
//
// A Reader ends with its message: once it is closed, or the next call of Receive has begun, it returns
// [ErrStale]. What was not read by then is discarded.
type Reader struct {
	rc         *receiver
	gen        uint64
	op         opcode.Opcode
	compressed bool
	size       int64 // -1: not known
	deadline   transport.Deadline
}

// madeAtOnce is how many Readers, or Writers, are made at once, at most.
const madeAtOnce = 8

// freshReaders have n Readers in use, and others that were not handed out.
type freshReaders struct {
	readers []Reader
	n       int
}

// newReader returns a Reader that was not handed out. They are made in batches, the smaller the fewer were needed.
func (rc *receiver) newReader() *Reader {
	if rc.fresh == nil || rc.fresh.n == len(rc.fresh.readers) {
		rc.fresh = &freshReaders{readers: make([]Reader, min(rc.turns, madeAtOnce))}
	}
	rc.fresh.n++
	return &rc.fresh.readers[rc.fresh.n-1]
}

// receive is Receive in mode Standard.
func (rc *receiver) receive(ctx context.Context) (*Reader, error) {
	if err := rc.nextMessage(transport.Bounds{Ctx: ctx}); err != nil {
		return nil, unbounded(err)
	}
	m, r := &rc.msg, rc.newReader()
	r.rc, r.gen, r.op, r.compressed, r.size = rc, rc.gen.Load(), m.op, m.compressed, -1
	if !m.open && !m.compressed {
		r.size = m.size
	}
	rc.handOut(&r.deadline, r.gen)
	rc.wire.expectMore(rc.moreFrames())
	return r, nil
}

// Opcode returns [opcode.Text] or [opcode.Binary].
func (r *Reader) Opcode() opcode.Opcode { return r.op }

// Size returns the length of the message in bytes, if it is known: if the message came in one frame, and is not
// compressed. Of a large message from a browser, a blob as well as an array or text, it is not: these come in fragments.
// Where the size is needed beforehand, have the peer tell it in a message before. A [Writer] sends one frame with the
// option [SingleFrame].
func (r *Reader) Size() (n int64, known bool) { return max(r.size, 0), r.size >= 0 }

// Read reads up to len(p) bytes of the message. It returns [io.EOF] only at the message's true end. A message that is
// cut short, by the peer or with the connection, ends with an error that matches [io.ErrUnexpectedEOF] and, where there
// was one, the [*CloseError]; if this end closed the connection, [net.ErrClosed]. Text is checked as it comes: at the
// first byte that cannot be UTF-8 the connection fails with a [*ProtocolError] (RFC 6455, section 8.1).
//
// Large reads go from the transport straight into p.
func (r *Reader) Read(p []byte) (int, error) {
	if err := r.enter(); err != nil {
		return 0, err
	}
	defer r.rc.leave()
	return r.rc.readMessage(r.bounds(), r.gen, p)
}

// WriteTo writes what is left of the message to dst, in large pieces; [io.Copy] calls it. It returns the number of bytes
// written, and the error of dst, or that of reading as in [Reader.Read].
func (r *Reader) WriteTo(dst io.Writer) (written int64, err error) {
	w, toWriter := dst.(*Writer)
	defer func() {
		if toWriter && err != nil { // what was cut short must not go on as a whole message
			w.spoil(err)
		}
	}()
	next := lender{r: r}
	defer next.end()
	for {
		p, err := next.piece()
		if err == io.EOF {
			return written, nil
		}
		if err != nil {
			return written, err
		}
		var n int
		if toWriter {
			n, err = w.pass(&next, p)
		} else {
			n, err = dst.Write(p)
		}
		written += int64(max(0, min(n, len(p))))
		if err != nil {
			return written, err
		}
		if n != len(p) {
			return written, io.ErrShortWrite
		}
	}
}

// A lender lends the pieces of a message, each until the next. Other receivers may come meanwhile: they leave alone what
// is lent.
type lender struct {
	r      *Reader
	lent   loan
	buf    []byte  // for what has to be inflated
	filled bool    // the latest piece has filled buf
	last   bool    // there is nothing behind the latest piece
	text   verdict // on it
}

func (l *lender) piece() ([]byte, error) {
	r := l.r
	l.lent.giveBack()
	if err := r.enter(); err != nil {
		return nil, err
	}
	defer r.rc.leave()
	m := &r.rc.msg
	l.text = verdict{checked: m.checked, from: m.text}
	var p []byte
	var err error
	if r.compressed {
		p, err = l.inflated()
	} else {
		l.lent, err = r.rc.lendPayload(r.bounds(), r.gen)
		p = l.lent.p
	}
	l.text.to = m.text
	l.last = r.rc.whole.Load() == r.gen
	return p, err
}

// inflated is piece for a compressed message, in a buffer that is large once a small one was filled.
func (l *lender) inflated() ([]byte, error) {
	if size := buffer.Small; l.buf == nil || l.filled {
		if l.filled {
			size = buffer.Large
		}
		buffer.Give(l.buf)
		l.buf = buffer.Take(size)
	}
	n, err := l.r.rc.readMessage(l.r.bounds(), l.r.gen, l.buf)
	l.filled = n == buffer.Small
	return l.buf[:n], err
}

// end gives back what was lent.
func (l *lender) end() {
	l.lent.giveBack()
	buffer.Give(l.buf)
}

// SetDeadline sets when Read and the other methods that read give up with [os.ErrDeadlineExceeded], also those that
// wait already; the zero time is never. The connection is then as it was, and reading may go on after a later deadline
// was set. Any goroutine may call it.
func (r *Reader) SetDeadline(t time.Time) error {
	if r.rc.gen.Load() != r.gen {
		return ErrStale
	}
	r.rc.tr().SetDeadline(&r.deadline, t)
	return nil
}

// Close ends the Reader. What was not read is discarded by the next Receive: Close does not wait. It
// returns nil, also when called again.
func (r *Reader) Close() error {
	r.rc.gen.CompareAndSwap(r.gen, r.gen+1)
	r.deadline.Wake()
	return nil
}

// bounds are those of each call.
func (r *Reader) bounds() transport.Bounds {
	return transport.Bounds{Ctx: context.Background(), Deadline: &r.deadline}
}

// enter makes the caller the receiver, until it leaves.
func (r *Reader) enter() error { return r.rc.enter(r.bounds(), toRead, r.gen) }
