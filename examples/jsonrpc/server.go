package main

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// The codes of errors that JSON-RPC 2.0 names.
const (
	parseError     = -32700
	methodNotFound = -32601
	internalError  = -32603
)

// Methods are what a server does, by name.
type Methods map[string]func(ctx context.Context, params json.RawMessage) (any, error)

// Serve serves methods to the clients of ln, one call after the other for each, until ctx ends. Then it ends the connections
// in an orderly way.
func Serve(ctx context.Context, ln net.Listener, methods Methods) error {
	l, err := listen.NewListener(ln, requests, stream.KeepAlive(30*time.Second), listen.Hosts("localhost", "127.0.0.1", "[::1]"))
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	calls, stop := context.WithCancel(context.WithoutCancel(ctx)) // until the connections have ended
	var serving sync.WaitGroup
	defer serving.Wait()
	defer stop()
	defer l.Close()
	for conn, err := range l.All(ctx) {
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return err
		}
		serving.Go(func() {
			defer conn.Close()
			methods.serve(calls, conn)
		})
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return l.Shutdown(ctx)
}

// serve answers the calls of one client, until the connection ends.
func (m Methods) serve(ctx context.Context, conn *stream.Conn[request]) {
	for r, err := range conn.All(ctx) {
		if conn.Err() != nil {
			return
		}
		answer := response{Version: version, Error: &Error{parseError, "this is no request"}}
		if err == nil { // an error is of this message alone
			answer = m.do(ctx, r)
		}
		if err == nil && r.ID == nil {
			continue
		}
		text, err := json.Marshal(answer)
		if err != nil || conn.WriteText(ctx, string(text)) != nil {
			return
		}
	}
}

// do does what r asks for.
func (m Methods) do(ctx context.Context, r request) response {
	failed := func(code int, message string) response {
		return response{Version: version, ID: r.ID, Error: &Error{code, message}}
	}
	method := m[r.Method]
	if method == nil {
		return failed(methodNotFound, "there is no such method")
	}
	result, err := method(ctx, r.Params)
	if err != nil {
		return failed(internalError, err.Error())
	}
	p, err := json.Marshal(result)
	if err != nil {
		return failed(internalError, err.Error())
	}
	return response{Version: version, ID: r.ID, Result: p}
}
