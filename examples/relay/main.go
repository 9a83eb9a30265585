// Relay stands between clients and a WebSocket server, and hands each frame on as it came: fragments stay fragments, in
// both directions, and so do the code and reason of closing. The server is asked for the path and the subprotocols that
// the client asks for, but gets no other field of its request.
//
// It shows the mode Frames. Pings are answered by the relay and not handed on, as is usual. There is no compression, whose
// frames could not be told apart. The relay holds one frame at a time in each direction: a side that reads slowly slows
// the other down.
//
//	go run ./relay -to ws://localhost:9090
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// alive finds out, at either side, when the other end is gone.
var alive = stream.KeepAlive(30 * time.Second)

// A relay leads to a server.
type relay struct {
	to    url.URL         // with the path and query of the request in the place of its own
	front []listen.Option // of the connections of clients
}

// ServeHTTP connects to the server first: if that fails, the client is told, and which subprotocol the server has chosen.
func (x relay) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !listen.IsWebSocket(r) {
		listen.Reject(w, r, http.StatusUpgradeRequired)
		return
	}
	x.to.Path, x.to.RawPath, x.to.RawQuery = r.URL.Path, r.URL.RawPath, r.URL.RawQuery
	behind, err := dial.Dial(r.Context(), x.to.String(), stream.Frames, dial.Subprotocols(offered(r)...), alive, stream.ReuseBuffer())
	if err != nil {
		log.Printf("%s: %v", r.RemoteAddr, err)
		listen.Reject(w, r, http.StatusBadGateway)
		return
	}
	defer behind.Close()
	opts := append(slices.Clone(x.front), alive, stream.ReuseBuffer())
	if chosen := behind.Subprotocol(); chosen != "" {
		opts = append(opts, listen.Subprotocols(chosen))
	}
	front, err := listen.Upgrade(w, r, stream.Frames, opts...)
	if err != nil {
		log.Printf("%s: %v", r.RemoteAddr, err)
		return
	}
	defer front.Close()
	var both sync.WaitGroup
	both.Go(func() { handOn(r.Context(), behind.Socket, front) })
	both.Go(func() { handOn(r.Context(), front.Socket, behind) })
	both.Wait()
}

// offered returns the subprotocols that the client offers.
func offered(r *http.Request) (names []string) {
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for name := range strings.SplitSeq(line, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}

// handOn sends to dst what comes from src, and ends dst as src has ended.
func handOn(ctx context.Context, dst *stream.Socket, src *stream.Conn[stream.Frame]) {
	for f, err := range src.All(ctx) {
		if err != nil {
			break
		}
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

// serve serves ln until ctx ends. Both sides get the code 1001 then.
func serve(ctx context.Context, ln net.Listener, to *url.URL, front ...listen.Option) error {
	var group listen.Group
	var relaying sync.WaitGroup // beyond the ends of the front
	x := relay{*to, append(front, listen.Join(&group))}
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		relaying.Add(1)
		defer relaying.Done()
		x.ServeHTTP(w, r)
	})}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ln) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := errors.Join(server.Shutdown(ctx), group.Shutdown(ctx))
	relaying.Wait()
	return err
}

func main() {
	addr := flag.String("addr", "localhost:8080", "listen at `host:port`")
	to := flag.String("to", "ws://localhost:9090", "lead to the server at `url`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *addr, *to); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, addr, to string) error {
	u, err := url.Parse(to)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	log.Printf("ws://%s leads to %s", ln.Addr(), u.Redacted())
	return serve(ctx, ln, u, listen.Hosts("localhost", "127.0.0.1", "[::1]"))
}
