// Relay is a gateway: it lets in clients that show a token, and hands frames on between them and a WebSocket server behind it,
// as they came, as well as the code and reason of closing. Each client has limits, and Prometheus hears what happens.
package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"flag"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/litert/websocket/examples/relay/clients"
	"github.com/litert/websocket/listen"
	_ "github.com/litert/websocket/listen/xconnect" // over TLS, clients may come over HTTP/2
	"github.com/litert/websocket/stream"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("relay", flag.ExitOnError)
	addr := flags.String("addr", "localhost:8080", "listen at `host:port`")
	metrics := flags.String("metrics", "localhost:9100", "serve metrics at `host:port`")
	to := flags.String("to", "", "lead to the server at `url` (default: one of its own, which echoes)")
	cert := flags.String("cert", "", "speak TLS with the certificate in `file`")
	key := flags.String("key", "", "and the key in `file`")
	var l clients.Limits
	flags.IntVar(&l.Connections, "connections", 16, "a client may have so `many` connections at a time")
	flags.Int64Var(&l.Rate, "rate", 1<<20, "a client may send, and be sent, so many `bytes` per second")
	flags.Int64Var(&l.Message, "message", 1<<20, "a message may have so many `bytes`")
	flags.Parse(args)
	list := os.Getenv("RELAY_CLIENTS")
	if list == "" {
		list = "guest=" + rand.Text()
		log.Printf("RELAY_CLIENTS has no names and tokens; let in is %s", list)
	}
	all, err := clients.Parse(list, l)
	if err != nil {
		return err
	}
	if *to == "" {
		echo, err := listen.Listen("tcp", "localhost:0", stream.Frames)
		if err != nil {
			return err
		}
		defer echo.Close()
		go serveEcho(echo)
		*to = "ws://" + echo.Addr().String()
	}
	behind, err := url.Parse(*to)
	if err != nil {
		return err
	}
	x := newRelay(behind, all, l, listen.Hosts("localhost", "127.0.0.1", "[::1]"))
	counts, err := net.Listen("tcp", *metrics)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: x.metrics.Handler(), ReadHeaderTimeout: 10 * time.Second}
	defer server.Close()
	go server.Serve(counts)
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	log.Printf("%s leads to %s; metrics are at http://%s/", ln.Addr(), behind.Redacted(), counts.Addr())
	return x.serve(ctx, ln, *cert, *key)
}

// serve serves ln until ctx ends, with TLS if there is a certificate. Both sides get the code 1001 then.
func (x *relay) serve(ctx context.Context, ln net.Listener, cert, key string) error {
	requests, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer x.relaying.Wait() // beyond the ends of the front
	defer cancel()
	server := &http.Server{Handler: x, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return requests }}
	server.RegisterOnShutdown(cancel) // what still connects to the server behind, and would be awaited
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return err
		}
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}}
	}
	return x.group.Serve(ctx, server, ln, 10*time.Second)
}

// serveEcho sends back what comes, until l is closed.
func serveEcho(l *listen.Listener[stream.Frame]) {
	for conn, err := range l.All(context.Background()) {
		if err != nil {
			return
		}
		go func() {
			for f, err := range conn.All(context.Background()) {
				if err != nil || conn.WriteFrame(context.Background(), f) != nil {
					break
				}
			}
			conn.Close()
		}()
	}
}
