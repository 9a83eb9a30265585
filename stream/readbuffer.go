package stream

import (
	"sync/atomic"

	"github.com/litert/websocket/internal/buffer"
	"github.com/litert/websocket/internal/transport"
)

// A readBuffer has the bytes that came and were not taken, and lends parts of its memory. It belongs to the receiver.
//
// What is lent is not written to before its loan has been given back: the readBuffer leaves the memory to the loans, and
// takes another.
type readBuffer struct {
	buf   []byte // from the pool, but for what a handshake has left that is larger; nil: none is held
	r, w  int    // buf[r:w] is unread
	large bool   // the next buffer shall be a large one
	full  bool   // what came last has filled a small buffer: the next shall be a medium one

	// viewed: the user looks at what was taken last, until the next Receive. A buffer that is given up meanwhile is left to
	// that view, and to no pool.
	viewed bool

	lent *lending // of buf, or of none; nil before the first loan
}

// A lending counts the users of a buffer: the readBuffer, and each loan. The last one gives it back to the pool.
type lending struct {
	buf   []byte
	users atomic.Int32
}

// A loan is a part of a buffer that is lent until it is given back. The zero loan is none.
type loan struct {
	p    []byte
	from *lending
}

// giveBack ends the loan: p is not used any more. Any goroutine may call it.
func (l *loan) giveBack() {
	from := l.from
	*l = loan{}
	if from != nil && from.users.Add(-1) == 0 {
		buffer.Give(from.buf)
	}
}

// unread returns the bytes that were not taken, which may be changed.
func (rb *readBuffer) unread() []byte { return rb.buf[rb.r:rb.w] }

// take takes the first n unread bytes. They may be used until the next call of fill, or of what calls that.
func (rb *readBuffer) take(n int) []byte {
	p := rb.buf[rb.r : rb.r+n : rb.r+n]
	rb.r += n
	return p
}

// lend is take for bytes that are used until the loan is given back.
func (rb *readBuffer) lend(n int) loan {
	if rb.lent == nil {
		rb.lent = new(lending)
	}
	if rb.lent.users.Load() == 0 {
		rb.lent.buf = rb.buf
		rb.lent.users.Store(1)
	}
	rb.lent.users.Add(1)
	return loan{rb.take(n), rb.lent}
}

// isLent reports whether there are loans of buf.
func (rb *readBuffer) isLent() bool { return rb.viewed || rb.lent != nil && rb.lent.users.Load() > 1 }

// release lets go of buf.
func (rb *readBuffer) release() {
	switch {
	case rb.viewed:
		rb.viewed, rb.lent = false, nil
	case rb.lent == nil || rb.lent.users.Load() == 0:
		buffer.Give(rb.buf)
	case rb.lent.users.Load() == 1:
		rb.lent.users.Store(0)
		rb.lent.buf = nil // an idle connection keeps hold of no buffer
		buffer.Give(rb.buf)
	default: // it is left to the loans
		l := loan{from: rb.lent}
		rb.lent = nil
		l.giveBack()
	}
	rb.buf, rb.r, rb.w = nil, 0, 0
}

// wanted returns how large the next buffer shall be. A large one is for payload: with a part of a header in it, it would be
// held while the rest is awaited.
func (rb *readBuffer) wanted() int {
	switch {
	case rb.large && rb.r == rb.w:
		return buffer.Large
	case rb.full:
		return buffer.Medium
	}
	return buffer.Small
}

// came notes that there are w bytes in buf now. Where a small buffer does not hold them, the next is a medium one, so that of
// a peer with many messages in flight more are read at once; but not where it would be held while there is nothing to read.
func (rb *readBuffer) came(buf []byte, w int, tr *transport.Conn) {
	rb.buf, rb.w = buf, w
	rb.full = w >= buffer.Small && tr.AwaitsBare()
}

// hold has another buffer for p, which is unread.
func (rb *readBuffer) hold(p []byte) {
	var buf []byte
	if n := max(rb.wanted(), len(p)); n <= buffer.Large {
		buf = buffer.Take(n)
	} else {
		buf = make([]byte, n)
	}
	n := copy(buf, p)
	rb.release()
	rb.buf, rb.w = buf, n
}

// fill reads more bytes from tr, at least one. While it waits with nothing unread, no buffer is held, where the transport
// allows that.
func (rb *readBuffer) fill(tr *transport.Conn, b transport.Bounds) error {
	if rb.r == rb.w && tr.CanAwait() {
		return rb.await(tr, b)
	}
	rb.makeRoom()
	n, err := tr.Read(b, rb.buf[rb.w:])
	if err == nil {
		rb.came(rb.buf, rb.w+n, tr)
	}
	return err
}

// await is fill without a buffer.
func (rb *readBuffer) await(tr *transport.Conn, b transport.Bounds) error {
	rb.release()
	buf, n, err := tr.Await(b, rb.wanted())
	if err == nil {
		rb.came(buf, n, tr)
	}
	return err
}

// makeRoom sees to it that there is room behind what is unread, in a buffer without loans. It moves what is unread to the
// front, or into another buffer, if this one is lent, or not as large as it shall be.
func (rb *readBuffer) makeRoom() {
	unread, wanted := rb.unread(), rb.wanted()
	switch {
	case rb.isLent():
		rb.hold(unread)
	case len(rb.buf) > wanted && len(unread) < wanted: // it is not held while there is little
		rb.hold(unread)
	case rb.w < len(rb.buf) && rb.r < len(unread): // to move it would not pay
	case len(rb.buf) < wanted && len(unread) < wanted:
		rb.hold(unread)
	default:
		rb.r, rb.w = 0, copy(rb.buf, unread)
	}
}
