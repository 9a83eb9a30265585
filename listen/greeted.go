package listen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/litert/websocket/internal/printable"
)

// A greeted connection is one that the HTTP server has.
type greeted interface{ base() *greetedConn }

// A greetedConn notes what becomes of its request, which the HTTP server tells nobody if it refuses it itself.
type greetedConn struct {
	net.Conn
	place *place // constant

	requested atomic.Bool // the request has come to the handler, which tells the rest

	// owned by the goroutine that greets, and then by that of the HTTP server
	unread    []byte  // what was read, and is to be read again
	answer    *atOnce // to the request; nil: there is none yet
	received  bool    // something has come
	readErr   error   // of the last Read
	status    int     // of the response; 0: none
	givenAway bool    // the HTTP server has
}

func (c *greetedConn) base() *greetedConn { return c }

func (c *greetedConn) Read(p []byte) (int, error) {
	if len(c.unread) > 0 {
		n := copy(p, c.unread)
		c.unread, c.received = c.unread[n:], true
		return n, nil
	}
	n, err := c.Conn.Read(p)
	if !c.requested.Load() { // later ones are by another goroutine
		c.received = c.received || n > 0
		c.readErr = err
	}
	return n, err
}

func (c *greetedConn) Write(p []byte) (int, error) {
	if c.status == 0 {
		if line, ok := strings.CutPrefix(string(p[:min(len(p), len("HTTP/1.1 200"))]), "HTTP/1.1 "); ok {
			c.status, _ = strconv.Atoi(line)
		}
	}
	return c.Conn.Write(p)
}

// Close says no farewell of TLS once the Listener is closed: that waits for what TLS writes while the HTTP server reads, which a client
// that reads nothing keeps from ever ending.
func (c *greetedConn) Close() error {
	if c.place.room.isClosed() {
		return closeBelow(c.Conn)
	}
	return c.Conn.Close()
}

// CloseWrite is what the HTTP server does lest the end of the connection take a response away.
func (c *greetedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// A stater knows the state of TLS, as [tls.Conn] does.
type stater interface {
	ConnectionState() tls.ConnectionState
}

// A greetedTLS tells the HTTP server the state of TLS.
type greetedTLS struct{ *greetedConn }

func (c greetedTLS) ConnectionState() tls.ConnectionState { return c.Conn.(stater).ConnectionState() }

type greetedKey struct{}

// withPlace has the context of requests know their connection.
func withPlace(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, greetedKey{}, c.(greeted).base())
}

// connOf returns the connection that r has come over.
func connOf(r *http.Request) *greetedConn { return r.Context().Value(greetedKey{}).(*greetedConn) }

// reportEnd tells why no request has come of c, which has ended.
func (s *server) reportEnd(c *greetedConn) {
	switch {
	case c.requested.Load():
	case c.status != 0 && c.readErr != io.EOF: // the answer to half a request is for nobody
		s.reportConn(c.place, refusal(c.status, "the request is malformed, or too long"))
	case c.received || errors.Is(c.readErr, os.ErrDeadlineExceeded) || c.place.wasDropped():
		s.reportConn(c.place, c.readErr)
	}
}

// reportConn tells of a connection that came to no request because of err. What Shutdown and Close end is not told.
func (s *server) reportConn(p *place, err error) {
	if s.isClosed() {
		return
	}
	switch {
	case p.wasDropped():
		err = ErrDropped
	case err == nil || errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	s.cfg.OnError(nil, &ConnError{p.conn.RemoteAddr(), err})
}

// reportAccept tells why nothing could be accepted. What OnError does does not end the goroutine that accepts.
func (s *server) reportAccept(err error) {
	if s.isClosed() {
		return
	}
	var told sync.WaitGroup
	told.Go(func() { s.cfg.OnError(nil, fmt.Errorf("listen: %w", err)) })
	told.Wait()
}

// An errorLog tells what the HTTP server logs.
type errorLog struct{ server *server }

func (l errorLog) Write(line []byte) (int, error) {
	if !l.server.isClosed() {
		l.server.cfg.OnError(nil, errors.New("listen: "+printable.Line(string(line), 1<<10)))
	}
	return len(line), nil
}
