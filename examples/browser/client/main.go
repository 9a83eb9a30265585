//go:build js

// Command client is the program of the page. It gives the page two functions, which return promises:
//
//	files.upload(file, progress)     sends a File, and tells what the server says
//	files.download(name, progress)   has a file sent, and makes a Blob of it
//
// They call progress with a number from 0 to 1.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"syscall/js"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

// pieceSize is the size of the messages that a file goes in: a browser holds each as a whole.
const pieceSize = 64 << 10

func main() {
	js.Global().Set("files", map[string]any{
		"upload":   promising(upload),
		"download": promising(download),
	})
	select {} // the functions are there for as long as the page
}

// promising makes a function of f that returns a promise. JavaScript calls it, and so f has to wait in a goroutine.
func promising(f func(what, progress js.Value) (any, error)) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) any {
		start := js.FuncOf(func(_ js.Value, settle []js.Value) any {
			go func() {
				result, err := f(args[0], args[1])
				if err != nil {
					settle[1].Invoke(js.Global().Get("Error").New(err.Error()))
					return
				}
				settle[0].Invoke(result)
			}()
			return nil
		})
		defer start.Release()
		return js.Global().Get("Promise").New(start)
	})
}

// connect connects to the server of the page.
func connect(ctx context.Context, path, name string) (*stream.Conn[*stream.Reader], error) {
	origin := js.Global().Get("location").Get("origin").String()
	return dial.Dial(ctx, origin+path+"?name="+url.QueryEscape(name), stream.Standard)
}

func upload(file, progress js.Value) (any, error) {
	ctx := context.Background()
	conn, err := connect(ctx, "/upload", file.Get("name").String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	size := file.Get("size").Int()
	if err := conn.WriteText(ctx, strconv.Itoa(size)); err != nil {
		return nil, reason(conn, err)
	}
	p := make([]byte, pieceSize)
	for at := 0; at < size; {
		n, err := read(file, at, p)
		if err != nil {
			return nil, err
		}
		if err := conn.WriteBinary(ctx, p[:n]); err != nil { // waits while the server does not receive
			return nil, reason(conn, err)
		}
		at += n
		progress.Invoke(float64(at) / float64(size))
	}
	msg, err := conn.Receive(ctx)
	if err != nil {
		return nil, reason(conn, err)
	}
	return msg.Text()
}

func download(name, progress js.Value) (any, error) {
	ctx := context.Background()
	conn, err := connect(ctx, "/download", name.String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	msg, err := conn.Receive(ctx)
	if err != nil {
		return nil, reason(conn, err)
	}
	text, err := msg.Text()
	if err != nil {
		return nil, err
	}
	size, err := strconv.Atoi(text)
	if err != nil {
		return nil, err
	}
	parts := js.Global().Get("Array").New()
	for at := 0; at < size; {
		msg, err := conn.Receive(ctx) // with WebSocketStream, the server waits while this does not receive
		if err != nil {
			return nil, reason(conn, err)
		}
		p, err := msg.Bytes()
		if err != nil {
			return nil, err
		}
		part := js.Global().Get("Uint8Array").New(len(p))
		js.CopyBytesToJS(part, p)
		parts.Call("push", part)
		at += len(p)
		progress.Invoke(float64(at) / float64(size))
	}
	return js.Global().Get("Blob").New(parts), nil
}

// reason returns what the server has closed the connection with, or else err.
func reason(conn *stream.Conn[*stream.Reader], err error) error {
	var closed *stream.CloseError
	if errors.As(err, &closed) || errors.As(conn.Err(), &closed) {
		return errors.New(closed.Reason)
	}
	return err
}

// read reads from a File what is there from at on.
func read(file js.Value, at int, p []byte) (int, error) {
	array, err := await(file.Call("slice", at, at+len(p)).Call("arrayBuffer"))
	if err != nil {
		return 0, err
	}
	return js.CopyBytesToGo(p, js.Global().Get("Uint8Array").New(array)), nil
}

// await waits for what a promise comes to.
func await(promise js.Value) (js.Value, error) {
	type result struct {
		value js.Value
		err   error
	}
	done := make(chan result, 1)
	then := js.FuncOf(func(_ js.Value, args []js.Value) any { done <- result{value: args[0]}; return nil })
	defer then.Release()
	or := js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- result{err: fmt.Errorf("%s", args[0].Call("toString").String())}
		return nil
	})
	defer or.Release()
	promise.Call("then", then, or)
	r := <-done
	return r.value, r.err
}
