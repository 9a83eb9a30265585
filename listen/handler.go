package listen

import (
	"context"
	"net/http"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/stream"
)

// Handler returns a handler that answers each request as [Upgrade] does, and calls serve with the connection it opened.
// One that was refused does not get to serve.
//
// When serve returns, the connection is closed with a closing handshake, if it has not ended: with code 1000 after nil
// and 1011 after an error, which the client does not get to see, or 1001 if the context has ended. If serve panics, the
// code is 1011, and the panic goes on to the server, which logs it. The handler returns when the connection has ended,
// which takes no longer than the [stream.CloseTimeout].
//
// The context of serve is that of the request. It ends when the server's base context does ([http.Server.BaseContext]),
// but neither with the connection, which its calls of Receive tell, nor with [http.Server.Shutdown].
//
// While serve runs, the HTTP server keeps its goroutine and buffers for the connection, some 15 KB. A [Listener], or a
// handler that returns after [Upgrade], lets go of them.
//
// If an option is impossible, every request is answered with status 500 and the complaint.
func Handler[M any](mode stream.Mode[M], serve func(context.Context, *stream.Conn[M]) error, opts ...Option) http.Handler {
	cfg := configure("listen.Handler", mode, opts)
	if serve == nil {
		cfg.Reject(&stream.ArgumentError{Func: "listen.Handler", Reason: "the function is nil"})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrade(w, r, mode, &cfg)
		if err != nil {
			return
		}
		run(r.Context(), conn.Socket, func(ctx context.Context) error { return serve(ctx, conn) })
	})
}

// run calls serve, and ends the connection according to how that ended.
func run(ctx context.Context, socket *stream.Socket, serve func(context.Context) error) {
	code := closecode.InternalError // also of a panic
	defer func() {
		if socket.Connected() {
			socket.Shutdown(context.WithoutCancel(ctx), code, "")
		}
	}()
	switch err := serve(ctx); {
	case err == nil:
		code = closecode.NormalClosure
	case ctx.Err() != nil:
		code = closecode.GoingAway
	}
}
