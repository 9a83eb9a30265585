package listen

import (
	"errors"
	"fmt"
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
// that wraps w needs a method Unwrap; what is wrong then is in the Error alone. Any other error is one of the
// connection, which is then closed. In no case is there anything left to be written to w.
//
// After Upgrade has succeeded, the connection belongs to the caller. It does not end when the handler returns, and
// neither [http.Server.Shutdown] nor Close know of it. The context of r ends when the handler returns. Upgrade may be
// called by any number of goroutines.
func Upgrade[M any](w http.ResponseWriter, r *http.Request, mode stream.Mode[M], opts ...Option) (*stream.Conn[M], error) {
	cfg := configure("listen.Upgrade", mode, opts)
	return upgrade(w, r, mode, cfg)
}

// upgrade hands the offer down: what the functions of a handshake hold on the stack has the HTTP server's grow otherwise.
func upgrade[M any](w http.ResponseWriter, r *http.Request, mode stream.Mode[M], cfg *conf.Listen) (*stream.Conn[M], error) {
	var o offer
	nc, err := o.accept(w, r, cfg)
	if err != nil {
		return nil, err
	}
	conn, err := stream.New(nc, o.hs, mode, conf.Preset(&cfg.Stream))
	if err != nil {
		nc.Close()
	}
	return conn, err
}

// accept performs the whole handshake.
func (o *offer) accept(w http.ResponseWriter, r *http.Request, cfg *conf.Listen) (net.Conn, error) {
	conn, err := o.begin(w, r, cfg)
	if err != nil {
		return nil, err
	}
	if err := o.answer(conn, cfg); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// begin checks the request, and takes its connection over. If it returns an error, the request has been answered.
func (o *offer) begin(w http.ResponseWriter, r *http.Request, cfg *conf.Listen) (net.Conn, error) {
	if refused := o.take(r, cfg); refused != nil {
		refused.answer(w, r)
		return nil, refused
	}
	conn, buffered, err := hijack(w, r, cfg.HandshakeTimeout)
	o.hs.Buffered = buffered
	return conn, err
}

// hijack takes the connection over from the HTTP server, with the bytes that were read from it already. The response
// has to be written within timeout. If the connection cannot be taken over, hijack answers the request.
func hijack(w http.ResponseWriter, r *http.Request, timeout time.Duration) (net.Conn, []byte, error) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	switch {
	case errors.Is(err, http.ErrNotSupported):
		refused := refusal(http.StatusNotImplemented, "the connection cannot be taken over from a %T: does middleware wrap it without a method Unwrap? (%w)", w, err)
		refused.answer(w, r)
		return nil, nil, refused
	case errors.Is(err, http.ErrHijacked):
		return nil, nil, fmt.Errorf("listen: taking the connection over: %w", err)
	case err != nil:
		refused := refusal(http.StatusInternalServerError, "the connection cannot be taken over: %w", err)
		refused.answer(w, r)
		return nil, nil, refused
	}
	buffered, _ := rw.Reader.Peek(rw.Reader.Buffered()) // cannot fail
	conn.SetDeadline(time.Time{})
	if timeout > 0 {
		conn.SetWriteDeadline(time.Now().Add(timeout))
	}
	return conn, buffered, nil
}

// answer sends the server's half of the handshake (RFC 6455, section 4.2.2), and clears the deadline for that.
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
		return fmt.Errorf("listen: sending the response: %w", err)
	}
	conn.SetWriteDeadline(time.Time{})
	return nil
}
