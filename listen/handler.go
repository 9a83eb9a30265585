package listen

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/stream"
)

// Handler returns a handler that answers each request as [Upgrade] does, and calls serve with the connection it opened.
// One that was refused does not get to serve.
//
// When serve returns, the connection is closed with a closing handshake, if it has not ended: with code 1000 after nil,
// or after a [*stream.CloseError] that is an orderly end, such as that of another connection which serve relays; with
// 1001 after another error if the context has ended, and with 1011 otherwise. The error is neither logged nor sent. The
// handler returns when the connection has ended, which takes no longer than the [stream.CloseTimeout].
//
// If serve panics, the connection is closed with 1011, and then the panic goes on, as out of any other handler:
// middleware that recovers gets it with its stack, and otherwise the server logs it to its ErrorLog and lives on; it is
// silent about [http.ErrAbortHandler]. The server itself would leave the connection open, which it has given away.
// Middleware cannot answer with a status any more.
//
// The context of serve is that of the request. It ends when the server's base context does ([http.Server.BaseContext]),
// but neither with the connection, which its calls of Receive tell, nor with [http.Server.Shutdown], which does not
// wait for the handler either: the example named shutdown has both.
//
// While serve runs, the HTTP server keeps its goroutine and buffers for the connection, some 15 KB. A [Listener], or a
// handler that returns after [Upgrade], lets go of them.
//
// If an option is impossible, every request is answered with status 500.
func Handler[M any](mode stream.Mode[M], serve func(context.Context, *stream.Conn[M]) error, opts ...Option) http.Handler {
	cfg := configure("listen.Handler", mode, opts)
	if serve == nil {
		cfg.Reject(&stream.ArgumentError{Func: "listen.Handler", Reason: "the function is nil"})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrade(w, r, mode, cfg)
		if err != nil {
			return
		}
		run(r.Context(), conn.Socket, func(ctx context.Context) error { return serve(ctx, conn) })
	})
}

// run calls serve, and ends the connection according to how that ended.
func run(ctx context.Context, socket *stream.Socket, serve func(context.Context) error) {
	code := closecode.InternalError // also if serve does not return, but panics
	defer func() {
		if socket.Connected() {
			socket.Shutdown(context.WithoutCancel(ctx), code, "")
		}
	}()
	switch err := serve(ctx); {
	case err == nil, isOrderlyEnd(err):
		code = closecode.NormalClosure
	case ctx.Err() != nil:
		code = closecode.GoingAway
	}
}

// isOrderlyEnd reports whether err is how the peer of a connection has ended it in an orderly way. An io.EOF of
// anything else is none: it may be that of a message that is too short.
func isOrderlyEnd(err error) bool {
	var closed *stream.CloseError
	return errors.As(err, &closed) && errors.Is(closed, io.EOF)
}
