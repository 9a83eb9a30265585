package stream_test

import (
	"context"
	"errors"
	"testing"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// Nothing tells a browser to send a ping, or how to mask: that it was not done is not to go unnoticed.
func TestWithoutControlFramesThoseOfTheUserAreRefused(t *testing.T) {
	c, peer := clientAndPeer(t, stream.MessagesOnly())
	for name, call := range map[string]func(context.Context) error{
		"Ping":  func(ctx context.Context) error { return c.Ping(ctx, []byte("x")) },
		"Pong":  func(ctx context.Context) error { return c.Pong(ctx, nil) },
		"Probe": func(ctx context.Context) error { _, err := c.Probe(ctx); return err },
	} {
		if err := call(bg(t)); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var argument *stream.ArgumentError
	if err := c.SetMasking(frame.NoMask); !errors.As(err, &argument) {
		t.Errorf("SetMasking: %v", err)
	}
	if err := c.WriteText(bg(t), "goes on"); err != nil {
		t.Fatal(err)
	}
	peer.Want(true, opcode.Text, "goes on")
}
