package stream

import (
	"context"
	"errors"
	"io"
	"net"
	"os"

	"github.com/litert/websocket/frame"
)

// payloadAt is where the payload begins in a buffer that a frame is put together in: the header stands right before it.
const payloadAt = frame.MaxHeaderLen

// enterWire makes the caller the one who may send a frame. It returns an error if no frame can be sent any more.
func (s *Socket) enterWire(ctx context.Context) error {
	if err := s.wireGate.enter(ctx, s.done); err == errEnded {
		return s.writeEnd()
	} else if err != nil {
		return err
	}
	if s.Finished() {
		s.wireGate.leave()
		return s.writeEnd()
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

// writeFrame sends one frame with the payload buf[payloadAt:payloadAt+n] and, behind that, body. It takes its turn at
// the wire. The bytes of buf are the same afterwards only if nothing was sent.
func (s *Socket) writeFrame(b bounds, h frame.Header, buf []byte, n int, body []byte) error {
	if err := s.enterWire(b.ctx); err != nil {
		return err
	}
	err := s.putFrame(b, h, buf, n, body)
	return s.leaveWire(err)
}

// leaveWire ends the caller's turn at the wire. If err has left a frame unfinished there, no other can follow. Where
// this end has cut it, the connection ends; where the transport has failed, what the peer sent before can still be
// received.
func (s *Socket) leaveWire(err error) error {
	if err == nil || s.sent == 0 && !s.tls && mayRetry(err) {
		s.wireGate.leave()
		return err
	}
	s.finished.Store(true)
	s.wireGate.leave()
	var failed *transportError
	if errors.As(err, &failed) {
		s.errMu.Lock()
		s.writeErr = failed.error
		s.errMu.Unlock()
		s.hearReason()
	} else {
		s.end(&cutError{"write failed", net.ErrClosed, err})
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

// putFrame is writeFrame for who is at the wire already.
func (s *Socket) putFrame(b bounds, h frame.Header, buf []byte, n int, body []byte) error {
	s.sent = 0
	h.Key, h.Masked = s.nextKey()
	h.Length = int64(n + len(body))
	start := putHeader(h, buf)
	frame.Mask(buf[payloadAt:payloadAt+n], h.Key, 0)
	err := s.sendPart(b, buf, start, payloadAt+n, body, h.Key, int64(n))
	if err != nil && s.sent == 0 {
		frame.Mask(buf[payloadAt:payloadAt+n], h.Key, 0) // as it was, for another attempt
	}
	return err
}

// putHeader writes the header of a frame right before its payload, and returns where it starts.
func putHeader(h frame.Header, buf []byte) (start int) {
	start = payloadAt - h.Len()
	h.Append(buf[start:start:payloadAt])
	return start
}

// sendPart sends buf[start:end], in which all is done, and behind it body, which begins pos bytes into the payload and
// is not masked yet. The caller's body is never changed: what needs masking is copied to the free end of buf, and then
// through the whole of it.
func (s *Socket) sendPart(b bounds, buf []byte, start, end int, body []byte, key frame.Key, pos int64) error {
	masked := key != frame.Key{}
	for len(body) > 0 && (masked || !s.vectored && end > start) {
		n := copy(buf[end:], body)
		frame.Mask(buf[end:end+n], key, pos)
		end, pos, body = end+n, pos+int64(n), body[n:]
		if len(body) > 0 {
			if err := s.send(b, buf[start:end], nil); err != nil {
				return err
			}
			start, end = 0, 0
		}
	}
	return s.send(b, buf[start:end], body)
}

// send hands head and body to the transport.
func (s *Socket) send(b bounds, head, body []byte) error {
	began := s.clock.now()
	for len(head)+len(body) > 0 {
		if !s.vectored {
			s.writeLimit.disarm() // an expiry without a reason would break TLS
		}
		s.writeLimit.arm(b, &s.clock, began)
		n, err := s.sendOnce(b.ctx, head, body)
		if n > 0 {
			s.sent += int64(n)
			s.clock.tick()
			began = s.clock.now()
			k := min(n, len(head))
			head, body = head[k:], body[n-k:]
		}
		switch {
		case err == nil && n == 0:
			return io.ErrShortWrite
		case err == nil:
		case !isTimeout(err):
			return &transportError{err}
		default:
			if cause := s.writeLimit.reason(b, &s.clock, began); cause != nil {
				return cause
			}
			if s.tls {
				return err
			}
		}
	}
	return nil
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
		s.vec = [2][]byte{head, body}
		s.buffers = s.vec[:]
		n, err := s.buffers.WriteTo(s.transport)
		s.vec = [2][]byte{}
		return int(n), err
	case len(head) == 0:
		head = body
	}
	if !s.vectored {
		head = head[:min(len(head), maxPiece)]
	}
	return s.transport.Write(head)
}
