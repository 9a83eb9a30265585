package listen

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Serve serves ln with server until ctx ends, over TLS if server.TLSConfig is set, which has the certificates then. Then it ends the
// connections of the group by [Group.Shutdown], while what still comes is answered, and behind them the server by
// [http.Server.Shutdown]. Both together may take so much patience: what is left of connections and requests then is cut. A program
// that has something to do before that, as to tell a balancer, or to call [Group.ShutdownReason], does it and then ends ctx.
//
// It returns nil after an orderly end, and the error of a context that has timed out if something had to be cut. If server has stopped
// before ctx ends, as when another goroutine has closed it, or ln, all else ends in the same way, and the error is the server's, such as
// [http.ErrServerClosed]. When Serve has returned, server does not serve, and ln is closed.
//
// A client over TLS that has TLS answer it, and reads nothing, keeps server from ending, and its connection from being cut. Serve
// returns a second behind its patience then, and connections of server that are not the group's may stay open until that client leaves.
//
// A server is for one call. Another listener takes another server, whose handlers may join the same group.
func (g *Group) Serve(ctx context.Context, server *http.Server, ln net.Listener, patience time.Duration) error {
	defer ln.Close() // which a server does not that cannot begin
	serve := server.Serve
	if server.TLSConfig != nil {
		serve = func(ln net.Listener) error { return server.ServeTLS(ln, "", "") }
	}
	served := make(chan error, 1)
	go func() {
		defer close(served)
		served <- serve(ln)
	}()
	defer func() { <-served }() // after a panic of a hook, too
	var failed error
	select {
	case err := <-served:
		if ctx.Err() == nil { // otherwise it may be of its end
			failed = fmt.Errorf("listen: %w", err)
		}
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := g.shutdownBefore(ending, server); failed == nil {
		return err
	}
	return failed
}

// shutdownBefore shuts g down, and then server, also if a hook panics. The server waits for the lock of a connection over TLS on which
// that answers a client that reads nothing, whatever ctx says: then it is left to itself.
func (g *Group) shutdownBefore(ctx context.Context, server *http.Server) (err error) {
	defer func() {
		cut := false
		var end sync.WaitGroup
		end.Go(func() {
			if err := server.Shutdown(ctx); err != nil && err == ctx.Err() { // and not of a listener that was closed
				cut = true
				server.Close()
			}
		})
		if !awaitAll(ctx, &end) || cut {
			err = ctx.Err()
		}
	}()
	return g.Shutdown(ctx)
}
