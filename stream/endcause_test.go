package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// orderly are errors that an orderly end has, where they do not come from the peer.
var orderly = map[string]error{
	"io.EOF":       io.EOF,
	"wrapped":      fmt.Errorf("all was read: %w", io.EOF),
	"a CloseError": &stream.CloseError{Code: closecode.NormalClosure},
}

// A Shutdown that its context ends is no orderly end of the connection, whatever the cause is.
func TestTheCauseOfAShutdownIsNoOrderlyEnd(t *testing.T) {
	t.Parallel()
	for name, cause := range orderly {
		for _, how := range waysToReceive {
			for _, server := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s, %s, server %v", name, how.name, server), func(t *testing.T) {
					t.Parallel()
					end, peer := how.openAt(t, server, nil)
					defer peer.Close()
					ctx, cancel := context.WithCancelCause(bg(t))
					time.AfterFunc(10*time.Millisecond, func() { cancel(cause) })
					errs := map[string]error{"Shutdown": end.Shutdown(ctx, closecode.NormalClosure, ""), "Err": end.Err()}
					_, errs["Receive"] = end.receive(bg(t))
					for what, err := range errs {
						if err == nil || errors.Is(err, io.EOF) || !errors.Is(err, net.ErrClosed) {
							t.Errorf("%s: %v; matches io.EOF: %v, net.ErrClosed: %v", what, err, errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed))
						}
					}
				})
			}
		}
	}
}

func TestAllTellsOfTheCauseOfAShutdown(t *testing.T) {
	for name, cause := range orderly {
		c, peer := serverAndPeer(t)
		ctx, cancel := context.WithCancelCause(bg(t))
		time.AfterFunc(10*time.Millisecond, func() { cancel(cause) })
		go c.Shutdown(ctx, closecode.NormalClosure, "")
		var err error
		for _, err = range c.All(bg(t)) {
		}
		if err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%s: All ended with %v", name, err)
		}
		peer.Close()
	}
}

// An endedContext ends like one of the context package, with an error of its own.
type endedContext struct {
	context.Context
	err error
}

func (c endedContext) Err() error {
	if c.Context.Err() != nil {
		return c.err
	}
	return nil
}

// A write that its context has cut ends the connection, which is no orderly end of what is received, whatever error the
// context has.
func TestAWriteThatIsCutIsNoOrderlyEndOfAMessage(t *testing.T) {
	for name, cause := range orderly {
		for _, how := range readings {
			t.Run(fmt.Sprintf("%s, %s", name, how.name), func(t *testing.T) {
				t.Parallel()
				c, peer := serverAndPeer(t)
				defer peer.Close()
				peer.SendFrame(false, opcode.Binary, "the beginning")
				r, err := c.Receive(bg(t))
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(bg(t))
				go c.WriteBinary(endedContext{ctx, cause}, make([]byte, 16<<20))
				go func() {
					io.ReadFull(peer, make([]byte, 10)) // and nothing more
					cancel()
				}()
				within(t, how.name, func() { c.Abort() }, func() {
					_, err := how.read(r)
					wantCut(t, how.name, err)
				})
				if err := c.Err(); err == nil || errors.Is(err, io.EOF) {
					t.Errorf("Err: %v", err)
				}
			})
		}
	}
}

// Behind the peer's close frame, which has cut a message, an orderly end is one still for the next Receive alone.
func TestAMessageThatWasCutIsNotWholeForTheNextReceive(t *testing.T) {
	c, peer := serverAndPeer(t)
	peer.SendFrame(false, opcode.Binary, "the beginning")
	r, err := c.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	peer.SendClose(closecode.NormalClosure, "")
	_, err = r.Bytes()
	wantCut(t, "Bytes", err)
	if _, err := c.Receive(bg(t)); !errors.Is(err, io.EOF) {
		t.Errorf("Receive: %v", err)
	}
	if _, err := r.Bytes(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("Bytes again: %v", err)
	}
}
