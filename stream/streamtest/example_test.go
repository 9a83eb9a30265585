package streamtest_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/stream"
	"github.com/litert/websocket/stream/streamtest"
)

// shout is what is under test: what the function of a listen.Handler does with its connection.
func shout(ctx context.Context, conn *stream.Conn[stream.Message]) error {
	for msg, err := range conn.All(ctx) {
		if err != nil {
			return err
		}
		if err := conn.WriteText(ctx, strings.ToUpper(msg.String())); err != nil {
			return err
		}
	}
	return nil
}

func ExamplePipe() {
	ctx := context.Background()
	client, server := streamtest.Pipe(stream.Simple)
	served := make(chan error, 1)
	go func() { served <- shout(ctx, server) }()

	if err := client.WriteText(ctx, "hello"); err != nil {
		fmt.Println(err)
	}
	msg, err := client.Receive(ctx)
	fmt.Println(msg, err)

	fmt.Println(client.Shutdown(ctx, closecode.NormalClosure, ""))
	fmt.Println(<-served)
	// Output:
	// HELLO <nil>
	// <nil>
	// <nil>
}
