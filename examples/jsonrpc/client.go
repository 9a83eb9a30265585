package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

var (
	// ErrLost is the error of a call whose connection was lost before its answer came: it may have been done, or not.
	ErrLost = errors.New("the connection was lost before the answer")

	// ErrClosed is the error of calls of a Client that was closed.
	ErrClosed = errors.New("the client is closed")

	errUnsent = errors.New("the call has not left")
)

// A Client calls the methods of a server. It connects by itself, and again, at ever longer intervals, where the connection
// is lost. Its methods may be called by any number of goroutines.
type Client struct {
	url    string
	opts   []dial.Option
	cancel context.CancelFunc
	calls  chan *call    // that wait for a connection
	done   chan struct{} // closed when the client has ended
	err    error         // why, once done is closed

	mu      sync.Mutex // guards following
	last    uint64     // ID
	pending map[uint64]*call
}

// A call is one attempt at it.
type call struct {
	id       uint64
	text     string
	answered chan answer // has room for it
}

type answer struct {
	response response
	err      error
}

// NewClient returns a client of the server at url. It must be closed.
func NewClient(url string, opts ...dial.Option) *Client {
	ctx, cancel := context.WithCancel(context.Background())
	c := &Client{url: url, opts: append(opts, stream.KeepAlive(30*time.Second)), cancel: cancel,
		calls: make(chan *call), done: make(chan struct{}), pending: make(map[uint64]*call)}
	go func() {
		defer close(c.done)
		c.err = c.run(ctx)
	}()
	return c
}

// Close ends the client. Calls that wait end with ErrLost or ErrClosed.
func (c *Client) Close() {
	c.cancel()
	<-c.done
}

// Call calls a method, and stores what it returns in the value that result points to, unless that is nil. It waits for a connection, as long as
// ctx allows. A call that did not leave before its connection was lost goes on over the next one; for one that did, the
// error is ErrLost, and the caller has to know whether to call again. What the server refuses for good is an *Error if it is
// the call, and a *dial.Error if it is the connection.
func (c *Client) Call(ctx context.Context, method string, params, result any) error {
	p, err := json.Marshal(params)
	if err != nil {
		return err
	}
	for {
		a, err := c.try(ctx, method, p)
		switch {
		case err == errUnsent:
			continue
		case err != nil:
			return fmt.Errorf("%s: %w", method, err)
		case a.Error != nil:
			return fmt.Errorf("%s: %w", method, a.Error)
		case result == nil:
			return nil
		}
		return json.Unmarshal(a.Result, result)
	}
}

// try makes one attempt. The error is errUnsent if another can be made.
func (c *Client) try(ctx context.Context, method string, params json.RawMessage) (response, error) {
	c.mu.Lock()
	c.last++
	id := c.last
	c.mu.Unlock()
	text, err := json.Marshal(request{Version: version, ID: &id, Method: method, Params: params})
	if err != nil {
		return response{}, err
	}
	attempt := &call{id, string(text), make(chan answer, 1)}
	select {
	case c.calls <- attempt:
	case <-ctx.Done():
		return response{}, ctx.Err()
	case <-c.done:
		return response{}, c.err
	}
	select {
	case a := <-attempt.answered:
		return a.response, a.err
	case <-ctx.Done():
		c.take(id)
		return response{}, ctx.Err()
	}
}

// run keeps a connection open until ctx ends, or there will never be one, and returns why.
func (c *Client) run(ctx context.Context) error {
	for attempt := 0; ; attempt++ {
		conn, err := dial.Dial(ctx, c.url, responses, c.opts...)
		if err == nil && c.session(ctx, conn) {
			attempt = 0
		}
		switch {
		case ctx.Err() != nil:
			return ErrClosed
		case isFinal(err):
			return err
		}
		select {
		case <-time.After(pause(attempt)):
		case <-ctx.Done():
			return ErrClosed
		}
	}
}

// isFinal reports whether to dial again would end as before.
func isFinal(err error) bool {
	var refused *dial.Error
	if !errors.As(err, &refused) {
		return errors.As(err, new(*stream.ArgumentError))
	}
	switch refused.StatusCode {
	case 408, 425, 429: // too slow, too early, too often
		return false
	}
	return 300 <= refused.StatusCode && refused.StatusCode < 500
}

// pause returns how long to wait after so many attempts have failed in a row: twice as long each time, up to half a minute,
// and not all clients of a server that is back at the same time.
func pause(attempts int) time.Duration {
	most := min(50*time.Millisecond<<min(attempts, 10), 30*time.Second)
	return most/2 + rand.N(most/2)
}

// session makes calls over conn until it ends, or ctx does. It reports whether any was answered.
func (c *Client) session(ctx context.Context, conn *stream.Conn[response]) (answered bool) {
	ctx, cancel := context.WithCancel(ctx)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		c.send(ctx, conn.Socket)
	}()
	for r, err := range conn.All(ctx) {
		if err != nil || r.ID == nil {
			break // the end, or nonsense
		}
		if call := c.take(*r.ID); call != nil {
			call.answered <- answer{response: r}
			answered = true
		}
	}
	cancel()
	<-sent
	conn.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, call := range c.pending {
		call.answered <- answer{err: ErrLost}
	}
	clear(c.pending)
	return answered
}

// send sends calls until ctx ends, or the connection.
func (c *Client) send(ctx context.Context, socket *stream.Socket) {
	for {
		select {
		case call := <-c.calls:
			c.mu.Lock()
			c.pending[call.id] = call
			c.mu.Unlock()
			if err := socket.WriteText(ctx, call.text); err != nil { // the server has not got all of it
				if c.take(call.id) != nil {
					call.answered <- answer{err: errUnsent}
				}
				socket.Abort()
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// take returns the call with the ID, for which there will be one answer, or nil if there is none that waits.
func (c *Client) take(id uint64) *call {
	c.mu.Lock()
	defer c.mu.Unlock()
	call := c.pending[id]
	delete(c.pending, id)
	return call
}
