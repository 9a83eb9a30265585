package stream

import (
	"crypto/tls"
	"io"
	"net"
	"time"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/conf"
	"github.com/litert/websocket/internal/transport"
)

// A Socket is a WebSocket connection without its receiving side, which is in [Conn]: what all connections
// have in common, whatever their mode. Its methods may be called by any goroutine at any time.
//
// It puts the parts of the engine together, each of which owns its decisions.
type Socket struct {
	hs agreed // constant after New

	recv receiver
	wire wire
	send messages
	ctl  control
	end  ending
}

func newSocket(rwc io.ReadWriteCloser, hs *Handshake, mode frame.ReceiveMode, cfg *conf.Stream) *Socket {
	tr := transport.New(rwc, transport.Config{Idle: cfg.IdleTimeout, Patience: cfg.KeepAlive})
	if hs.TLS == nil {
		hs.TLS = tr.TLS()
	}
	s := new(Socket)
	s.hs.agree(hs)
	zip := newDeflation(hs, cfg.Compression)
	e, w, c, m, rc := &s.end, &s.wire, &s.ctl, &s.send, &s.recv
	e.ctl, e.closeTimeout, e.whenEnded = c, cfg.CloseTimeout, cfg.Ended
	w.tr, w.end, w.trace, w.messages, w.server = tr, e, newTracer(cfg.Trace), &m.gate, hs.Server
	w.messagesOnly = cfg.MessagesOnly
	w.turn.w = w
	w.setMasking(cfg.Masking)
	m.wire, m.zip, m.fragment = w, zip, cfg.FragmentSize
	c.wire, c.recv = w, rc
	rc.wire, rc.ctl, rc.zip = w, c, zip
	rc.limits = limits{cfg.MaxMessageSize, mode, hs.Server, cfg.AllowUnmasked, cfg.ReuseBuffer}
	if len(hs.Buffered) > 0 {
		rc.buf.hold(hs.Buffered)
		w.trace.bytesReceived(int64(len(hs.Buffered)))
	}
	if w.trace != nil {
		s.tellOpened()
	}
	c.start(cfg.KeepAlive)
	return s
}

// tellOpened is not a part of newSocket, which is to take little of the stack of what has opened the connection.
//
//go:noinline
func (s *Socket) tellOpened() { s.wire.trace.opened(s.Handshake()) }

// Connected reports whether the connection is up: it has not ended, in whatever way. One that can no longer be written
// to is up while it may still be read.
func (s *Socket) Connected() bool { return !s.end.hasEnded() }

// Ended reports whether reading has ended: the peer's close frame has come, or the connection has ended.
func (s *Socket) Ended() bool { return s.end.peerClosed.Load() || s.end.hasEnded() }

// Finished reports whether writing has finished: a close frame was sent, the transport has failed to take what was
// written, a message was given up that had begun, or the connection has ended.
func (s *Socket) Finished() bool { return s.wire.isFinished() }

// Writable reports whether a message can be sent. It may have to wait for its turn.
func (s *Socket) Writable() bool { return !s.Finished() }

// Done returns a channel that is closed when the connection has ended. Nothing notices that the peer is gone while no
// goroutine receives or writes.
//
// At a server over HTTP/2 it is closed later: when the close frame has left, too, the peer has taken it if this end has failed the
// connection, and nothing is written any more, so that the handler can return. That is up to the [CloseTimeout] behind the end, or
// until TCP takes something again, or ends, where it stands still.
func (s *Socket) Done() <-chan struct{} {
	if released := s.wire.tr.Released(); released != nil {
		return released
	}
	return s.end.done.Wait()
}

// Err returns why the connection ended, as [Conn.Receive] does, or nil while it has not.
func (s *Socket) Err() error { return s.end.reason() }

// IsServer reports whether this end is the server.
func (s *Socket) IsServer() bool { return s.wire.server }

// ReceiveMode returns the mode that the connection was opened with.
func (s *Socket) ReceiveMode() frame.ReceiveMode { return s.recv.limits.mode }

// MaxMessageSize returns the limit for received messages in bytes, or [Unlimited].
func (s *Socket) MaxMessageSize() int64 { return s.recv.limits.message }

// Subprotocol returns the subprotocol agreed on, or an empty string.
func (s *Socket) Subprotocol() string { return s.hs.subprotocol() }

// Handshake returns the outcome of the opening handshake, without its Buffered bytes. Each call makes the header anew,
// and it is the caller's.
func (s *Socket) Handshake() Handshake { return s.hs.handshake(s.wire.server, s.send.zip) }

// TLS returns the state of the TLS connection below, with the peer's certificates, or nil without TLS. It must not be
// changed.
func (s *Socket) TLS() *tls.ConnectionState { return s.hs.tls }

// LocalAddr returns the address of this end; one whose String is "unknown" if the transport does not know.
func (s *Socket) LocalAddr() net.Addr { return s.wire.tr.LocalAddr() }

// RemoteAddr returns the address of the peer; one whose String is "unknown" if the transport does not know.
func (s *Socket) RemoteAddr() net.Addr { return s.wire.tr.RemoteAddr() }

// IdleTimeout returns the idle timeout; 0 is none.
func (s *Socket) IdleTimeout() time.Duration { return s.wire.tr.IdleTimeout() }

// SetIdleTimeout changes the idle timeout (see the option [IdleTimeout]), also for calls that wait already; 0 turns it
// off. A negative d is an [*ArgumentError].
func (s *Socket) SetIdleTimeout(d time.Duration) error {
	if err := checkIdleTimeout(d); err != nil {
		return err
	}
	s.wire.tr.SetIdleTimeout(d)
	return nil
}

// SetMasking changes how a client masks its frames, from the next frame on. On a server, and in a browser, which masks by
// itself, it is an [*ArgumentError].
func (s *Socket) SetMasking(m frame.Masking) error {
	switch {
	case s.wire.server:
		return &ArgumentError{"SetMasking", "a server must not mask (RFC 6455, section 5.1)"}
	case s.wire.messagesOnly:
		return &ArgumentError{"SetMasking", "a browser masks by itself"}
	}
	s.wire.setMasking(m)
	return nil
}
