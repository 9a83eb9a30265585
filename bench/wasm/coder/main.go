//go:build js

// Command coder sends a message to the server of its page, and receives the answer.
package main

import (
	"context"
	"fmt"
	"os"
	"syscall/js"

	"github.com/coder/websocket"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	conn, _, err := websocket.Dial(ctx, js.Global().Get("location").Get("origin").String(), nil)
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	if err := conn.Write(ctx, websocket.MessageText, []byte("hello")); err != nil {
		return err
	}
	_, p, err := conn.Read(ctx)
	if err != nil {
		return err
	}
	fmt.Println(string(p))
	return nil
}
