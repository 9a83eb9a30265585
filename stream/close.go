package stream

import (
	"context"
	"errors"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
)

// closeGrace is how long Close may try to send its frame.
const closeGrace = 100 * time.Millisecond

// Close ends the connection at once: it sends a close frame with code 1000 if that is possible within a tenth of a
// second, and closes the transport without waiting for the peer's answer, which [Socket.Shutdown] does. Whoever waits
// on the connection is unblocked, with an error that matches [net.ErrClosed]. Messages that are not written to their
// end are cut short, and the peer can see that. Close returns nil, also when called again.
func (s *Socket) Close() error {
	clean := false
	if _, first := s.end(errClosed); first {
		ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
		defer cancel()
		clean = s.sendClose(ctx, closecode.NormalClosure, "") == nil
	}
	s.drop(clean)
	return nil
}

// Abort closes the transport without a close frame. Otherwise it is as [Socket.Close].
func (s *Socket) Abort() error {
	s.end(errClosed)
	s.drop(false)
	return nil
}

// Shutdown performs the closing handshake (RFC 6455, section 7.1.2): it sends a close frame with code and reason, waits
// for the peer's, and closes the transport. It does not wait for an open [Writer], whose message is cut short. Messages
// that arrive meanwhile go to whoever receives; if nobody does, Shutdown reads and discards them.
//
// Both ctx and the timeout of the option [CloseTimeout] bound it; when one of them ends it, the transport is closed,
// and the error returned. If the peer's close frame came, Shutdown returns nil, whatever its code, also when it came
// long ago.
//
// A code that must not be sent, or a reason that is over 123 bytes or not UTF-8, is an [*ArgumentError]: nothing was
// sent, and the connection stays as it was. [closecode.NoStatus] with an empty reason sends a frame without a code.
func (s *Socket) Shutdown(ctx context.Context, code closecode.Code, reason string) error {
	if _, err := frame.AppendClose(nil, code, reason); err != nil {
		return &ArgumentError{"Shutdown", err.Error()}
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.CloseTimeout)
	defer cancel()
	if !s.Ended() {
		s.shuttingDown.Store(true)
	}
	// The peer may have to be read before it reads.
	sent := make(chan error, 1)
	go func() {
		err := s.sendClose(ctx, code, reason)
		var failed *transportError
		if err != nil && !errors.As(err, &failed) {
			cancel() // without our frame the peer's may never come, unless it is why the transport has failed
		}
		sent <- err
	}()
	err := s.awaitClose(ctx)
	if e := <-sent; e != nil && err != nil {
		err = e
	}
	cause := s.Err()
	if err != nil {
		cause, _ = s.end(err)
	}
	s.drop(err == nil)
	var closed *CloseError
	if errors.As(cause, &closed) {
		return nil
	}
	return cause
}

// idleReceiver is how long nobody must have received for Shutdown to do it.
const idleReceiver = 20 * time.Millisecond

// awaitClose waits until the peer's close frame has come, or the connection has ended otherwise. It leaves that to the
// receiver, if there is one.
func (s *Socket) awaitClose(ctx context.Context) error {
	seen := ^uint64(0)
	for wait := time.Duration(0); ; wait = idleReceiver {
		select {
		case <-s.done:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		if !s.recvGate.tryEnter() {
			continue
		}
		if turns := s.in.turns; wait > 0 && turns != seen {
			seen = turns
			s.recvGate.leave()
			continue
		}
		defer s.recvGate.leave()
		return s.discardAll(ctx)
	}
}

// discardAll reads and discards what comes, until the connection ends, which is its success, or ctx does.
func (s *Socket) discardAll(ctx context.Context) error {
	s.in.cut = s.in.cut || !s.in.atEnd()
	b := bounds{ctx: ctx}
	for !s.hasEnded() {
		err := s.discard(b)
		if err == nil {
			err = s.nextFrame(b)
		}
		if err != nil && !s.hasEnded() {
			return err
		}
	}
	return nil
}

// sendClose sends a close frame, unless one was sent or no frame can follow.
func (s *Socket) sendClose(ctx context.Context, code closecode.Code, reason string) error {
	buf := takeBuffer(smallSize)
	defer giveBuffer(buf)
	p, err := frame.AppendClose(buf[:frame.MaxHeaderLen], code, reason)
	if err != nil {
		return err
	}
	if err := s.wireGate.enter(ctx, nil); err != nil {
		return err
	}
	defer s.wireGate.leave()
	if s.finished.Swap(true) {
		return nil
	}
	return s.putFrame(bounds{ctx: ctx}, frame.Header{Fin: true, Opcode: opcode.Close}, buf, len(p)-frame.MaxHeaderLen, nil)
}

// closedByPeer answers the peer's close frame, if that is not itself the answer to ours, and ends the connection.
func (s *Socket) closedByPeer(payload []byte) error {
	code, reason, err := frame.ParseClose(payload)
	if err != nil {
		return s.failProtocol(err)
	}
	s.peerClosed.Store(true)
	err = s.sayClose(code, "")
	cause, _ := s.end(&CloseError{Code: code, Reason: reason})
	s.drop(err == nil)
	return cause
}

// failProtocol fails the connection (RFC 6455, section 7.1.7) because of what the peer sent.
func (s *Socket) failProtocol(err error) error {
	code := closecode.ProtocolError
	var broken *frame.Error
	if errors.As(err, &broken) {
		code = broken.Code
		err = broken
	}
	return s.fail(&ProtocolError{Code: code, Err: err}, code, err.Error())
}

// fail ends the connection with err, and tells the peer the code and reason. The caller is the receiver.
func (s *Socket) fail(err error, code closecode.Code, reason string) error {
	cause, first := s.end(err)
	if first {
		told := s.sayClose(code, reason) == nil
		if told && err != ErrIdleTimeout {
			s.linger()
		}
		s.drop(told)
	}
	return cause
}

// failMessage ends the connection because an outgoing message cannot be brought to its end.
func (s *Socket) failMessage(err error) {
	if _, first := s.end(err); !first {
		return
	}
	told := s.sayClose(closecode.InternalError, "message was aborted") == nil
	if told && s.recvGate.tryEnter() {
		s.linger()
		s.recvGate.leave()
	}
	s.drop(told)
}

// sayClose sends a close frame on behalf of nobody whose context would bound it.
func (s *Socket) sayClose(code closecode.Code, reason string) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.CloseTimeout)
	defer cancel()
	return s.sendClose(ctx, code, reason)
}

// linger lets the peer read the close frame: to close a socket while the peer still sends would take the frame away
// from it. So the rest is read, until the peer has closed its side, or the time for the closing handshake is over.
func (s *Socket) linger() {
	c, ok := s.transport.(interface{ CloseWrite() error })
	if !ok || c.CloseWrite() != nil {
		return
	}
	s.transport.SetReadDeadline(time.Now().Add(s.cfg.CloseTimeout))
	buf := takeBuffer(bulkSize)
	defer giveBuffer(buf)
	for {
		if _, err := s.transport.Read(buf); err != nil {
			return
		}
	}
}

// hearReason listens for a moment, after the transport has failed to write, for the close frame in which the peer said
// why it left. It takes no message from whoever may want to receive it.
func (s *Socket) hearReason() {
	ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
	defer cancel()
	if s.recvGate.enter(ctx, s.done) != nil {
		return
	}
	defer s.recvGate.leave()
	if !s.hasEnded() && s.in.atEnd() {
		s.in.begun = s.nextFrame(bounds{ctx: ctx}) == nil
	}
}
