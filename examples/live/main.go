// Live shows a camera to thousands of viewers: each gets the newest picture as soon as it has taken the one before.
//
// It shows how a message is put together once for all, how a viewer that is slow misses pictures, sees the newest, and
// holds up nobody, and what a delivery costs.
//
//	go run ./live
//
// Then open http://localhost:8080/ in a browser. To measure it, with viewers that read nothing among others:
//
//	go run ./live/load -viewers 2000
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

//go:embed index.html
var page string

// underWay is how many bytes the system may hold for a viewer that does not take them. A slow one sees the newest
// picture behind these.
const underWay = 64 << 10

// counts are what the server tells of itself.
type counts struct {
	Viewers, Pictures, Sent, Skipped uint64
	CPU                              time.Duration
}

func (f *feed) counts() counts {
	return counts{f.viewers.Load(), f.newest.Load().number, f.sent.Load(), f.skipped.Load(), cpuTime()}
}

// serve serves ln until ctx ends. The viewers get the code 1001 then.
func serve(ctx context.Context, ln net.Listener, f *feed, opts ...listen.Option) error {
	var group listen.Group
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "index.html", time.Time{}, strings.NewReader(page))
	})
	mux.HandleFunc("/counts", func(w http.ResponseWriter, _ *http.Request) { json.NewEncoder(w).Encode(f.counts()) })
	mux.Handle("/live", listen.Handler(stream.Simple, f.view, append([]listen.Option{
		listen.Join(&group),
		listen.Hosts("localhost", "127.0.0.1", "[::1]"), // and no page whose name was rebound to these
		listen.OnError(func(r *http.Request, err error) { log.Printf("%s: %v", r.RemoteAddr, err) }),
		stream.MaxMessageSize(1 << 10),
		stream.IdleTimeout(30 * time.Second), // a viewer that has taken nothing for so long is gone
		stream.KeepAlive(10 * time.Second),
	}, opts...)...))
	server := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			if tcp, ok := conn.(*net.TCPConn); ok {
				tcp.SetWriteBuffer(underWay)
			}
			return ctx
		},
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ln) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(server.Shutdown(ctx), group.Shutdown(ctx))
}

// run films, and shows it at addr, until ctx ends.
func run(ctx context.Context, addr string, interval time.Duration) error {
	if interval <= 0 {
		return errors.New("the interval is not positive")
	}
	first, err := draw(time.Now())
	if err != nil {
		return err
	}
	f, err := newFeed(first)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	log.Printf("open http://%s/", ln.Addr())
	ctx, cancel := context.WithCancel(ctx)
	filmed := make(chan error, 1)
	go func() {
		defer cancel()
		filmed <- f.film(ctx, interval)
	}()
	err = serve(ctx, ln, f)
	cancel()
	return errors.Join(err, <-filmed)
}

func main() {
	addr := flag.String("addr", "localhost:8080", "listen at `host:port`")
	interval := flag.Duration("interval", 100*time.Millisecond, "the `time` from a picture to the next")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, *interval); err != nil {
		log.Fatal(err)
	}
}
