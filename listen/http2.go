package listen

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/litert/websocket/internal/conf"
	"github.com/litert/websocket/internal/gate"
	"github.com/litert/websocket/internal/handshake"
)

// protocolField is where package net/http has the pseudo-header :protocol, which makes a CONNECT an extended one (RFC 8441,
// section 4).
const protocolField = ":protocol"

// isExtendedConnect reports whether r asks for a stream of an HTTP/2 connection, for whatever protocol.
func isExtendedConnect(r *http.Request) bool {
	return r.ProtoMajor == 2 && r.Method == http.MethodConnect && len(r.Header[protocolField]) > 0
}

// isProtocolWebSocket reports whether r, an extended CONNECT, is for WebSocket.
func isProtocolWebSocket(r *http.Request) bool {
	return handshake.ToLower(r.Header[protocolField][0]) == "websocket"
}

// An http2Stream is a connection that is a stream of an HTTP/2 connection: the body of a request, and that of its response.
// It has no deadlines: those that a ResponseWriter has cannot be taken back once they have expired. One caller at a time may
// read, and one may write; Close may be called by any goroutine at any time. Methods of a nil stream do nothing.
//
// The ResponseWriter is gone when the handler has returned; package net/http then uses its memory for another request.
// The context of the request ends before.
type http2Stream struct {
	// constant after newHTTP2Stream
	ctx           context.Context // of the request
	body          io.ReadCloser
	w             http2Writer
	local, remote net.Addr

	closed   atomic.Bool
	writing  sync.Mutex // held by what writes
	cutting  sync.Mutex // held by what uses the ResponseWriter otherwise
	released gate.Latch // it is closed, and nothing uses the ResponseWriter any more. Set by the holder of both
}

// An http2Writer is what package net/http has for the response to a request over HTTP/2.
type http2Writer interface {
	http.ResponseWriter
	FlushError() error
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// newHTTP2Stream returns the stream of r and w, or why it cannot be had. As with a connection that is taken over, what middleware
// has wrapped around w does not see what is written.
func newHTTP2Stream(w http.ResponseWriter, r *http.Request) (*http2Stream, *Error) {
	inner := w
	for {
		wrapped, ok := inner.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		inner = wrapped.Unwrap()
	}
	writer, ok := inner.(http2Writer)
	if !ok {
		return nil, refusal(http.StatusNotImplemented, "the stream cannot be taken over from a %T: does middleware wrap it without a method Unwrap? (%w)", inner, http.ErrNotSupported)
	}
	s := &http2Stream{ctx: r.Context(), body: r.Body, w: writer, remote: remoteAddr(r.RemoteAddr)}
	s.local, _ = s.ctx.Value(http.LocalAddrContextKey).(net.Addr)
	return s, nil
}

// answer sends the response that opens the stream (RFC 8441, section 5), within timeout, and clears the deadlines of the HTTP
// server.
func (s *http2Stream) answer(o *offer, cfg *conf.Listen) error {
	defer s.release()
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.isClosed() {
		return net.ErrClosed
	}
	h := s.w.Header()
	clear(h)
	for name, values := range cfg.Header {
		h[name] = values // which are copied before anything else can touch them
	}
	if o.hs.Subprotocol != "" {
		h.Set(handshake.FieldSubprotocol, o.hs.Subprotocol)
	}
	if o.extension != "" {
		h.Set(handshake.FieldExtensions, o.extension)
	}
	s.w.SetReadDeadline(time.Time{})
	s.w.SetWriteDeadline(time.Time{})
	if cfg.HandshakeTimeout > 0 {
		s.w.SetWriteDeadline(time.Now().Add(cfg.HandshakeTimeout))
		defer s.w.SetWriteDeadline(time.Time{})
	}
	s.w.WriteHeader(http.StatusOK)
	return s.w.FlushError()
}

// Read reads what the client sends.
func (s *http2Stream) Read(p []byte) (int, error) { return s.body.Read(p) }

// Write sends p, once the client has room for it. After Close, and when the handler has returned, it is [net.ErrClosed].
func (s *http2Stream) Write(p []byte) (n int, err error) {
	defer s.release()
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.isClosed() {
		return 0, net.ErrClosed
	}
	defer func() {
		if s.ctx.Err() == nil {
			return
		}
		if recover() != nil { // the handler has returned meanwhile
			n, err = 0, net.ErrClosed
		}
	}()
	n, err = s.w.Write(p)
	if err == nil {
		err = s.w.FlushError()
	}
	return n, err
}

// isClosed reports whether nothing may be written any more.
func (s *http2Stream) isClosed() bool { return s.closed.Load() || s.ctx.Err() != nil }

// Close ends Read and Write. If a Write is under way, the stream is reset; otherwise it ends when the handler returns.
func (s *http2Stream) Close() error {
	s.closed.Store(true)
	s.body.Close()
	if !s.release() {
		s.reset()
	}
	return nil
}

// release lets the handler return if the stream is closed and nothing is written, and reports whether it may.
func (s *http2Stream) release() bool {
	if !s.closed.Load() || !s.writing.TryLock() { // what is being written calls this behind it
		return false
	}
	defer s.writing.Unlock()
	s.cutting.Lock()
	defer s.cutting.Unlock()
	s.released.Set()
	return true
}

// Released returns what is set when the stream was closed and the handler may return. The engine does not say before that the
// connection is done.
func (s *http2Stream) Released() *gate.Latch { return &s.released }

// reset resets the stream, if the handler has not returned.
func (s *http2Stream) reset() {
	s.cutting.Lock()
	defer s.cutting.Unlock()
	if s.released.IsSet() || s.ctx.Err() != nil {
		return
	}
	defer func() {
		if s.ctx.Err() != nil {
			recover() // the handler has returned meanwhile
		}
	}()
	s.w.SetWriteDeadline(longAgo)
}

// leave returns when the engine has closed the stream, behind the last that it had to send, and the handler may return.
func (s *http2Stream) leave() {
	if s != nil {
		<-s.released.Wait()
	}
}

// LocalAddr returns the address of the server.
func (s *http2Stream) LocalAddr() net.Addr { return s.local }

// RemoteAddr returns the address that the HTTP server, or middleware, has for the client.
func (s *http2Stream) RemoteAddr() net.Addr { return s.remote }

// remoteAddr returns the address that a request has, which is one of TCP if it looks so.
func remoteAddr(remote string) net.Addr {
	if a, err := netip.ParseAddrPort(remote); err == nil {
		return net.TCPAddrFromAddrPort(a)
	}
	return textAddr(remote)
}

// A textAddr is an address of a kind that is not known.
type textAddr string

func (textAddr) Network() string  { return "unknown" }
func (a textAddr) String() string { return string(a) }
