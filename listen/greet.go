package listen

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/litert/websocket/internal/transport"
)

// taken is a connection that is ready for the HTTP server, or why there will be none.
type taken struct {
	conn net.Conn
	err  error
}

// A readyListener hands over what take has taken.
type readyListener struct {
	net.Listener
	server *server
}

func (l readyListener) Accept() (net.Conn, error) {
	select {
	case t := <-l.server.ready:
		return t.conn, t.err
	case <-l.server.closed:
		return nil, net.ErrClosed
	}
}

// take takes connections from the network, as long as there is room, until that fails for good.
func (s *server) take() {
	defer s.goroutines.Done()
	waited := time.Duration(0) // since accepting has failed
	for silent := true; s.room.await(silent, s.closed); {
		conn, err := s.ln.Accept()
		switch {
		case err == nil:
			waited = 0
		case isTemporary(err):
			waited = s.getOver(err, waited)
			continue
		default:
			s.handOver(taken{err: err})
			return
		}
		p := s.room.newPlace(conn)
		silent = p.raw != nil // the next one will be as this one
		if !s.room.take(p, s.closed) {
			closeBelow(conn)
			return
		}
		s.goroutines.Add(1)
		go s.greet(p)
	}
}

// isTemporary reports whether accepting, which has failed with err, is tried again, as package net/http does.
func isTemporary(err error) bool {
	temporary, ok := err.(interface{ Temporary() bool })
	return ok && temporary.Temporary()
}

// getOver waits after err until accepting may go better: until there is a descriptor that was another connection's, or twice
// as long as before. The handshakes that go on do not wait.
func (s *server) getOver(err error, waited time.Duration) time.Duration {
	if isScarce(err) && s.room.shedSilent(s.closed) {
		s.pause(time.Millisecond) // a descriptor is free a moment after it was closed
		return 0
	}
	s.reportAccept(err)
	wait := min(max(5*time.Millisecond, 2*waited), time.Second)
	s.pause(wait)
	return wait
}

// pause waits for d, or until the Listener is closed.
func (s *server) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-s.closed:
	}
}

// handOver gives t to the HTTP server, and reports false if that has stopped.
func (s *server) handOver(t taken) bool {
	select {
	case s.ready <- t:
		return true
	case <-s.closed:
	case <-s.served:
	}
	return false
}

// greet hands the connection of p over once the client has begun, and TLS is open.
func (s *server) greet(p *place) {
	defer s.goroutines.Done()
	returned, handedOver := false, false
	defer func() {
		if !handedOver {
			closeBelow(p.conn)
			p.settle()
		}
	}()
	defer func() {
		if !returned { // a function of the TLS configuration
			containPanic(s.cfg.OnError, recover())
		}
	}()
	conn, err := s.begin(p)
	returned = true
	if err == nil {
		handedOver = s.serve(p, conn)
	} else if err != io.EOF || p.wasDropped() {
		s.reportConn(p, err)
	}
}

// serve serves conn at once, or hands it over to the HTTP server. It reports false if neither is possible.
func (s *server) serve(p *place, conn net.Conn) bool {
	if c, ok := conn.(*greetedConn); ok && p.raw != nil && s.serveAtOnce(c) {
		return true
	}
	return s.handOver(taken{conn: conn})
}

// begin waits until the client has begun, and there is a place, and shakes hands over TLS. If the client has left without
// a word, it returns io.EOF.
func (s *server) begin(p *place) (net.Conn, error) {
	if p.raw != nil {
		if err := s.awaitFirst(p); err != nil {
			return nil, err
		}
	}
	if !p.spoke(s.closed) {
		return nil, net.ErrClosed
	}
	conn := p.conn
	if s.tls != nil {
		conn = tls.Server(transport.UnderTLS(conn), s.tls)
	}
	if t, ok := conn.(*tls.Conn); ok {
		if err := s.shakeHands(t); err != nil {
			return nil, err
		}
	}
	base := &greetedConn{Conn: conn, place: p}
	if _, ok := conn.(stater); ok {
		return greetedTLS{base}, nil
	}
	return base, nil
}

// awaitFirst waits for the first byte.
func (s *server) awaitFirst(p *place) error {
	if timeout := s.cfg.HandshakeTimeout; timeout > 0 {
		p.conn.SetReadDeadline(time.Now().Add(timeout))
	}
	switch err := awaitFirst(p.raw); {
	case err == nil:
		return p.conn.SetReadDeadline(time.Time{})
	case errors.Is(err, os.ErrDeadlineExceeded):
		return err
	}
	return io.EOF
}

// shakeHands performs the handshake of TLS. A client that speaks HTTP instead is told so, as package net/http does.
// The functions of the configuration have a context that ends when the time is up, or the Listener is closed.
func (s *server) shakeHands(t *tls.Conn) error {
	ctx := s.ctx
	if timeout := s.cfg.HandshakeTimeout; timeout > 0 {
		until := time.Now().Add(timeout)
		t.SetDeadline(until)
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, until, os.ErrDeadlineExceeded)
		defer cancel()
	}
	err := t.HandshakeContext(ctx)
	switch {
	case err == nil:
		return t.SetDeadline(time.Time{})
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	}
	var header tls.RecordHeaderError
	if errors.As(err, &header) && header.Conn != nil && looksLikeHTTP(header.RecordHeader) {
		io.WriteString(header.Conn, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
		return &Error{http.StatusBadRequest, errors.New("the client speaks HTTP without TLS")}
	}
	return &tlsError{err}
}

// looksLikeHTTP reports whether the first bytes of a connection are those of a request.
func looksLikeHTTP(begin [5]byte) bool {
	switch string(begin[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO":
		return true
	}
	return false
}

// A tlsError is why a handshake of TLS has failed.
type tlsError struct{ cause error }

func (e *tlsError) Error() string { return "handshake of TLS: " + e.cause.Error() }
func (e *tlsError) Unwrap() error { return e.cause }
