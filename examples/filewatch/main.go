// Filewatch sends a file to a page whenever it changes: the example of this name of gorilla/websocket, with this library.
//
// It shows a server that only sends. If no goroutine did receive, nobody would notice that a page is gone. There is no pump
// for pings, and there are no deadlines to be set.
//
//	go run ./filewatch -file /tmp/watched.txt
//
// Then open http://localhost:8080/ in a browser, and change the file.
package main

import (
	"context"
	_ "embed"
	"flag"
	"io"
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

// maxText is how many bytes of a file are sent.
const maxText = 64 << 10

// A watch is a file that is looked at at intervals.
type watch struct {
	name     string
	interval time.Duration
}

// send sends the text of the file, and again each time that it has changed, until the connection ends.
func (f watch) send(r *http.Request, conn *stream.Conn[*stream.Reader]) error {
	ctx := r.Context()
	go func() {
		for range conn.All(ctx) { // to answer pings, and to notice the end; messages are discarded
		}
	}()
	tick := time.NewTicker(f.interval)
	defer tick.Stop()
	for last, first := "", true; ; first = false {
		if text := f.text(); first || text != last {
			if err := conn.WriteText(ctx, text); err != nil {
				return err
			}
			last = text
		}
		select {
		case <-tick.C:
		case <-conn.Done():
			return conn.Err()
		}
	}
}

// text returns what is in the file, or why that cannot be told.
func (f watch) text() string {
	file, err := os.Open(f.name)
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	p, err := io.ReadAll(io.LimitReader(file, maxText))
	if err != nil {
		return err.Error()
	}
	return strings.ToValidUTF8(string(p), "?")
}

// serve serves ln until ctx ends.
func serve(ctx context.Context, ln net.Listener, f watch) error {
	var group listen.Group
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "index.html", time.Time{}, strings.NewReader(page))
	})
	mux.Handle("/watch", listen.Handler(stream.Standard, f.send,
		listen.Join(&group),
		listen.Hosts("localhost", "127.0.0.1", "[::1]"), // and no page whose name was rebound to these
		listen.OnError(func(r *http.Request, err error) { log.Printf("%s: %v", r.RemoteAddr, err) }),
		stream.KeepAlive(30*time.Second)))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	return group.Serve(ctx, server, ln, 10*time.Second)
}

func main() {
	addr := flag.String("addr", "localhost:8080", "listen at `host:port`")
	name := flag.String("file", "watched.txt", "watch the `file`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("open http://%s/", ln.Addr())
	if err := serve(ctx, ln, watch{*name, time.Second}); err != nil {
		log.Fatal(err)
	}
}
