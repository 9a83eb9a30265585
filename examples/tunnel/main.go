// Tunnel carries TCP connections through WebSocket: ssh, for example, to where only HTTP gets.
//
// It shows a connection as a net.Conn, what becomes of the end of either side, and that a tunnel that is idle lives on.
// Behind the tunnel comes whoever reaches it, so what stands there has to ask who that is, as a server of SSH does.
//
//	go run ./tunnel serve -to localhost:22
//	ssh -o ProxyCommand='go run ./tunnel connect ws://localhost:8080/' localhost
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// alive keeps a tunnel open over which nothing goes, and ends one whose other end is gone.
var alive = stream.KeepAlive(30 * time.Second)

// connect returns the client's end of a tunnel.
func connect(ctx context.Context, url string) (net.Conn, error) {
	conn, err := dial.Dial(ctx, url, stream.Standard, alive)
	if err != nil {
		return nil, err
	}
	return stream.NetConn(conn, opcode.Binary)
}

// serve leads the connections that l accepts to the TCP address to, until ctx ends. Then it closes l and them.
func serve(ctx context.Context, l *listen.Listener[*stream.Reader], to string) error {
	var leads sync.WaitGroup
	defer leads.Wait()
	defer l.Close()
	for conn, err := range l.All(ctx) {
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return err
		}
		leads.Go(func() {
			if err := lead(ctx, conn, to); err != nil && ctx.Err() == nil {
				log.Printf("%v: %v", conn.RemoteAddr(), err)
			}
		})
	}
	return nil
}

// lead leads a connection to the TCP address to.
func lead(ctx context.Context, conn *stream.Conn[*stream.Reader], to string) error {
	var d net.Dialer
	behind, err := d.DialContext(ctx, "tcp", to)
	if err != nil {
		return errors.Join(err, conn.Shutdown(ctx, closecode.BadGateway, "nothing is behind the tunnel"))
	}
	tunnel, err := stream.NetConn(conn, opcode.Binary)
	if err != nil {
		return err
	}
	return join(tunnel, behind, behind)
}

// join copies what comes through the tunnel to w, and r into the tunnel, until one of them ends, and closes all. What
// came out of that one before has reached the other. A WebSocket connection cannot be open one way, as one of TCP can.
func join(tunnel net.Conn, r io.ReadCloser, w io.WriteCloser) error {
	ended := make(chan error, 2)
	pipe := func(dst io.Writer, src io.Reader) {
		_, err := io.Copy(dst, src)
		ended <- err
	}
	go pipe(w, tunnel)
	go pipe(tunnel, r)
	err := <-ended
	tunnel.Close()
	r.Close()
	w.Close()
	return err
}

func main() {
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), "usage: tunnel serve [-addr host:port] [-to host:port]\n       tunnel connect url\n")
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, flag.Args()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) > 0 && args[0] == "serve":
		flags := flag.NewFlagSet("serve", flag.ExitOnError)
		addr := flags.String("addr", "localhost:8080", "listen at `host:port`")
		to := flags.String("to", "localhost:22", "lead to `host:port`")
		flags.Parse(args[1:])
		l, err := listen.Listen("tcp", *addr, stream.Standard, alive, listen.Hosts("localhost", "127.0.0.1", "[::1]"))
		if err != nil {
			return err
		}
		log.Printf("ws://%s/ leads to %s", l.Addr(), *to)
		return serve(ctx, l, *to)
	case len(args) == 2 && args[0] == "connect":
		conn, err := connect(ctx, args[1])
		if err != nil {
			return err
		}
		return join(conn, os.Stdin, os.Stdout)
	}
	flag.Usage()
	return errors.New("what is to be done?")
}
