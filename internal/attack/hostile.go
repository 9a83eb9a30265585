package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/litert/websocket/internal/handshake"
)

// A hostile is a server that is not what a client hopes for. It has one connection.
type hostile struct {
	*conn
	request *http.Request
	force   *force
}

// attackClients has the victim connect to a hostile server, again and again in each mode at the same time.
func (f *force) attackClients(v *captive, a attack) {
	ln, err := f.listen(func(c *conn, request *http.Request) error {
		return a.conduct(&hostile{c, request, f})
	})
	if err != nil {
		f.fail(err)
		return
	}
	for _, p := range places {
		order := Order{Mode: p.mode, URL: "ws://" + ln.Addr().String() + "/", Within: f.c.length}
		f.add(func() error {
			for f.ctx.Err() == nil {
				if err := f.dial(v, order, a.check); err != nil {
					return fmt.Errorf("a client, %s: %w", p.mode, err)
				}
			}
			return nil
		})
	}
}

// dial has the victim connect once.
func (f *force) dial(v *captive, o Order, check func(Outcome) error) error {
	var out Outcome
	ctx := context.WithoutCancel(f.ctx) // also when the attack is over
	if err := v.ask(ctx, o.Within+hangs, "Dial", o, &out); err != nil {
		return err
	}
	return check(out)
}

// listen has all requests at an address of its own treated by serve.
func (f *force) listen(serve func(*conn, *http.Request) error) (net.Listener, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	context.AfterFunc(f.ctx, func() { ln.Close() })
	f.all.Go(func() {
		for {
			raw, err := ln.Accept()
			if err != nil {
				return
			}
			f.all.Go(func() {
				c := newConn(f.ctx, raw, f.c.patience)
				c.server = true
				defer c.Close()
				request, err := http.ReadRequest(c.r)
				if err == nil {
					err = serve(c, request)
				}
				if what := complaint(""); errors.As(err, &what) {
					f.fail(err)
				}
			})
		}
	})
	return ln, nil
}

// switching is the response that opens a connection, but for its end.
const switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"

// accept opens the connection, with more fields in the response.
func (h *hostile) accept(fields ...string) error {
	var head strings.Builder
	head.WriteString(switching + "Sec-WebSocket-Accept: " + handshake.Accept(h.request.Header.Get("Sec-WebSocket-Key")) + "\r\n")
	for _, field := range fields {
		head.WriteString(field + "\r\n")
	}
	h.force.begun.Add(1)
	return h.send(head.String() + "\r\n")
}

// wait reads until the client has gone.
func (h *hostile) wait() error {
	_, err := io.Copy(io.Discard, h.r)
	return err
}
