//go:build js

package main

import (
	"context"
	"fmt"
	"syscall/js"
	"time"
	_ "unsafe" // for linkname

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

// callable are the functions that JavaScript can call.
//
//go:linkname callable syscall/js.funcs
var callable map[uint32]func(js.Value, []js.Value) any

// functions connects many times, has the connections end in several ways, and reports how many functions are left of them.
func functions(ctx context.Context, url string) string {
	before := len(callable)
	for range 5 {
		for _, end := range []func(*stream.Conn[stream.Message]) error{
			(*stream.Conn[stream.Message]).Close,
			(*stream.Conn[stream.Message]).Abort,
			func(c *stream.Conn[stream.Message]) error { return c.Shutdown(ctx, 4000, "") },
			func(c *stream.Conn[stream.Message]) error {
				if err := c.WriteText(ctx, "!close 4000 as told"); err != nil {
					return err
				}
				c.Receive(ctx)
				return c.Abort()
			},
		} {
			conn, err := dial.Dial(ctx, url, stream.Simple, dial.Subprotocols(offered...))
			if err == nil {
				err = end(conn)
			}
			if err != nil {
				return lost(err)
			}
		}
		if conn, err := dial.Dial(ctx, "ws://127.0.0.1:9/", stream.Simple); err == nil { // browsers refuse that port
			conn.Close()
			return "it is not refused"
		}
		brief, cancel := context.WithCancel(ctx)
		time.AfterFunc(0, cancel)
		if conn, err := dial.Dial(brief, url, stream.Simple); err == nil {
			conn.Close()
		}
		cancel()
	}
	for range 500 { // the last events are still to come
		if len(callable) <= before {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Sprintf("%d functions are left", len(callable)-before)
}

// leave has the page leave while the connection is open.
func leave(ctx context.Context, url string) string {
	conn, err := dial.Dial(ctx, url, stream.Simple)
	if err != nil {
		return lost(err)
	}
	js.Global().Get("location").Set("href", "/left")
	_, err = conn.Receive(ctx)
	return ended(err)
}
