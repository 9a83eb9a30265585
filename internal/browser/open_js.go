package browser

import (
	"context"
	"errors"
	"fmt"
	"syscall/js"
)

// A Request says what to connect to.
type Request struct {
	URL          string // ws or wss
	Subprotocols []string
	Backlog      int64 // see [NewConn]
	Overrun      error
}

// subprotocols returns the subprotocols as JavaScript takes them.
func (r *Request) subprotocols() []any {
	list := make([]any, len(r.Subprotocols))
	for i, name := range r.Subprotocols {
		list[i] = name
	}
	return list
}

// An opener is a Port that is being opened.
type opener interface {
	Port
	await(ctx context.Context) (subprotocol string, err error)
	connection() *Conn
}

// Open connects as r says, over WebSocketStream if there is one, and over WebSocket otherwise. It returns the subprotocol
// agreed on, too. When ctx ends first, nothing is left open, and the error is that of ctx.
func Open(ctx context.Context, r *Request) (*Conn, string, error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	start := func() (opener, error) { return openWebSocket(r) }
	switch {
	case js.Global().Get("WebSocketStream").Truthy():
		start = func() (opener, error) { return openStream(r) }
	case !js.Global().Get("WebSocket").Truthy():
		return nil, "", fmt.Errorf("there is no WebSocket here: %w", errors.ErrUnsupported)
	}
	o, err := start()
	if err != nil {
		return nil, "", err
	}
	subprotocol, err := o.await(ctx)
	if err != nil {
		o.connection().Close()
		return nil, "", err
	}
	return o.connection(), subprotocol, nil
}

// An outcome is how opening has ended.
type outcome struct {
	subprotocol string
	err         error
}

// awaitOutcome waits for what comes first.
func awaitOutcome(ctx context.Context, opened <-chan outcome) (string, error) {
	select {
	case o := <-opened:
		return o.subprotocol, o.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// errRefused is why there is no connection, as far as browsers tell.
var errRefused = errors.New("the browser does not tell why: there is no such server, or it refuses, or its certificate is not trusted")
