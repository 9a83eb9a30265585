// Live shows a camera, or a log, to thousands of viewers: each gets the newest picture as soon as it has taken the one before.
//
// It shows how a message is put together once for all, how a viewer that is slow misses pictures, sees the newest, and
// holds up nobody, and what a delivery costs.
//
//	go run ./live
//	tail -f LOG | go run ./live -
//
// Then open http://localhost:8080/ in a browser. To measure it, with viewers that read nothing among others:
//
//	go run ./live/load -viewers 2000
package main

import (
	"context"
	_ "embed"
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

// underWay is how many bytes the system may hold for a viewer that does not take them. A slow one sees the newest picture behind these.
const underWay = 64 << 10

// serve serves ln until ctx ends. The viewers get the code 1001 then.
func serve(ctx context.Context, ln net.Listener, f *feed, opts ...listen.Option) error {
	var group listen.Group
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "index.html", time.Time{}, strings.NewReader(page))
	})
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
	return group.Serve(ctx, server, ln, 10*time.Second)
}

// run shows what next returns at each interval, at addr, until ctx ends.
func run(ctx context.Context, addr string, interval time.Duration, next func() ([]byte, error)) error {
	if interval <= 0 {
		return errors.New("the interval is not positive")
	}
	f, err := newFeed(nil)
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
		filmed <- f.film(ctx, interval, next)
	}()
	err = serve(ctx, ln, f)
	cancel()
	return errors.Join(err, <-filmed)
}

func main() {
	addr := flag.String("addr", "localhost:8080", "listen at `host:port`")
	interval := flag.Duration("interval", 100*time.Millisecond, "the `time` from a picture to the next")
	flag.Parse()
	next := draw
	switch {
	case flag.NArg() == 1 && flag.Arg(0) == "-":
		lines := new(tail)
		go func() { log.Printf("no more lines: %v", lines.read(os.Stdin)) }()
		next = lines.take
	case flag.NArg() > 0:
		log.Fatal("say - for the lines of the standard input, or nothing for a camera")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, *interval, next); err != nil {
		log.Fatal(err)
	}
}
