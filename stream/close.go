package stream

import (
	"context"
	"net"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/transport"
)

// Close ends the connection at once: it sends a close frame with code 1000 if that is possible within a tenth of a
// second, and closes the transport without waiting for the peer's answer, which [Socket.Shutdown] does. Calls that
// wait on the connection are unblocked, with an error that matches [net.ErrClosed]. Messages that are not written to their
// end are cut short, and the peer can see that. Close returns nil, also when called again.
func (s *Socket) Close() error {
	if _, first := s.end.set(errClosed); !first { // the peer is being told already
		ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
		defer cancel()
		s.end.awaitDrop(ctx)
		return nil
	}
	told := false
	defer func() { s.end.drop(told) }() // also where a hook panics
	told = s.end.sendClose(boundedBy(time.Now().Add(closeGrace)), closecode.NormalClosure, "") == nil
	return nil
}

// Abort closes the transport without a close frame. Otherwise it is as [Socket.Close], and returns nil as that does, so that
// either may be given where something is to be closed.
func (s *Socket) Abort() error {
	s.end.set(errClosed)
	s.end.drop(false)
	return nil
}

// Shutdown performs the closing handshake (RFC 6455, section 7.1.2): it sends a close frame with code and reason, waits
// for the peer's, and closes the transport; a client lets the server do that first, and waits for it up to a second. It
// does not wait for an open [Writer], whose message is cut short. Messages that arrive meanwhile go to the receiver;
// if there is none for 20 milliseconds, or for half a second in the middle of a message, Shutdown reads and discards them.
//
// Both ctx and the timeout of the option [CloseTimeout] bound it; when one of them ends it, the transport is closed,
// and the error returned. If the peer's close frame came, Shutdown returns nil, whatever its code, also when it came
// long ago.
//
// A code that must not be sent, or a reason that is over 123 bytes or not UTF-8, is an [*ArgumentError]: nothing was
// sent, and the connection stays as it was. [closecode.NoStatus] with an empty reason sends a frame without a code.
func (s *Socket) Shutdown(ctx context.Context, code closecode.Code, reason string) error {
	if _, err := frame.AppendClose(nil, code, reason); err != nil {
		return &ArgumentError{"Shutdown", textOf(err)}
	}
	bounds, stop := context.WithTimeout(ctx, s.end.closeTimeout)
	defer stop()
	ctx, cancel := context.WithCancelCause(bounds)
	defer cancel(nil)
	if !s.Ended() {
		s.end.shuttingDown.Store(true)
	}
	// The peer may have to be read before it reads.
	sent := make(chan any, 1) // what a hook has panicked with, for the caller; nil: none has
	go func() {
		err := errUnfinished // by a hook that panics
		defer func() {
			if !s.wire.closeSent.Load() && s.end.canWrite() {
				cancel(err) // without our frame the peer's may never come, unless it is why the transport has failed
			}
			sent <- recover()
		}()
		err = s.end.sendClose(transport.Bounds{Ctx: ctx}, code, reason)
	}()
	s.awaitEnd(ctx)
	panicked := <-sent
	s.end.awaitDrop(ctx)
	if panicked != nil {
		panic(panicked)
	}
	switch cause := s.Err(); {
	case isByPeer(cause):
		return nil
	case bounds.Err() != nil:
		return ofOwnBounds(cause)
	default:
		return cause
	}
}

// CloseWrite sends a close frame with code and reason, behind which nothing can be sent (RFC 6455, section 5.5.1), and leaves
// receiving open: all that the peer sends before its own close frame is received, however long the program takes for it,
// and then [Conn.Receive] returns a [*CloseError] with what the peer has answered. That is what it differs in from
// [Socket.Shutdown], which ends the connection itself, and discards what nobody receives. It does not wait for an open
// [Writer], whose message is cut short.
//
// Most peers, and this package, answer a close frame at once, and send nothing behind: it is for a program that wants
// what is on its way. In a browser nothing is received behind it. Ctx bounds the sending alone: when it ends before any of the
// frame has left, the connection stays as it was, but for messages that were refused meanwhile. If a close frame was sent before,
// CloseWrite does nothing and returns nil; when the connection has ended, it returns why, as Receive does. [KeepAlive] sends no
// pings behind it, so that the [IdleTimeout] bounds how long the peer may be silent.
//
// A code that must not be sent, or a reason that is over 123 bytes or not UTF-8, is an [*ArgumentError]: nothing was
// sent, and the connection stays as it was. Any goroutine may call it at any time.
func (s *Socket) CloseWrite(ctx context.Context, code closecode.Code, reason string) error {
	if _, err := frame.AppendClose(nil, code, reason); err != nil {
		return &ArgumentError{"CloseWrite", textOf(err)}
	}
	return s.end.sendClose(transport.Bounds{Ctx: ctx}, code, reason)
}

// How long there must have been no receiver for Shutdown to read. A program in the middle of a message may be busy with it.
const (
	idleReceiver = 20 * time.Millisecond
	slowReader   = 500 * time.Millisecond
)

// awaitEnd waits until the connection has ended, as it does when the peer's close frame comes, or ends it when ctx
// ends. It leaves receiving to the receiver, if there is one.
func (s *Socket) awaitEnd(ctx context.Context) {
	turns, since := uint64(0), time.Time{}
	for wait := time.Duration(0); ; wait = idleReceiver {
		select {
		case <-s.end.done.Wait():
			return
		case <-ctx.Done():
			s.end.set(unfinishedClosing(ctx))
			return
		case <-time.After(wait):
		}
		now, resting, ok := s.recv.glance()
		switch {
		case !ok:
		case now != turns:
			turns, since = now, time.Now()
		case time.Since(since) >= idleReceiver && resting, time.Since(since) >= slowReader:
			if s.recv.takeOver(ctx) {
				return
			}
		}
	}
}

// unfinishedClosing is why a connection ended whose closing handshake was ended by ctx. What the cause of a context is
// does not make an orderly end of that.
func unfinishedClosing(ctx context.Context) error {
	return &cutError{"closing handshake not finished", net.ErrClosed, context.Cause(ctx)}
}
