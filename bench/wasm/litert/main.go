//go:build js

// Command litert sends a message to the server of its page, and receives the answer.
package main

import (
	"context"
	"fmt"
	"os"
	"syscall/js"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	conn, err := dial.Dial(ctx, js.Global().Get("location").Get("origin").String(), stream.Simple)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.WriteText(ctx, "hello"); err != nil {
		return err
	}
	msg, err := conn.Receive(ctx)
	if err != nil {
		return err
	}
	fmt.Println(msg.String())
	return nil
}
