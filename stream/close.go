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
	ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
	defer cancel()
	if _, first := s.end(errClosed); !first {
		s.awaitDrop(ctx) // somebody says good-bye already
		return nil
	}
	s.drop(s.sendClose(ctx, closecode.NormalClosure, "") == nil)
	return nil
}

// awaitDrop waits until the transport is closed, and closes it when ctx ends.
func (s *Socket) awaitDrop(ctx context.Context) {
	select {
	case <-s.gone.wait():
	case <-ctx.Done():
		s.drop(false)
	}
}

// Abort closes the transport without a close frame. Otherwise it is as [Socket.Close].
func (s *Socket) Abort() error {
	s.end(errClosed)
	s.drop(false)
	return nil
}

// Shutdown performs the closing handshake (RFC 6455, section 7.1.2): it sends a close frame with code and reason, waits
// for the peer's, and closes the transport; a client lets the server do that first, and waits for it up to a second. It
// does not wait for an open [Writer], whose message is cut short. Messages that arrive meanwhile go to whoever receives;
// if nobody has for 20 milliseconds, or for half a second in the middle of a message, Shutdown reads and discards them.
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
	ctx, stop := context.WithTimeout(ctx, s.cfg.CloseTimeout)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if !s.Ended() {
		s.shuttingDown.Store(true)
	}
	// The peer may have to be read before it reads.
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		err := s.sendClose(ctx, code, reason)
		var failed *transportError
		if err != nil && !errors.As(err, &failed) {
			cancel(err) // without our frame the peer's may never come, unless it is why the transport has failed
		}
	}()
	s.awaitEnd(ctx)
	<-sent
	s.awaitDrop(ctx)
	cause := s.Err()
	var closed *CloseError
	if errors.As(cause, &closed) {
		return nil
	}
	return cause
}

// How long nobody must have received for Shutdown to do it. Who is in the middle of a message may be busy with it.
const (
	idleReceiver = 20 * time.Millisecond
	slowReader   = 500 * time.Millisecond
)

// awaitEnd waits until the connection has ended, as it does when the peer's close frame comes, or ends it when ctx
// ends. It leaves receiving to the receiver, if there is one.
func (s *Socket) awaitEnd(ctx context.Context) {
	in, turns, since := &s.in, uint64(0), time.Time{}
	for wait := time.Duration(0); ; wait = idleReceiver {
		select {
		case <-s.done.wait():
			return
		case <-ctx.Done():
			s.end(context.Cause(ctx))
			return
		case <-time.After(wait):
		}
		if !s.recvGate.tryEnter() {
			continue
		}
		patience := idleReceiver
		if !in.atEnd() {
			patience = slowReader
		}
		if in.turns == turns && time.Since(since) >= patience {
			s.discardAll(ctx)
			s.leaveReceive()
			return
		}
		if in.turns != turns {
			turns, since = in.turns, time.Now()
		}
		s.leaveReceive()
	}
}

// discardAll reads and discards what comes, until the connection ends, or ends it when ctx does. The caller is the
// receiver, and the last one.
func (s *Socket) discardAll(ctx context.Context) {
	in := &s.in
	in.over, in.whole, in.pending = true, in.pending || in.atEnd(), false
	b := bounds{ctx: ctx}
	for !s.hasEnded() {
		err := s.discard(b)
		if err == nil {
			err = s.nextFrame(b)
		}
		if err != nil {
			s.end(context.Cause(ctx)) // unless err is of the connection's end
		}
	}
}

// sendClose sends a close frame, unless one was sent or no frame can follow.
func (s *Socket) sendClose(ctx context.Context, code closecode.Code, reason string) error {
	p, err := frame.AppendClose(nil, code, reason)
	if err != nil {
		return err
	}
	buf := takeBuffer(smallSize)
	defer giveBuffer(buf)
	if err := s.wireGate.enter(ctx, &s.gone); err != nil {
		return err
	}
	defer s.wireGate.leave()
	switch {
	case s.closeSent.Load():
		return nil
	case s.finished.Swap(true):
		return &transportError{errClosed}
	}
	b := bounds{ctx: ctx}
	err = s.sendBatch(b)
	if err == nil { // the peer has sent these pings before it may see our frame
		err = s.writePongs(b, s.pongs.Load())
	}
	if err == nil {
		err = putFrame(s, b, frame.Header{Opcode: opcode.Close}, buf, p)
	}
	if err == nil {
		s.closeSent.Store(true)
		s.trace.closeSent(code, reason)
	}
	return err
}

// closedByPeer answers the peer's close frame, if that is not itself the answer to ours, and ends the connection.
func (s *Socket) closedByPeer(payload []byte) error {
	code, reason, err := frame.ParseClose(payload)
	if err != nil {
		return s.failProtocol(err)
	}
	s.peerClosed.Store(true)
	s.trace.closeReceived(code, reason)
	cause, first := s.end(&CloseError{Code: code, Reason: reason})
	if first {
		s.farewell(code, "", !s.closeSent.Load()) // what is behind its frame must not take ours away
	}
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
		s.farewell(code, reason, err != ErrIdleTimeout && err != ErrNoPong)
	}
	return cause
}

// failMessage ends the connection because an outgoing message cannot be brought to its end.
func (s *Socket) failMessage(err error) {
	if _, first := s.end(err); first {
		alone := s.recvGate.tryEnter()
		if alone {
			s.leaveReceive()
		}
		s.farewell(closecode.InternalError, "message was aborted", alone)
	}
}

// farewell sends a close frame and closes the transport. Both together take no longer than the closing handshake may;
// it does not wait for the second part.
func (s *Socket) farewell(code closecode.Code, reason string, linger bool) {
	until := time.Now().Add(s.cfg.CloseTimeout)
	ctx, cancel := context.WithDeadline(context.Background(), until)
	defer cancel()
	told := s.sendClose(ctx, code, reason) == nil
	switch {
	case told && s.peerClosed.Load() && !s.server:
		if patience := time.Now().Add(serverCloses); patience.Before(until) {
			until = patience
		}
	case !told || !linger || !s.closeWrite():
		s.drop(told)
		return
	}
	go func() {
		s.linger(until)
		s.drop(true)
	}()
}

// serverCloses is how long a client waits, after both close frames, for the server to close the transport first: which of
// them does has to remember the connection for minutes (RFC 6455, section 7.1.1).
const serverCloses = time.Second

// closeWrite closes the sending side of the transport alone, if it can.
func (s *Socket) closeWrite() bool {
	half, ok := underlying(s.transport).(interface{ CloseWrite() error })
	return ok && half.CloseWrite() == nil
}

// linger lets the peer read the close frame: to close a socket while the peer still sends would take the frame away
// from it. So the rest is read, until the peer has closed its side, or it is time. Nobody else reads any more.
func (s *Socket) linger(until time.Time) {
	s.readLimit.fix(until)
	buf := takeBuffer(smallSize)
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
	if s.recvGate.enter(ctx, &s.done) != nil {
		return
	}
	defer s.leaveReceive()
	if !s.hasEnded() && s.in.atEnd() && !s.in.pending {
		s.in.pending = s.nextFrame(bounds{ctx: ctx}) == nil
	}
}
