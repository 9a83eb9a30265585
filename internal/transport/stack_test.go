package transport_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/litert/websocket/internal/buffer"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/internal/wstest"
)

// A goroutine begins with a stack of 2 KiB. One that waits without a buffer is to get along with that: it is most of the
// memory of an idle connection.
func TestAwaitHasASmallStack(t *testing.T) {
	if raceEnabled || runtime.GOARCH != "amd64" {
		t.Skip("frames are larger with the race detector, and have other sizes elsewhere")
	}
	done := make(chan struct{})
	nothing := wstest.StackOf(func(int) { <-done }, func(int) { done <- struct{}{} })
	for _, tt := range []struct {
		tr         wstest.Transport
		goroutines int
	}{{wstest.Transports[0], 1}, {wstest.Transports[4], 2}} {
		for _, cfg := range []transport.Config{{}, {Idle: time.Hour, Patience: time.Hour}} {
			conns := make([]*transport.Conn, wstest.Stacked)
			for i := range conns {
				conns[i], _ = pair(t, tt.tr, cfg)
			}
			each := wstest.StackOf(func(i int) { awaitWithin(conns[i]) }, func(i int) { conns[i].Cut() })
			if each > tt.goroutines*max(nothing, 2<<10)+1024 {
				t.Errorf("%s, %v: %d bytes, and %d of a goroutine that does nothing", tt.tr.Name, cfg, each, nothing)
			}
		}
	}
}

// awaitWithin waits where its callers have taken a part of the stack: the program some, and the engine some.
//
//go:noinline
func awaitWithin(c *transport.Conn) (taken [320]byte) {
	taken[0] = byte(c.Moved())
	c.Await(background, buffer.Small)
	return taken
}
