package stream_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/stream"
)

// A goroutine begins with a stack of 2 KiB. One that waits for a message is to get along with that: it is most of the
// memory of an idle connection.
func TestAReceiverThatWaitsHasASmallStack(t *testing.T) {
	if raceEnabled || runtime.GOARCH != "amd64" {
		t.Skip("frames are larger with the race detector, and have other sizes elsewhere")
	}
	done := make(chan struct{})
	nothing := wstest.StackOf(func(int) { <-done }, func(int) { done <- struct{}{} })
	t.Run("Standard", func(t *testing.T) { wantSmallStack(t, stream.Standard, nothing) })
	t.Run("Simple", func(t *testing.T) { wantSmallStack(t, stream.Simple, nothing) })
	t.Run("Lite", func(t *testing.T) { wantSmallStack(t, stream.Lite, nothing) })
	t.Run("Frames", func(t *testing.T) { wantSmallStack(t, stream.Frames, nothing) })
}

func wantSmallStack[M any](t *testing.T, mode stream.Mode[M], nothing int) {
	conns := make([]*stream.Conn[M], wstest.Stacked)
	for i := range conns {
		a, b := wstest.TCP(t)
		t.Cleanup(func() { b.Close() })
		c, err := stream.New(a, stream.Handshake{}, mode)
		if err != nil {
			t.Fatal(err)
		}
		conns[i] = c
	}
	each := wstest.StackOf(func(i int) { receiveWithin(conns[i]) }, func(i int) { conns[i].Abort() })
	if each > nothing+1024 {
		t.Errorf("%d bytes, and %d of a goroutine that does nothing", each, nothing)
	}
}

// receiveWithin receives where the program itself has taken a part of the stack.
//
//go:noinline
func receiveWithin[M any](c *stream.Conn[M]) (taken [128]byte) {
	taken[0] = byte(c.MaxMessageSize())
	c.Receive(context.Background())
	return taken
}
