package stream

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/litert/websocket/frame"
)

// payloadAt is where the payload begins in a buffer that a frame is put together in: the header stands right before it.
const payloadAt = frame.MaxHeaderLen

// enterWire makes the caller the one who may send a frame. It returns an error if no frame can be sent any more.
func (s *Socket) enterWire(ctx context.Context) error {
	if err := s.wireGate.enter(ctx, &s.done); err == errEnded {
		return s.writeEnd()
	} else if err != nil {
		return err
	}
	if s.Finished() {
		s.wireGate.leave()
		return s.writeEnd()
	}
	if err := ctx.Err(); err != nil { // what has begun would be cut
		s.wireGate.leave()
		return err
	}
	return nil
}

// writeEnd tells why nothing can be written: an error that matches net.ErrClosed, and never io.EOF, which no writer
// expects.
func (s *Socket) writeEnd() error {
	s.errMu.Lock()
	defer s.errMu.Unlock()
	switch {
	case s.err == nil && s.writeErr != nil:
		return &cutError{"write failed", net.ErrClosed, s.writeErr}
	case s.err == nil: // a close frame was sent
		return errClosed
	case !errors.Is(s.err, net.ErrClosed) || errors.Is(s.err, io.EOF):
		return &cutError{"cannot write", net.ErrClosed, s.err}
	}
	return s.err
}

// leaveWire ends the caller's turn at the wire. If err has left a frame unfinished there, no other can follow. Where
// this end has cut it, the connection ends; where the transport has failed, what the peer sent before can still be
// received.
func (s *Socket) leaveWire(err error) error {
	if err == nil || s.sent == 0 && mayRetry(err) && !brokenByCut(s.transport) {
		s.wireGate.leave()
		return err
	}
	var failed *transportError
	lost := errors.As(err, &failed)
	if lost {
		s.errMu.Lock()
		s.writeErr = failed.error
		s.errMu.Unlock()
	} else {
		if timeout, ok := err.(*timeoutError); ok && !s.hasEnded() {
			s.trace.timeout(timeout)
		}
		s.end(&cutError{"write failed", net.ErrClosed, err})
	}
	s.finished.Store(true)
	s.wireGate.leave()
	if lost {
		s.hearReason()
	} else {
		s.drop(false)
	}
	return s.writeEnd()
}

// A transportError is the transport's own, and the caller is not to blame.
type transportError struct{ error }

// mayRetry reports whether err leaves the transport whole: a context or a deadline of the user has ended the write.
func mayRetry(err error) bool {
	return err == context.Canceled || err == context.DeadlineExceeded || err == os.ErrDeadlineExceeded
}

// putFrame sends p as a frame of its own; h has its opcode and RSV1. The caller is at the wire, and buf has room for
// the header at least.
func putFrame[P []byte | string](s *Socket, b bounds, h frame.Header, buf []byte, p P) error {
	h.Fin, h.Length = true, int64(len(p))
	f := s.beginFrame(b, h, buf)
	if err := add(&f, p); err != nil {
		return err
	}
	return f.flush()
}

// beginFrame begins a frame of h.Length bytes in buf. The caller is at the wire.
func (s *Socket) beginFrame(b bounds, h frame.Header, buf []byte) assembler {
	h.Key, h.Masked = s.nextKey()
	s.sent = 0
	s.trace.frameSent(h)
	return assembler{s: s, b: b, buf: buf, start: putHeader(h, buf), end: payloadAt, key: h.Key}
}

// putHeader writes the header of a frame right before its payload, and returns where it starts.
func putHeader(h frame.Header, buf []byte) (start int) {
	start = payloadAt - h.Len()
	h.Append(buf[start:start:payloadAt])
	return start
}

// An assembler puts a frame, or a part of one, together in buf, and sends it in as few writes as it can. The user's
// bytes are never changed: what needs masking, or is as cheap to copy, goes through buf.
type assembler struct {
	s          *Socket
	b          bounds
	buf        []byte
	start, end int // buf[start:end] is masked, and not sent
	key        frame.Key
	pos        int64 // of buf[end] in the payload
}

// add adds p, which is not masked yet, to the payload.
func add[P []byte | string](f *assembler, p P) error {
	if p, ok := any(p).([]byte); ok && f.key == (frame.Key{}) && len(p) > copySize && (f.s.vectored || f.start == f.end) {
		err := f.s.send(f.b, f.buf[f.start:f.end], p)
		f.start, f.end, f.pos = 0, 0, f.pos+int64(len(p))
		return err
	}
	for {
		n := copy(f.buf[f.end:], p)
		frame.Mask(f.buf[f.end:f.end+n], f.key, f.pos)
		f.end, f.pos, p = f.end+n, f.pos+int64(n), p[n:]
		if len(p) == 0 {
			return nil
		}
		if err := f.flush(); err != nil {
			return err
		}
	}
}

// flush sends what was added.
func (f *assembler) flush() error {
	p := f.buf[f.start:f.end]
	f.start, f.end = 0, 0
	if len(p) == 0 {
		return nil
	}
	return f.s.send(f.b, p, nil)
}

// copySize is the size up to which a payload is copied behind its header rather than written from where it is.
const copySize = 8 << 10

// send hands head and body to the transport. If it writes them in pieces of its own, as TLS does, the deadline is set
// for each anew, and none stands behind: what it writes by itself must not meet one.
func (s *Socket) send(b bounds, head, body []byte) error {
	if !s.vectored {
		defer s.writeLimit.fix(time.Time{})
	}
	began := s.clock.now()
	for futile := 0; len(head)+len(body) > 0; {
		if !s.vectored {
			s.writeLimit.armed.Store(false)
		}
		s.writeLimit.arm(b, began)
		n, err := s.sendOnce(b.ctx, head, body)
		if n > 0 {
			futile = 0
			s.sent += int64(n)
			s.wrote(int64(n))
			began = s.clock.now()
			k := min(n, len(head))
			head, body = head[k:], body[n-k:]
		}
		switch {
		case err == nil && n == 0:
			return &transportError{io.ErrShortWrite}
		case err == nil:
			continue
		case !isTimeout(err):
			return &transportError{err}
		}
		if !s.writeLimit.isOver() {
			futile++
		}
		if cause := s.writeLimit.reason(b, began); cause != nil {
			return cause
		}
		if futile == maxFutile || brokenByCut(s.transport) {
			return &transportError{err}
		}
	}
	return nil
}

// wrote notes that the transport has taken n bytes.
func (s *Socket) wrote(n int64) {
	s.trace.bytesSent(n)
	s.clock.tick()
}

// maxPiece bounds a write to a transport that has to finish it by its deadline.
const maxPiece = 64 << 10

func (s *Socket) sendOnce(ctx context.Context, head, body []byte) (int, error) {
	if ctx.Done() != nil {
		kicked := make(chan struct{})
		stop := context.AfterFunc(ctx, func() {
			s.writeLimit.kick()
			close(kicked)
		})
		defer func() {
			if !stop() {
				<-kicked // it must not hit the next write
			}
		}()
	}
	switch {
	case s.vectored && len(head) > 0 && len(body) > 0:
		return writeBoth(s.transport, head, body)
	case len(head) == 0:
		head = body
	}
	if !s.vectored {
		head = head[:min(len(head), maxPiece)]
	}
	return s.transport.Write(head)
}

// writeBoth writes head and body with one system call.
func writeBoth(t transport, head, body []byte) (int, error) {
	v := vectorPool.Get().(*vector)
	defer vectorPool.Put(v)
	v.parts = [2][]byte{head, body}
	v.rest = v.parts[:]
	n, err := v.rest.WriteTo(t)
	*v = vector{}
	return int(n), err
}

// A vector is the memory that writeBoth needs for its argument.
type vector struct {
	parts [2][]byte
	rest  net.Buffers
}

var vectorPool = sync.Pool{New: func() any { return new(vector) }}
