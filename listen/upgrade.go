package listen

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/litert/websocket/internal/conf"
	"github.com/litert/websocket/internal/handshake"
	"github.com/litert/websocket/stream"
)

// Upgrade answers the opening handshake r (RFC 6455, section 4.2), and returns the connection, whose Receive returns
// what mode says.
//
// If r is not a proper handshake, or its origin is not allowed (see [Origins]), it is answered with a status and a line
// of text, the HTTP server closes the connection, and an [*Error] is returned. So it is with status 500 if an option is
// impossible, and with 501 if w cannot give the connection away (see [http.ResponseController.Hijack]), as middleware
// that wraps w needs a method Unwrap; what is wrong then is in the Error alone. So it is with 503 if the [Group] that it
// would [Join] is shutting down. Any other error is one of the connection, which is then closed. In no case is there
// anything left to be written to w. [OnError] hears of all of them. If a hook of [stream.Trace] panics, the connection is
// closed, and the panic goes on.
//
// After Upgrade has succeeded, the connection belongs to the caller. It does not end when the handler returns, and
// neither [http.Server.Shutdown] nor Close know of it; a [Group] does. The context of r ends when the handler returns.
// Upgrade may be called by any number of goroutines.
//
// Over HTTP/2, r is an extended CONNECT (RFC 8441), which comes only if the program imports package
// [github.com/litert/websocket/listen/xconnect], and the connection is a stream of the HTTP/2 connection, which others share.
// It ends with the handler, at the latest: so the handler has to wait for its end, and for the program's own calls that write, before
// it returns. [Handler] waits for the end by itself. The end is when [stream.Socket.Done] is closed: then the close frame has left.
// Receive and [stream.Socket.Shutdown] may return before, where another call ends the connection, or TCP stands still. What is
// written behind the handler is an error that matches [net.ErrClosed]; what is being written meanwhile is a data race in package
// net/http. A connection that is closed before ends for the client when the handler returns, but is reset at once if a write waits
// for the client. The context of r ends with the stream, and http.Server.Shutdown waits for the handler. Middleware must not bound
// the body of r, as [http.MaxBytesHandler] does: it is what the client sends.
func Upgrade[M any](w http.ResponseWriter, r *http.Request, mode stream.Mode[M], opts ...Option) (*stream.Conn[M], error) {
	cfg := configure("listen.Upgrade", mode, opts)
	conn, _, err := upgrade(w, r, mode, cfg, rosterOf(cfg), 1)
	return conn, err
}

// upgrade performs the handshake, and opens the connection, which roster knows then, if there is one, until
// member.left was called uses times, once of them by the connection itself. What the functions of
// a handshake hold on the stack has the HTTP server's grow: so they share an opening, and are small.
func upgrade[M any](w http.ResponseWriter, r *http.Request, mode stream.Mode[M], cfg *conf.Listen, roster *roster, uses int) (*stream.Conn[M], held, error) {
	o := newOpening(cfg)
	defer reportPanic(cfg.OnError, r, &o.returned)
	defer o.end()
	var conn *stream.Conn[M]
	err := o.accept(w, r, roster, uses)
	if err == nil {
		o.member.answered()
		conn, err = stream.New(o.conn, o.hs, mode, o.preset())
	}
	if err == nil {
		o.member.opened(conn.Socket)
	}
	o.returned, o.open = true, err == nil
	if err != nil {
		o.end()
		report(cfg, r, err)
		return nil, held{}, err
	}
	return conn, o.held, nil
}

// preset is the configuration of the connection.
func (o *opening) preset() conf.StreamOption {
	o.settings = o.cfg.Stream
	if o.member != nil {
		o.settings.Ended = o.member.left
	}
	return conf.Preset(&o.settings)
}

// newOpening returns an opening that is not on the stack, which is that of the HTTP server: with what stands there already,
// the handshake is to get by without the stack being grown.
//
//go:noinline
func newOpening(cfg *conf.Listen) *opening { return &opening{cfg: cfg} }

// An opening is a handshake that goes on.
type opening struct {
	offer
	held
	cfg      *conf.Listen
	settings conf.Stream        // of the connection
	conn     io.ReadWriteCloser // nil: not taken over
	returned bool               // no function of the program has panicked
	open     bool               // the handshake has succeeded
	ended    bool               // nothing is left of one that has failed
}

// What is held is of a connection, for as long as the handler serves it.
type held struct {
	member *member      // nil: of no roster
	stream *http2Stream // nil: a connection of its own
}

// leave is called when the function that serves the connection has returned.
func (h held) leave() {
	defer h.member.left()
	h.stream.leave()
}

// end gives up what has failed.
func (o *opening) end() {
	if o.open || o.ended {
		return
	}
	o.ended = true
	defer o.member.failed()
	if o.conn != nil {
		closeBelow(o.conn)
	}
	o.stream.leave()
}

// accept checks the request, takes its connection over, and sends the response that opens it. If it returns an error, the
// request has been answered, or cannot be.
func (o *opening) accept(w http.ResponseWriter, r *http.Request, roster *roster, uses int) error {
	refused := o.take(r, o.cfg)
	if refused == nil && roster != nil {
		o.member, refused = roster.enter(hostIn(r.RemoteAddr), uses, o.cfg.OnError)
	}
	if refused != nil {
		refused.answer(w, r)
		return refused
	}
	if isExtendedConnect(r) {
		return o.acceptStream(w, r)
	}
	conn, buffered, err := hijack(w, r, o.cfg.HandshakeTimeout)
	if err != nil {
		return err
	}
	o.conn, o.hs.Buffered = conn, buffered
	o.member.tookOver(conn)
	return sending(o.answer(conn, o.cfg))
}

// acceptStream is accept for a stream of HTTP/2, whose request was checked.
func (o *opening) acceptStream(w http.ResponseWriter, r *http.Request) error {
	s, refused := newHTTP2Stream(w, r)
	if refused != nil {
		refused.answer(w, r)
		return refused
	}
	o.conn, o.stream = s, s
	o.member.tookOver(s)
	return sending(s.answer(&o.offer, o.cfg))
}

// sending returns the error of sending the response.
func sending(err error) error {
	if err != nil {
		return fmt.Errorf("listen: sending the response: %w", err)
	}
	return nil
}

// hijack takes the connection over from the HTTP server, with the bytes that were read from it already. The response
// has to be written within timeout; that for reading is left to stream.New, as is taking this one away. If the connection
// cannot be taken over, hijack answers the request.
func hijack(w http.ResponseWriter, r *http.Request, timeout time.Duration) (net.Conn, []byte, error) {
	conn, buffered, err := takeOver(w)
	if err != nil {
		return nil, nil, notHijacked(w, r, err)
	}
	var until time.Time
	if timeout > 0 {
		until = time.Now().Add(timeout)
	}
	conn.SetWriteDeadline(until)
	return conn, buffered, nil
}

func takeOver(w http.ResponseWriter) (net.Conn, []byte, error) {
	if w, ok := w.(*atOnce); ok {
		conn, rest := w.takeOver()
		return conn, rest, nil
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, err
	}
	buffered, _ := rw.Reader.Peek(rw.Reader.Buffered()) // cannot fail
	if c, ok := conn.(greeted); ok {                    // it was there for the HTTP server
		conn, buffered = c.base().Conn, append(buffered, c.base().unread...)
	}
	return conn, buffered, nil
}

// notHijacked answers the request if that is still possible, and returns why the connection cannot be taken over.
func notHijacked(w http.ResponseWriter, r *http.Request, err error) error {
	var refused *Error
	switch {
	case errors.Is(err, http.ErrNotSupported):
		refused = refusal(http.StatusNotImplemented, "the connection cannot be taken over from a %T: does middleware wrap it without a method Unwrap? (%w)", w, err)
	case errors.Is(err, http.ErrHijacked):
		return fmt.Errorf("listen: taking the connection over: %w", err)
	default:
		refused = refusal(http.StatusInternalServerError, "the connection cannot be taken over: %w", err)
	}
	refused.answer(w, r)
	return refused
}

// answer sends the server's half of the handshake (RFC 6455, section 4.2.2).
func (o *offer) answer(conn net.Conn, cfg *conf.Listen) error {
	b := make([]byte, 0, 512)
	b = append(b, "HTTP/1.1 101 Switching Protocols\r\n"...)
	b = handshake.AppendField(b, "Upgrade", "websocket")
	b = handshake.AppendField(b, "Connection", "Upgrade")
	b = handshake.AppendField(b, "Sec-WebSocket-Accept", handshake.Accept(o.key))
	if o.hs.Subprotocol != "" {
		b = handshake.AppendField(b, "Sec-WebSocket-Protocol", o.hs.Subprotocol)
	}
	if o.extension != "" {
		b = handshake.AppendField(b, handshake.FieldExtensions, o.extension)
	}
	b = handshake.AppendHeader(b, cfg.Header)
	b = append(b, "\r\n"...)

	if _, err := conn.Write(b); err != nil {
		return err
	}
	return nil
}
