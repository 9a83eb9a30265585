package stream

import (
	"context"
	"io"
	"net"
	"time"

	"github.com/litert/websocket/opcode"
)

// A Reader is one received message, its fragments put together. It is for one goroutine at a time.
//
// A Reader ends with its message: once it is closed, or the next call of Receive has begun, it returns
// [ErrStale]. What was not read by then is discarded.
type Reader struct {
	s          *Socket
	gen        uint64
	op         opcode.Opcode
	compressed bool
	size       int64 // -1: not known
	deadline   userDeadline
}

// Opcode returns [opcode.Text] or [opcode.Binary].
func (r *Reader) Opcode() opcode.Opcode { return r.op }

// Size returns the length of the message in bytes, if it is known: if the message came in one frame, and is not
// compressed.
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
	defer r.s.leaveReceive()
	return r.s.readMessage(p, &r.deadline)
}

// WriteTo writes what is left of the message to dst, in large pieces; [io.Copy] calls it. It returns the number of bytes
// written, and the error of dst, or that of reading as in [Reader.Read].
func (r *Reader) WriteTo(dst io.Writer) (written int64, err error) {
	defer func() {
		if w, ok := dst.(*Writer); ok && err != nil { // what was cut short must not go on as a whole message
			w.spoil(err)
		}
	}()
	var buf []byte
	if r.compressed {
		buf = takeBuffer(bulkSize)
		defer giveBuffer(buf)
	}
	for turn := uint64(0); ; {
		p, now, err := r.lend(turn, buf)
		if err == io.EOF {
			return written, nil
		}
		if err != nil {
			return written, err
		}
		n, err := dst.Write(p)
		written += int64(max(0, min(n, len(p))))
		if err != nil {
			return written, err
		}
		if n != len(p) {
			return written, io.ErrShortWrite
		}
		turn = now
	}
}

// lend lends the next piece of the message, until the next call. Other receivers may come meanwhile, and borrow from the
// same read buffer, which is left to the borrowers then. Only if no receiver has come since the turn before, and the loan
// was alone, has it come back, and the buffer is used again. With a buf, for what has to be inflated, the piece stands
// there.
func (r *Reader) lend(before uint64, buf []byte) (p []byte, turn uint64, err error) {
	if err := r.enter(); err != nil {
		return nil, 0, err
	}
	defer r.s.leaveReceive()
	in := &r.s.in
	if buf != nil {
		n, err := r.s.readMessage(buf, &r.deadline)
		return buf[:n], 0, err
	}
	if in.turns == before+1 {
		in.lent = false
	}
	p, alone, err := r.s.lendPayload(&r.deadline)
	if alone {
		turn = in.turns
	}
	return p, turn, err
}

// Bytes returns what is left of the message. With an error, which is as in [Reader.Read], it returns what came before.
// No more than 64 KiB, or three times what has come, is allocated ahead of the bytes.
func (r *Reader) Bytes() ([]byte, error) {
	if err := r.enter(); err != nil {
		return nil, err
	}
	defer r.s.leaveReceive()
	in := &r.s.in
	p := []byte{}
	for {
		if len(p) == cap(p) && !in.atEnd() {
			n, more := in.ahead()
			p = grow(p, n, more)
		}
		n, err := r.s.readMessage(p[len(p):cap(p)], &r.deadline)
		p = p[:len(p)+n]
		if err == io.EOF {
			return p, nil
		}
		if err != nil {
			return p, err
		}
	}
}

// Text is Bytes for a string.
func (r *Reader) Text() (string, error) {
	p, err := r.Bytes()
	return string(p), err
}

// bufferSize is the length of all but the last of the buffers that Buffers returns.
const bufferSize = 64 << 10

// Buffers returns what is left of the message in buffers of 64 KiB, the last of which may be shorter: into them it is
// read, and never copied. With an error, which is as in [Reader.Read], it returns what came before.
func (r *Reader) Buffers() (net.Buffers, error) {
	if err := r.enter(); err != nil {
		return nil, err
	}
	defer r.s.leaveReceive()
	in := &r.s.in
	var bufs net.Buffers
	var p []byte
	for {
		if len(p) == bufferSize || p == nil {
			size := int64(bufferSize)
			if n, more := in.ahead(); !more {
				size = min(size, n)
			}
			p = make([]byte, 0, size)
			bufs = append(bufs, p)
		}
		n, err := r.s.readMessage(p[len(p):cap(p)], &r.deadline)
		p = p[:len(p)+n]
		bufs[len(bufs)-1] = p
		if err != nil && len(p) == 0 {
			bufs = bufs[:len(bufs)-1]
		}
		if err == io.EOF {
			return bufs, nil
		}
		if err != nil {
			return bufs, err
		}
	}
}

// SetDeadline sets when Read and the other methods that read give up with [os.ErrDeadlineExceeded], also those that
// wait already; the zero time is never. The connection is then as it was, and reading may go on after a later deadline
// was set. Any goroutine may call it.
func (r *Reader) SetDeadline(t time.Time) error {
	if r.stale() {
		return ErrStale
	}
	r.deadline.store(t)
	r.s.readLimit.changed(&r.deadline)
	return nil
}

// Close ends the Reader. What was not read is discarded by the next Receive: Close does not wait. It
// returns nil, also when called again.
func (r *Reader) Close() error {
	r.s.in.gen.CompareAndSwap(r.gen, r.gen+1)
	return nil
}

func (r *Reader) stale() bool { return r.s.in.gen.Load() != r.gen }

// enter makes the caller the receiver.
func (r *Reader) enter() error {
	if r.stale() {
		return ErrStale
	}
	if err := r.s.recvGate.enter(context.Background(), &r.s.done); err != nil {
		return inMessage(r.s.Err())
	}
	if r.stale() {
		r.s.leaveReceive()
		return ErrStale
	}
	r.s.in.turns++
	return nil
}
