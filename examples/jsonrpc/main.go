// Jsonrpc is a client of JSON-RPC 2.0 that connects again where its connection is lost, and a server.
//
// It shows a mode of one's own, in which each message is decoded while it comes, which errors tell that a call has not left,
// and which that to dial again is in vain. The program is both ends: its server goes away for a moment, and the client goes
// on.
//
//	go run ./jsonrpc
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// counter returns methods, one of which counts its calls.
func counter() Methods {
	var n atomic.Int64
	return Methods{"count": func(context.Context, json.RawMessage) (any, error) { return n.Add(1), nil }}
}

// start serves methods at the address until stop is called.
func start(addr string, methods Methods) (at string, stop func() error, err error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, ln, methods) }()
	return ln.Addr().String(), func() error {
		cancel()
		return <-ended
	}, nil
}

func run(ctx context.Context, out io.Writer) error {
	methods := counter()
	addr, stop, err := start("localhost:0", methods)
	if err != nil {
		return err
	}
	client := NewClient("ws://" + addr + "/")
	defer client.Close()
	count := func() error {
		var n int
		if err := client.Call(ctx, "count", nil, &n); err != nil {
			return err
		}
		_, err := fmt.Fprintln(out, "the server has counted to", n)
		return err
	}
	if err := count(); err != nil {
		return err
	}
	if err := stop(); err != nil {
		return err
	}
	fmt.Fprintln(out, "the server is away, and a call waits")
	waiting := make(chan error, 1)
	go func() { waiting <- count() }()
	if _, stop, err = start(addr, methods); err != nil {
		return err
	}
	if err := <-waiting; err != nil {
		return err
	}
	return stop()
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}
