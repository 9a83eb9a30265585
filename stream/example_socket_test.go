package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/stream"
	"github.com/litert/websocket/stream/streamtest"
)

// What to do next depends on why the peer has closed.
func ExampleCloseCode() {
	for _, code := range []closecode.Code{closecode.NormalClosure, closecode.ServiceRestart, closecode.PolicyViolation, 0} {
		client, server := streamtest.Pipe(stream.Simple)
		ctx := context.Background()
		go func() {
			if code == 0 {
				server.Abort()
				return
			}
			server.Shutdown(ctx, code, "")
		}()

		_, err := client.Receive(ctx)
		switch stream.CloseCode(err) {
		case closecode.NormalClosure:
			fmt.Println("done")
		case closecode.GoingAway, closecode.ServiceRestart, closecode.TryAgainLater:
			fmt.Println("connect again, a little later")
		case 0:
			fmt.Println("no close frame came:", errors.Is(err, io.ErrUnexpectedEOF))
		default:
			fmt.Println(err)
		}
		client.Close()
	}
	// Output:
	// done
	// connect again, a little later
	// stream: closed by the peer: 1008 (policy violation)
	// no close frame came: true
}

// What a connection tells of itself.
func ExampleSocket() {
	client, server := streamtest.Pipe(stream.Simple)
	defer server.Abort()
	fmt.Println("from", client.LocalAddr(), "to", client.RemoteAddr(), "with TLS:", client.TLS() != nil)
	fmt.Println(client.ReceiveMode() == stream.Simple.ReceiveMode(), client.IsServer(), client.MaxMessageSize(), client.IdleTimeout())

	client.SetIdleTimeout(0) // none
	client.SetMasking(frame.NoMask)
	fmt.Println(client.Connected(), client.Writable(), client.Ended(), client.Finished())
	client.Close()
	fmt.Println(client.Connected(), client.Writable(), client.Ended(), client.Finished())
	// Output:
	// from pipe to pipe with TLS: false
	// true false 67108864 1m0s
	// true true false false
	// false false true true
}

// A goroutine that sends learns from Done that the one which receives has found the end.
func ExampleSocket_Done() {
	client, server := streamtest.Pipe(stream.Simple)
	ctx := context.Background()
	go server.Receive(ctx)
	go client.Shutdown(ctx, closecode.GoingAway, "")

	prices := make(chan string)
	for {
		select {
		case price := <-prices:
			server.WriteText(ctx, price)
		case <-server.Done():
			fmt.Println(server.Err())
			return
		}
	}
	// Output: stream: closed by the peer: 1001 (going away)
}

// Pings are answered by whoever receives, and pongs are for the hooks of a Trace.
func ExampleSocket_Ping() {
	answer := make(chan string)
	trace := stream.WithTrace(&stream.Trace{PongReceived: func(data []byte) { answer <- string(data) }})
	client, server := streamtest.Pipe(stream.Simple, trace)
	defer client.Abort()
	defer server.Abort()
	ctx := context.Background()
	go client.Receive(ctx)
	go server.Receive(ctx)

	client.Ping(ctx, []byte("are you there?"))
	fmt.Println(<-answer)
	server.Pong(ctx, []byte("so am I, unasked"))
	fmt.Println(<-answer)
	// Output:
	// are you there?
	// so am I, unasked
}
