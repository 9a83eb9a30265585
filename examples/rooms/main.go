// Rooms is a chat over any number of processes, the nodes: each holds its own connections, and all between them goes through NATS.
//
// A client that connects again, to any node, gets what it has missed, in order and nothing twice. One that is too slow is dropped,
// and holds up nobody. A node that is to end sends its clients to the others.
//
//	go run ./rooms
//
// Then open http://localhost:8080/?room=lobby&name=alice in a browser. README.md tells of more nodes.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/litert/websocket/examples/rooms/protocol"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

//go:embed index.html
var page string

// serve serves ln until ctx ends, or the stream is lost. Then it sends the clients away.
func (n *node) serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	lost := make(chan error, 1)
	go func() {
		defer cancel()
		lost <- n.history.Watch(ctx, n.refresh)
	}()
	var group listen.Group
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "index.html", time.Time{}, strings.NewReader(page))
	})
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, r *http.Request) { // for what balances the load
		if ctx.Err() != nil || !n.history.Connected() {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
		}
	})
	mux.Handle("GET /ws", listen.Handler(stream.JSON[protocol.Message](), n.chat,
		listen.Join(&group),
		listen.Hosts("localhost", "127.0.0.1", "[::1]"), // and no page whose name was rebound to these
		listen.OnError(func(r *http.Request, err error) {
			if !errors.Is(err, net.ErrClosed) { // the node has closed it
				log.Printf("%s: %v", r.RemoteAddr, err)
			}
		}),
		stream.MaxMessageSize(protocol.MaxSize), stream.CloseTimeout(20*time.Second),
		stream.KeepAlive(30*time.Second)))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	serving, end := context.WithCancel(context.WithoutCancel(ctx))
	drained := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		defer end()
		ending, cancel := context.WithTimeout(serving, n.patience*3/4)
		defer cancel()
		drained <- group.ShutdownReason(ending, protocol.Reason("this node ends", n.spread))
	})
	err := group.Serve(serving, server, ln, n.patience/4) // what is left: the requests
	end()                                                 // if it has failed
	cancel()
	return errors.Join(err, <-drained, <-lost)
}

func main() {
	n := newNode()
	addr := flag.String("addr", "localhost:8080", "listen at `host:port`")
	urls := flag.String("nats", "", "the `URLs` of NATS with JetStream, separated by commas (default one in this process)")
	store := flag.String("store", "", "the `folder` in which that keeps messages, of this process alone (default one for the port)")
	replicas := flag.Int("replicas", 1, "on how many servers NATS keeps messages, if it has none yet")
	flag.DurationVar(&n.spread, "spread", n.spread, "within which time clients come back that are sent away")
	flag.DurationVar(&n.refresh, "refresh", n.refresh, "how often nodes tell each other who is present")
	flag.Parse()
	if n.spread <= 0 || n.refresh <= 0 {
		log.Fatal("-spread and -refresh must be positive")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	if *store == "" {
		*store = filepath.Join(os.TempDir(), fmt.Sprint("rooms-", ln.Addr().(*net.TCPAddr).Port))
	}
	if err = n.connect(ctx, *urls, *store, *replicas); err == nil {
		log.Printf("open http://%s/?room=lobby&name=alice", ln.Addr())
		err = n.serve(ctx, ln)
	}
	n.close()
	if err != nil {
		log.Fatal(err)
	}
}
