package listen

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/conf"
	"github.com/litert/websocket/stream"
)

// Handler returns a handler that answers each request as [Upgrade] does, and calls serve with the request and the
// connection it opened. One that was refused does not get to serve.
//
// When serve returns, the connection is closed with a closing handshake, if it has not ended: with code 1000 after nil,
// or after a [*stream.CloseError] that is an orderly end, such as that of another connection which serve relays, and does
// not cut a message short; with 1001 after another error if the context of the request has ended, and with 1011 otherwise.
// The error is not sent; [OnError] hears of it before. The handler returns when the connection has ended, which takes no
// longer than the [stream.CloseTimeout].
//
// If serve panics, OnError hears of that, the connection is closed with 1011, and then the panic goes on, as out of any
// other handler: middleware that recovers gets it with its stack, and otherwise the server logs it to its ErrorLog and lives
// on; both are silent about [http.ErrAbortHandler]. The server itself would leave the connection open, which it has given
// away. Middleware cannot answer with a status any more.
//
// Of the request, serve has what came before the body: path values, query, cookies, and what middleware has put into its
// context. That ends when the server's base context does ([http.Server.BaseContext]), but neither with the connection,
// which its calls of Receive tell, nor with [http.Server.Shutdown], which does not wait for the handler either: a [Group]
// ends the connections, and waits for both.
//
// While serve runs, the HTTP server keeps its goroutine and buffers for the connection, some 15 KB, and its own request. The
// handler keeps nothing of the request that it was given, but for OnError. A [Listener], or a handler that returns after
// [Upgrade], lets go of all of them.
//
// Over HTTP/2 (see Upgrade) the connection ends with the handler, which returns only when nothing is written any more: serve
// may leave goroutines behind that use the connection, whose writes are then errors that match [net.ErrClosed]. There the context of
// the request ends with the stream, too, and http.Server.Shutdown waits for the handler.
//
// If an option is impossible, the mode is zero or serve is nil, Handler panics with a [*stream.ArgumentError], as [http.Handle] does
// for an impossible pattern: the program learns it when it starts, and not with its first request. Upgrade returns it.
func Handler[M any](mode stream.Mode[M], serve func(*http.Request, *stream.Conn[M]) error, opts ...Option) http.Handler {
	cfg := configure("listen.Handler", mode, opts)
	if serve == nil {
		cfg.Reject(&stream.ArgumentError{Func: "listen.Handler", Reason: "the function is nil"})
	}
	if cfg.Err != nil {
		panic(cfg.Err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, held, err := upgrade(w, r, mode, cfg, rosterOf(cfg), 2)
		if err != nil {
			return
		}
		defer held.leave()
		run(cfg, r, conn.Socket, func(r *http.Request) error { return serve(r, conn) })
	})
}

// run calls serve, and ends the connection according to how that ended. It keeps nothing of r, unless OnError wants it.
func run(cfg *conf.Listen, r *http.Request, socket *stream.Socket, serve func(*http.Request) error) {
	c := call{cfg: cfg, socket: socket, canceled: r.Context().Done(), code: closecode.InternalError}
	if cfg.OnError != nil {
		c.request = r
	}
	defer c.end()
	defer reportPanic(cfg.OnError, c.request, &c.returned)
	err := serve(r)
	c.returned = true
	switch {
	case err == nil, isOrderlyEnd(err):
		c.code = closecode.NormalClosure
		return
	case c.isCanceled():
		c.code = closecode.GoingAway
	}
	report(cfg, c.request, err)
}

// A call is one of the function that serves a connection.
type call struct {
	cfg      *conf.Listen
	request  *http.Request // nil: not wanted
	socket   *stream.Socket
	canceled <-chan struct{} // by the context of the request
	code     closecode.Code  // InternalError also if the function does not return, but panics
	returned bool
}

func (c *call) isCanceled() bool {
	select {
	case <-c.canceled:
		return true
	default:
		return false
	}
}

// end ends the connection, if it has not ended, also where a hook panics.
func (c *call) end() {
	ended := false
	defer reportPanic(c.cfg.OnError, c.request, &ended)
	defer func() {
		if !ended {
			c.socket.Abort()
		}
	}()
	if c.socket.Connected() {
		c.socket.Shutdown(context.Background(), c.code, "")
	}
	ended = true
}

// isOrderlyEnd reports whether err is how the peer of a connection has ended it in an orderly way, between messages. An
// io.EOF of anything else is none: it may be that of a message that is too short.
func isOrderlyEnd(err error) bool {
	var closed *stream.CloseError
	return errors.As(err, &closed) && errors.Is(closed, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF)
}
