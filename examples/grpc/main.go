// Grpc is a gRPC server behind a WebSocket, and a client of it: the service is that which tells whether a server is up.
//
// It shows a Listener of WebSocket connections as the net.Listener of a server that knows nothing of WebSocket, and the
// same at the client.
//
//	go run ./grpc serve
//	go run ./grpc check ws://localhost:8080/
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// alive keeps connections open between calls, and ends those whose other end is gone.
var alive = stream.KeepAlive(30 * time.Second)

// serve serves the connections that l accepts, until ctx ends. Then it waits for the calls under way, up to
// 10 seconds, and closes l.
func serve(ctx context.Context, l *listen.Listener[*stream.Reader]) error {
	defer l.Close()
	ln, err := listen.NetListener(l, opcode.Binary)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	stop := context.AfterFunc(ctx, func() {
		late := time.AfterFunc(10*time.Second, server.Stop)
		defer late.Stop()
		server.GracefulStop()
	})
	defer stop()
	return server.Serve(ln)
}

// newClient returns a client of the server at url. It connects when there is a call, as all clients of gRPC do, and again
// where the connection was lost. With a wss URL there is TLS, which gRPC need not know.
func newClient(url string) (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///websocket",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			conn, err := dial.Dial(ctx, url, stream.Standard, alive)
			if err != nil {
				return nil, err
			}
			return stream.NetConn(conn, opcode.Binary)
		}))
}

// check asks the server at url whether it is up.
func check(ctx context.Context, url string) (status string, err error) {
	client, err := newClient(url)
	if err != nil {
		return "", err
	}
	defer client.Close()
	answer, err := grpc_health_v1.NewHealthClient(client).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		return "", err
	}
	return answer.Status.String(), nil
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 1 && args[0] == "serve":
		l, err := listen.Listen("tcp", "localhost:8080", stream.Standard, alive, listen.Hosts("localhost", "127.0.0.1", "[::1]"))
		if err != nil {
			return err
		}
		log.Printf("gRPC is served at ws://%s/", l.Addr())
		return serve(ctx, l)
	case len(args) == 2 && args[0] == "check":
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		status, err := check(ctx, args[1])
		if err != nil {
			return err
		}
		fmt.Println(status)
		return nil
	}
	return errors.New("usage: grpc serve\n       grpc check url")
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}
