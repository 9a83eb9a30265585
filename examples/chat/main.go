// Chat is a hub of rooms: what one member says, all members of the room get.
//
// It shows how a message is encoded once for all, how members that are too slow are dropped, and hold up nobody, how dead
// connections are found, and how a server ends its connections in an orderly way.
//
//	go run ./chat
//
// Then open http://localhost:8080/?room=lobby in two windows of a browser.
package main

import (
	"context"
	_ "embed"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

//go:embed index.html
var page string

// chat lets conn be a member of a room until the connection ends.
func (h *hub) chat(r *http.Request, conn *stream.Conn[stream.Message]) error {
	m := h.join(r.URL.Query().Get("room"), conn.Socket)
	ctx, cancel := context.WithCancel(r.Context())
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		m.send(ctx)
	}()
	defer func() {
		h.leave(m)
		cancel()
		<-sent
	}()
	for msg, err := range conn.All(ctx) {
		if err != nil {
			return err
		}
		if msg.Opcode != opcode.Text {
			return conn.Shutdown(ctx, closecode.UnsupportedData, "text is wanted")
		}
		text, err := stream.Prepare(opcode.Text, msg.Data)
		if err != nil {
			return err
		}
		h.say(m.room, text)
	}
	return nil
}

// serve serves ln until ctx ends. The members get the code 1001 then.
func serve(ctx context.Context, ln net.Listener, h *hub) error {
	var group listen.Group
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "index.html", time.Time{}, strings.NewReader(page))
	})
	mux.Handle("/chat", listen.Handler(stream.Simple, h.chat,
		listen.Join(&group),
		listen.Hosts("localhost", "127.0.0.1", "[::1]"), // and no page whose name was rebound to these
		listen.OnError(func(r *http.Request, err error) { log.Printf("%s: %v", r.RemoteAddr, err) }),
		stream.MaxMessageSize(4<<10),
		stream.KeepAlive(30*time.Second)))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	return group.Serve(ctx, server, ln, 10*time.Second)
}

func main() {
	addr := flag.String("addr", "localhost:8080", "listen at `host:port`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("open http://%s/?room=lobby", ln.Addr())
	if err := serve(ctx, ln, newHub()); err != nil {
		log.Fatal(err)
	}
}
