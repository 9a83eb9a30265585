package listen

import (
	"context"
	"errors"
	"iter"
	"net"
	"net/http"

	"github.com/litert/websocket/internal/conf"
	"github.com/litert/websocket/stream"
)

// A Listener accepts WebSocket connections, at whatever path, over HTTP/1.1 alone: browsers have no other requests for it with
// which they could share an HTTP/2 connection. It must be closed. Its methods may be called by any
// number of goroutines.
type Listener[M any] struct {
	server *server
	mode   stream.Mode[M]
	queue  chan opened[M] // not accepted yet; has room for all that are pending
}

// opened is a connection that waits for Accept, and its place.
type opened[M any] struct {
	conn  *stream.Conn[M]
	place *place
}

// Listen returns a Listener at address. The network is tcp, tcp4, tcp6 or unix, and the address as [net.Listen] has it.
// With the option [TLSConfig] it speaks TLS. An impossible network or option is a [*stream.ArgumentError].
//
// The file of a UNIX socket is treated as net.Listen does: closing the Listener removes it, and one that is there
// already is an error, also if it was left behind by a process that has died. To remove that first is for a program
// that knows that nobody else listens.
func Listen[M any](network, address string, mode stream.Mode[M], opts ...Option) (*Listener[M], error) {
	cfg := configure("listen.Listen", mode, opts)
	refuseGroup(cfg, "listen.Listen")
	ln, err := bind(network, address, cfg)
	if err != nil {
		return nil, err
	}
	return newListener(ln, mode, cfg), nil
}

// NewListener returns a Listener on top of ln, whatever that listens on. With the option [TLSConfig] it speaks TLS on
// top of it; ln may as well speak TLS itself. Its connections must have deadlines that work, which package net/http
// relies on, and their Close must not wait. From then on ln belongs to the Listener, which closes it. If an option is
// impossible, NewListener returns a [*stream.ArgumentError], and ln is as it was.
func NewListener[M any](ln net.Listener, mode stream.Mode[M], opts ...Option) (*Listener[M], error) {
	cfg := configure("listen.NewListener", mode, opts)
	refuseGroup(cfg, "listen.NewListener")
	if ln == nil {
		cfg.Reject(&stream.ArgumentError{Func: "listen.NewListener", Reason: "the listener is nil"})
	}
	if cfg.Err != nil {
		return nil, cfg.Err
	}
	return newListener(ln, mode, cfg), nil
}

func newListener[M any](ln net.Listener, mode stream.Mode[M], cfg *conf.Listen) *Listener[M] {
	if cfg.OnError == nil {
		cfg.OnError = logPanic
	}
	cfg.OnError = contained(cfg.OnError)
	l := &Listener[M]{mode: mode, queue: make(chan opened[M], cfg.MaxPending)}
	l.server = newServer(ln, cfg, l.serveHTTP)
	go l.server.run()
	return l
}

// serveHTTP opens a connection, and puts it into the queue. Whatever a function of the program does that is called
// meanwhile, nothing is left of a connection that does not get there; OnError was told.
func (l *Listener[M]) serveHTTP(w http.ResponseWriter, r *http.Request) {
	l.server.goroutines.Add(1) // not from zero: the connection has not been taken over yet
	defer l.server.goroutines.Done()
	c := connOf(r)
	if !c.place.requested() {
		return
	}
	c.requested.Store(true)
	if c.answer != nil {
		defer c.place.refused()
		c.answer.repeat(w)
		return
	}
	queued := false
	defer func() {
		value := recover()
		switch {
		case queued:
		case c.givenAway:
			c.place.settle()
		case value != nil:
			panic(http.ErrAbortHandler)
		default:
			c.place.refused()
		}
	}()
	conn, _, err := upgrade(w, r, l.mode, l.server.cfg, &l.server.roster, 1)
	if err == nil {
		l.queue <- opened[M]{conn, c.place}
		queued = true
	}
}

// Accept returns the next connection. It waits for it until ctx ends, and returns the error of ctx then. After Shutdown
// or Close the error matches [net.ErrClosed]. If listening has failed otherwise, Accept returns why, once nothing waits
// any more.
//
// The connection belongs to the caller, but Shutdown and Close end it too. ctx has no effect on it.
func (l *Listener[M]) Accept(ctx context.Context) (*stream.Conn[M], error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if l.server.isClosed() {
		return nil, errListenerClosed
	}
	select {
	case o := <-l.queue:
		o.place.settle()
		return o.conn, nil
	default:
	}
	select {
	case o := <-l.queue:
		o.place.settle()
		return o.conn, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.server.closed:
		return nil, errListenerClosed
	case <-l.server.served:
		return nil, l.server.failure()
	}
}

// All returns an iterator over the connections, as [Listener.Accept] returns them. It ends silently when the Listener
// is closed, and otherwise after it has yielded the error. Breaking out of the loop leaves the Listener as it is.
func (l *Listener[M]) All(ctx context.Context) iter.Seq2[*stream.Conn[M], error] {
	return func(yield func(*stream.Conn[M], error) bool) {
		for {
			conn, err := l.Accept(ctx)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if !yield(conn, err) || err != nil {
				return
			}
		}
	}
}

// Addr returns the address that the Listener listens at.
func (l *Listener[M]) Addr() net.Addr { return l.server.ln.Addr() }

// Shutdown ends the Listener and its connections in an orderly way: it stops listening, drops what is in the middle of
// an opening handshake, and performs the closing handshake with code 1001 on all connections at once, whether they were
// accepted or not. It returns when all of them have ended, each after its [stream.CloseTimeout] at the latest. When ctx
// ends before, the remaining ones are aborted, and the error of ctx is returned. It can be called again, and while another
// call waits; it waits then, too.
func (l *Listener[M]) Shutdown(ctx context.Context) error { return l.server.shutdown(ctx, "") }

// ShutdownReason is [Listener.Shutdown] with a reason in the close frames, as when the peers may come back. One that is over 123
// bytes or not UTF-8 is a [*stream.ArgumentError]: nothing was done.
func (l *Listener[M]) ShutdownReason(ctx context.Context, reason string) error {
	if err := checkReason(reason); err != nil {
		return err
	}
	return l.server.shutdown(ctx, reason)
}

// Close ends the Listener at once: it stops listening, and drops all connections, whether they were accepted or not,
// without a closing handshake (see [stream.Socket.Abort]). It returns the error of closing what it listened on; called
// again, or after Shutdown, it returns nil. It waits for functions of the program that a handshake has called, such as hooks.
func (l *Listener[M]) Close() error { return l.server.close() }
