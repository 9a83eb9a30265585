// Tunnel carries TCP connections through WebSocket, over TLS and through proxies: ssh, for example, to where only HTTP gets.
//
// It shows a connection as a net.Conn, a token in the handshake, what becomes of the end of either side, and that a tunnel
// that is idle lives on. The README has commands.
package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/litert/websocket/examples/tunnel/inside"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

const usage = `usage: tunnel serve [-addr host:port] [-to host:port] [-cert file -key file]
       tunnel connect [-ca file] url
       tunnel forward [-ca file] [-addr host:port] url
       tunnel ssh     [-ca file] -i key -known-hosts file url user@host command
       tunnel check   [-ca file] url

The token is in TUNNEL_TOKEN; serve makes one if there is none. Without -to, a gRPC server is behind the tunnel, which check asks
whether it is up. Clients trust what the system does, or the
certificates in -ca file, and go through the proxy in HTTPS_PROXY`

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
	addr, to := flags.String("addr", "localhost:8080", ""), flags.String("to", "", "")
	cert, key := flags.String("cert", "", ""), flags.String("key", "", "")
	ca := flags.String("ca", "", "")
	identity, hosts := flags.String("i", "", ""), flags.String("known-hosts", "", "")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	command := args[0] + strconv.Itoa(flags.NArg())
	if command == "serve0" {
		return runServe(ctx, *addr, *to, *cert, *key, token)
	}
	c, err := newClient(flags.Arg(0), token, *ca)
	if err != nil {
		return err
	}
	switch command {
	case "connect1":
		return c.lead(ctx, os.Stdin, os.Stdout)
	case "forward1":
		ln, err := net.Listen("tcp", *addr)
		if err != nil {
			return err
		}
		log.Printf("%s leads through %s", ln.Addr(), c.url)
		return c.forward(ctx, ln)
	case "ssh3":
		return inside.RunSSH(ctx, c.connect, *identity, *hosts, flags.Arg(1), flags.Arg(2))
	case "check1":
		status, err := inside.Check(ctx, c.connect)
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
		server := inside.NewHealthServer()
		defer server.Stop()
		go server.Serve(behind)
		to = behind.Addr().String()
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	log.Printf("%s leads to %s", ln.Addr(), to)
	return serve(ctx, ln, cert, key, token, to)
}

// serve leads the connections of those who show the token to the TCP address to, until ctx ends; with TLS, if there is a
// certificate. It may have any name (no listen.Hosts): a page whose name was rebound to this address does not know the token.
func serve(ctx context.Context, ln net.Listener, cert, key, token, to string) error {
	var group listen.Group
	handler := listen.Handler(stream.Standard, leadTo(to), listen.Join(&group), alive,
		listen.OnError(func(r *http.Request, err error) { log.Printf("%s: %v", r.RemoteAddr, err) }))
	server := &http.Server{Handler: admit(token, handler), ReadHeaderTimeout: 10 * time.Second}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return err
		}
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}}
	}
	return group.Serve(ctx, server, ln, 10*time.Second)
}
