package listen

import (
	"bufio"
	"bytes"
	"context"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/litert/websocket/internal/buffer"
	"github.com/litert/websocket/internal/handshake"
)

// Most requests come as a whole, and as all clients write them. They are dealt with by the goroutine that has greeted the
// connection, which spares that the HTTP server with its goroutines and buffers. All else, and all that is refused, is for
// the HTTP server, which reads the request as if it had not been read.

// serveAtOnce serves the request that has come over the socket c, and reports false if that is left to the HTTP server. If
// it returns true, the connection is open, or has ended.
func (s *server) serveAtOnce(c *greetedConn) bool {
	buf := buffer.Take(buffer.Small)
	defer buffer.Give(buf)
	p := buf[:readNow(c.place.raw, buf)]
	r, rest := wholeRequest(p)
	if r == nil {
		c.unread = bytes.Clone(p)
		return false
	}
	if addr := c.RemoteAddr(); addr != nil {
		r.RemoteAddr = addr.String()
	}
	w := &atOnce{conn: c, rest: rest}
	s.serveContained(w, r)
	switch {
	case w.status != 0:
		c.unread, c.answer = bytes.Clone(p), w
		return false
	case !c.givenAway: // a function of the program has panicked, or the connection has given way
		c.received = true
		c.Close()
		c.place.settle()
		s.reportEnd(c)
	}
	return true
}

// serveContained serves r, with a context as it has one of the HTTP server. A panic of a function of the program was told
// already, and ends the connection alone.
func (s *server) serveContained(w *atOnce, r *http.Request) {
	ctx, cancel := context.WithCancel(withPlace(s.ctx, w.conn))
	defer cancel()
	ctx = context.WithValue(ctx, http.ServerContextKey, s.http)
	ctx = context.WithValue(ctx, http.LocalAddrContextKey, w.conn.LocalAddr())
	defer func() { recover() }()
	s.http.Handler.ServeHTTP(w, r.WithContext(ctx))
}

// An atOnce is the http.ResponseWriter of a request that the HTTP server has not seen: either the connection is taken
// over, or it keeps the answer for the HTTP server.
type atOnce struct {
	conn   *greetedConn
	rest   []byte // what has come behind the request
	header http.Header
	status int // 0: there is no answer
	body   []byte
}

func (w *atOnce) Header() http.Header {
	if w.header == nil {
		w.header = make(http.Header)
	}
	return w.header
}

func (w *atOnce) WriteHeader(status int) { w.status = status }

func (w *atOnce) Write(p []byte) (int, error) {
	w.body = append(w.body, p...)
	return len(p), nil
}

// takeOver gives the connection away, with what has come behind the request.
func (w *atOnce) takeOver() (net.Conn, []byte) {
	w.conn.givenAway = true
	return w.conn.Conn, w.rest
}

// repeat has the HTTP server give the answer.
func (w *atOnce) repeat(to http.ResponseWriter) {
	maps.Copy(to.Header(), w.header)
	to.WriteHeader(w.status)
	to.Write(w.body)
}

// A headReader is what a head is parsed from.
type headReader struct {
	head bytes.Reader
	buf  *bufio.Reader
}

var headReaders = sync.Pool{New: func() any {
	h := new(headReader)
	h.buf = bufio.NewReader(&h.head)
	return h
}}

// wholeRequest returns the request that p begins with, and what is behind it; or nil, if it is not whole, or anything about
// it is unusual, or the HTTP server would refuse it.
func wholeRequest(p []byte) (r *http.Request, rest []byte) {
	end := bytes.Index(p, []byte("\r\n\r\n"))
	if end < 0 {
		return nil, nil
	}
	end += len("\r\n\r\n")
	h := headReaders.Get().(*headReader)
	h.head.Reset(p[:end])
	h.buf.Reset(&h.head)
	r, err := http.ReadRequest(h.buf)
	if err != nil || r.Body != http.NoBody { // which reads on
		return nil, nil
	}
	whole := h.buf.Buffered() == 0 && h.head.Len() == 0
	h.head.Reset(nil)
	headReaders.Put(h)
	if !whole || !isUsual(r) {
		return nil, nil
	}
	return r, p[end:]
}

// isUsual reports whether r is for a path at a host, over HTTP/1.1, with proper names of its fields, and expects nothing
// else: what the HTTP server checks beside what [http.ReadRequest] has.
func isUsual(r *http.Request) bool {
	for name := range r.Header {
		if !handshake.IsToken(name) {
			return false
		}
	}
	return r.ProtoMajor == 1 && r.ProtoMinor == 1 && strings.HasPrefix(r.RequestURI, "/") && r.Header["Expect"] == nil &&
		r.Host != "" && !strings.ContainsFunc(r.Host, isUnusualInHost)
}

func isUnusualInHost(c rune) bool {
	return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("-._:[]", c))
}
