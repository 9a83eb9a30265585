package main

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/examples/relay/clients"
	"github.com/litert/websocket/examples/relay/metrics"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// A relay leads clients to a server.
type relay struct {
	to       *url.URL // with the path and query of the request in the place of its own
	clients  clients.Clients
	metrics  *metrics.Metrics
	both     stream.Option   // of all connections
	front    []listen.Option // of those of clients
	group    listen.Group    // of those of clients
	relaying sync.WaitGroup  // requests that are served
}

func newRelay(to *url.URL, all clients.Clients, l clients.Limits, front ...listen.Option) *relay {
	x := &relay{to: to, clients: all, metrics: metrics.New()}
	x.both = stream.Options(stream.KeepAlive(30*time.Second), stream.ReuseBuffer(), stream.MaxMessageSize(l.Message))
	x.front = append(front, listen.Join(&x.group), x.both)
	return x
}

func (x *relay) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x.relaying.Add(1)
	defer x.relaying.Done()
	c := x.clients.Of(r)
	switch {
	case !listen.IsWebSocket(r):
		x.refuse(w, r, http.StatusUpgradeRequired)
	case c == nil:
		w.Header().Set("WWW-Authenticate", "Bearer")
		x.refuse(w, r, http.StatusUnauthorized)
	case !c.Enter():
		x.refuse(w, r, http.StatusTooManyRequests)
	default:
		defer c.Leave()
		x.relay(w, r, c)
	}
}

func (x *relay) refuse(w http.ResponseWriter, r *http.Request, status int) {
	x.metrics.Refuse(status)
	listen.Reject(w, r, status)
}

// relay connects to the server first: if that fails, the client is told, and which subprotocol the server has chosen. The
// server is asked for what the client asks for, and is told its name, but no other field of its request.
func (x *relay) relay(w http.ResponseWriter, r *http.Request, c *clients.Client) {
	to := *x.to
	to.Path, to.RawPath, to.RawQuery = r.URL.Path, r.URL.RawPath, r.URL.RawQuery
	behind, err := dial.Dial(r.Context(), to.String(), stream.Frames, x.both,
		dial.Subprotocols(listen.OfferedSubprotocols(r)...), dial.Header(http.Header{"Relay-Client": {c.Name}}))
	if err != nil {
		log.Printf("%s: %v", c.Name, err)
		x.refuse(w, r, http.StatusBadGateway)
		return
	}
	defer behind.Close()
	trace := x.metrics.Trace(c.Name)
	var front *stream.Conn[stream.Frame]
	hold := func(data []byte) { wait(c.Received.Take(len(data)), front.Socket, behind.Socket) }
	trace.PingReceived, trace.PongReceived = hold, hold // which its handOn does not get
	opts := append(slices.Clone(x.front), stream.WithTrace(trace))
	if chosen := behind.Subprotocol(); chosen != "" {
		opts = append(opts, listen.Subprotocols(chosen))
	}
	front, err = listen.Upgrade(w, r, stream.Frames, opts...)
	if err != nil {
		if refused, ok := errors.AsType[*listen.Error](err); ok {
			x.metrics.Refuse(refused.StatusCode)
		}
		log.Printf("%s: %v", c.Name, err)
		return
	}
	defer front.Close()
	ctx := context.WithoutCancel(r.Context()) // over HTTP/2 it ends with the front, whose last frames are still to be handed on
	var both sync.WaitGroup
	both.Go(func() { handOn(ctx, behind.Socket, front, &c.Sent) })
	both.Go(func() { handOn(ctx, front.Socket, behind, &c.Received) })
	both.Wait()
}

// handOn sends to dst what comes from src, no faster than p, and ends dst as src has ended. While it holds a frame, nothing
// more is read from src, which slows the sender down.
func handOn(ctx context.Context, dst *stream.Socket, src *stream.Conn[stream.Frame], p *clients.Pace) {
	for f, err := range src.All(ctx) {
		if err != nil {
			break
		}
		wait(p.Take(len(f.Payload)), src.Socket, dst)
		if err := dst.WriteFrame(ctx, f); errors.Is(err, net.ErrClosed) {
			return // the other handOn, which receives from dst, knows why, and ends src
		} else if err != nil {
			dst.Abort()
			src.Abort()
			return
		}
	}
	var closed *stream.CloseError
	switch err := src.Err(); {
	case errors.As(err, &closed):
		dst.Shutdown(ctx, closed.Code, closed.Reason)
	case errors.Is(err, net.ErrClosed): // by this program, which ends
		dst.Shutdown(ctx, closecode.GoingAway, "")
	default: // lost, for which there is no code
		dst.Abort()
	}
}

// wait waits for d, or until one of both has ended.
func wait(d time.Duration, a, b *stream.Socket) {
	if d <= 0 {
		return
	}
	select {
	case <-time.After(d):
	case <-a.Done():
	case <-b.Done():
	}
}
