// Tunnel carries TCP connections through WebSocket, over TLS and through proxies: ssh, for example, to where only HTTP gets.
//
// It shows a connection as a net.Conn, a token in the handshake, what becomes of the end of either side, and that a tunnel
// that is idle lives on. The README has commands.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// alive keeps a tunnel open over which nothing goes, and ends one whose other end is gone.
var alive = stream.KeepAlive(30 * time.Second)

const usage = `usage: tunnel serve [-addr host:port] [-to host:port] [-cert file -key file]
       tunnel connect [flags] url
       tunnel forward [flags] [-addr host:port] url
       tunnel ssh     [flags] -i key -known-hosts file url user@host command
       tunnel check   [flags] url

The token is in TUNNEL_TOKEN; serve makes one if there is none. Without -to, a gRPC server is behind the tunnel, which check asks
whether it is up. The flags of clients are -proxy url, and -ca file, whose certificates they trust`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv("TUNNEL_TOKEN")); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string, token string) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprintln(flags.Output(), usage) }
	addr := flags.String("addr", "localhost:8080", "listen at `host:port`")
	if args[0] == "serve" {
		to := flags.String("to", "", "lead to `host:port` (default: a gRPC server of its own)")
		cert := flags.String("cert", "", "speak TLS with the certificate in `file`")
		key := flags.String("key", "", "and the key in `file`")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return runServe(ctx, *addr, *to, *cert, *key, token)
	}
	proxy := flags.String("proxy", "", "connect through the proxy at `url`")
	ca := flags.String("ca", "", "trust the certificates in `file`")
	key := flags.String("i", "", "log in with the key in `file`")
	hosts := flags.String("known-hosts", "", "know the keys of hosts by `file`")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	c, err := newClient(flags.Arg(0), token, *proxy, *ca)
	if err != nil {
		return err
	}
	switch args[0] + fmt.Sprint(flags.NArg()) {
	case "connect1":
		conn, err := c.connect(ctx)
		if err != nil {
			return err
		}
		return join(conn, os.Stdin, os.Stdout)
	case "forward1":
		ln, err := net.Listen("tcp", *addr)
		if err != nil {
			return err
		}
		log.Printf("%s leads through %s", ln.Addr(), c.url)
		return c.forward(ctx, ln)
	case "ssh3":
		return runSSH(ctx, c, *key, *hosts, flags.Arg(1), flags.Arg(2))
	case "check1":
		status, err := c.check(ctx)
		if err == nil {
			fmt.Println(status)
		}
		return err
	}
	return errors.New(usage)
}

func runServe(ctx context.Context, addr, to, cert, key, token string) error {
	if token == "" {
		token = rand.Text()
		log.Printf("TUNNEL_TOKEN=%s", token)
	}
	if to == "" {
		behind, err := net.Listen("tcp", "localhost:0")
		if err != nil {
			return err
		}
		server := newHealthServer()
		defer server.Stop()
		go server.Serve(behind)
		to = behind.Addr().String()
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	log.Printf("%s leads to %s", ln.Addr(), to)
	return serve(ctx, ln, cert, key, token, to, listen.Hosts("localhost", "127.0.0.1", "[::1]"))
}

// serve leads the connections of those who show the token to the TCP address to, until ctx ends; with TLS, if there is a
// certificate.
func serve(ctx context.Context, ln net.Listener, cert, key, token, to string, opts ...listen.Option) error {
	var group listen.Group
	opts = append(opts, listen.Join(&group), alive, listen.OnError(func(r *http.Request, err error) { log.Printf("%s: %v", r.RemoteAddr, err) }))
	server := &http.Server{Handler: admit(token, listen.Handler(stream.Standard, leadTo(to), opts...)), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() {
		if cert != "" {
			ended <- server.ServeTLS(ln, cert, key)
		} else {
			ended <- server.Serve(ln)
		}
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(group.Shutdown(ctx), server.Shutdown(ctx))
}
