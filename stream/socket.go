package stream

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/conf"
)

// A Socket is a WebSocket connection without its receiving side, which is in [Conn]: what all connections
// have in common, whatever their mode. Its methods may be called by any goroutine at any time.
type Socket struct {
	// constant after New
	transport transport
	raw       syscall.RawConn // waits for bytes without a buffer; nil: cannot
	try       tries           // of raw
	cfg       conf.Kept
	hs        agreed
	vectored  bool // the transport is a socket of the system: a write may have two parts, and be resumed
	server    bool
	mode      frame.ReceiveMode

	moreToCome   atomic.Bool // the receiver has further frames in its buffer
	finished     atomic.Bool // no frame may follow: closeSent, or a frame was cut. Set by the holder of wireGate
	closeSent    atomic.Bool // a close frame was sent
	peerClosed   atomic.Bool // the peer's close frame has come
	shuttingDown atomic.Bool // this end began the closing handshake

	clock      clock
	readLimit  deadline
	writeLimit deadline
	masking    atomic.Pointer[frame.Masking]

	// recvGate admits one receiver, who owns in.
	recvGate gate
	in       incoming

	// msgGate admits one outgoing message at a time; out is the one of an open Writer.
	msgGate gate
	out     *outgoing // nil before the first Writer

	// wireGate, inside msgGate, admits one frame to the wire. Its holder owns sent and batch.
	wireGate gate
	sent     int64 // bytes of the current frame that the transport took
	batch    batch

	deflation *deflation // constant after New; nil: none was agreed on

	pongs  atomic.Pointer[pongs]    // set by the receiver; nil before the first that had to wait
	probes atomic.Pointer[underWay] // nil before the first
	pinger *time.Timer              // constant after New; nil without KeepAlive
	trace  *tracer                  // constant after New; nil: none

	done latch // err is set
	gone latch // the transport is being closed

	errMu    sync.Mutex // guards following
	err      error      // why the connection ended
	writeErr error      // why the transport took no more
}

func newSocket(rwc io.ReadWriteCloser, hs Handshake, mode frame.ReceiveMode, cfg conf.Stream) *Socket {
	s := &Socket{
		transport: newTransport(rwc),
		server:    hs.Server,
		mode:      mode,
		cfg:       cfg.Kept,
	}
	s.raw, s.vectored = socketOf(s.transport)
	if c, ok := s.transport.(*tls.Conn); ok && hs.TLS == nil {
		state := c.ConnectionState()
		hs.TLS = &state
	}
	s.hs = agreed{hs.Resource, hs.Subprotocol, hs.Deflate, hs.Header, hs.TLS}
	s.trace = newTracer(cfg.Trace)
	s.clock.start = time.Now()
	s.clock.keepAlive = cfg.KeepAlive
	s.clock.idle.Store(int64(cfg.IdleTimeout))
	s.readLimit.init(s, true)
	s.writeLimit.init(s, false)
	s.masking.Store(&s.cfg.Masking)
	s.deflation = newDeflation(hs, cfg.Compression)
	s.bindTries()
	s.in.init(hs.Buffered)
	s.trace.opened(s.Handshake())
	if cfg.KeepAlive > 0 {
		s.pinger = time.AfterFunc(longest, s.keepAlive)
		s.pinger.Reset(cfg.KeepAlive)
	}
	return s
}

// Connected reports whether the connection is up: it has not ended, in whatever way. One that can no longer be written
// to is up while it may still be read.
func (s *Socket) Connected() bool { return !s.hasEnded() }

// Ended reports whether reading has ended: the peer's close frame has come, or the connection has ended.
func (s *Socket) Ended() bool { return s.peerClosed.Load() || s.hasEnded() }

// Finished reports whether writing has finished: a close frame was sent, the transport has failed to take what was
// written, or the connection has ended.
func (s *Socket) Finished() bool { return s.finished.Load() || s.hasEnded() }

// Writable reports whether a message can be sent. It may have to wait for its turn.
func (s *Socket) Writable() bool { return !s.Finished() }

// Done returns a channel that is closed when the connection has ended. Nothing notices that the peer is gone while
// nobody receives and nobody writes.
func (s *Socket) Done() <-chan struct{} { return s.done.wait() }

// Err returns why the connection ended, as [Conn.Receive] does, or nil while it has not.
func (s *Socket) Err() error {
	s.errMu.Lock()
	defer s.errMu.Unlock()
	return s.err
}

// IsServer reports whether this end is the server.
func (s *Socket) IsServer() bool { return s.server }

// ReceiveMode returns the mode that the connection was opened with.
func (s *Socket) ReceiveMode() frame.ReceiveMode { return s.mode }

// MaxMessageSize returns the limit for received messages in bytes, or [Unlimited].
func (s *Socket) MaxMessageSize() int64 { return s.cfg.MaxMessageSize }

// Subprotocol returns the subprotocol agreed on, or an empty string.
func (s *Socket) Subprotocol() string { return s.hs.subprotocol }

// Handshake returns the outcome of the opening handshake, without its Buffered bytes. The header is
// the connection's own, and must not be changed.
func (s *Socket) Handshake() Handshake {
	a := &s.hs
	return Handshake{s.server, a.resource, a.subprotocol, a.deflate, a.header, a.tls, nil}
}

// TLS returns the state of the TLS connection below, with the peer's certificates, or nil without TLS. It must not be
// changed.
func (s *Socket) TLS() *tls.ConnectionState { return s.hs.tls }

// LocalAddr returns the address of this end; one whose String is "unknown" if the transport does not know.
func (s *Socket) LocalAddr() net.Addr {
	if c, ok := underlying(s.transport).(interface{ LocalAddr() net.Addr }); ok {
		return c.LocalAddr()
	}
	return unknownAddr{}
}

// RemoteAddr returns the address of the peer; one whose String is "unknown" if the transport does not know.
func (s *Socket) RemoteAddr() net.Addr {
	if c, ok := underlying(s.transport).(interface{ RemoteAddr() net.Addr }); ok {
		return c.RemoteAddr()
	}
	return unknownAddr{}
}

// IdleTimeout returns the idle timeout; 0 is none.
func (s *Socket) IdleTimeout() time.Duration { return s.clock.timeout() }

// SetIdleTimeout changes the idle timeout (see the option [IdleTimeout]), also for calls that wait already; 0 turns it
// off. A negative d is an [*ArgumentError].
func (s *Socket) SetIdleTimeout(d time.Duration) error {
	if err := checkIdleTimeout(d); err != nil {
		return err
	}
	s.clock.idle.Store(int64(d))
	s.readLimit.changed(nil)
	s.writeLimit.changed(nil)
	return nil
}

// SetMasking changes how a client masks its frames, from the next frame on. On a server it is an [*ArgumentError].
func (s *Socket) SetMasking(m frame.Masking) error {
	if s.server {
		return &ArgumentError{"SetMasking", "a server must not mask (RFC 6455, section 5.1)"}
	}
	s.masking.Store(&m)
	return nil
}

// nextKey returns the masking key for the next frame.
func (s *Socket) nextKey() (frame.Key, bool) {
	if s.server {
		return frame.Key{}, false
	}
	return s.masking.Load().Next()
}

func (s *Socket) hasEnded() bool { return s.done.isSet() }

// end lets the connection end with err, if it has not ended, and returns the error that it ended with. The
// transport stays open.
func (s *Socket) end(err error) (cause error, first bool) {
	s.errMu.Lock()
	defer s.errMu.Unlock()
	if s.err != nil {
		return s.err, false
	}
	if s.shuttingDown.Load() && !errors.Is(err, net.ErrClosed) {
		err = &shutdownError{err}
	}
	s.err = err
	s.done.set()
	if s.pinger != nil {
		s.pinger.Stop()
	}
	return err, true
}

// drop closes the transport. Whoever lets the connection end does that, sooner or later. TLS says a farewell of its own
// only if it is clean, and not for long: that may have to wait for a peer that does not read.
func (s *Socket) drop(clean bool) {
	if !s.gone.set() {
		return
	}
	s.clearUp()
	if c, ok := s.transport.(*tls.Conn); ok {
		cut := func() { c.NetConn().Close() }
		if !clean {
			cut()
		} else {
			defer time.AfterFunc(closeGrace, cut).Stop()
		}
	}
	s.transport.Close()
	s.trace.ended(s.Err())
	if s.cfg.Ended != nil {
		s.cfg.Ended()
	}
}
