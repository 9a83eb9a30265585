package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// timeouts are what Trace.Timeout is told of.
var timeouts = []struct {
	option stream.Option
	err    error
}{
	{stream.IdleTimeout(30 * time.Millisecond), stream.ErrIdleTimeout},
	{stream.KeepAlive(30 * time.Millisecond), stream.ErrNoPong},
}

// A Timeout that panics has not ended the connection: the next wait is timed again.
func TestATimeoutHookThatPanicsLeavesTheNextReceiveItsTimeout(t *testing.T) {
	t.Parallel()
	for _, timeout := range timeouts {
		for _, how := range waysToReceive {
			for _, server := range []bool{true, false} {
				t.Run(fmt.Sprintf("%v, %s, server %v", timeout.err, how.name, server), func(t *testing.T) {
					t.Parallel()
					var f fuse
					end, peer := how.openAt(t, server, nil, f.trace("Timeout"), timeout.option)
					defer peer.Close()
					f.lit.Store(true)
					receive := func() error { _, err := end.receive(bg(t)); return err }
					if !wantHookPanic(t, "Receive", func() { end.Abort() }, receive) {
						return
					}
					within(t, "Receive again", func() { end.Abort() }, func() {
						if _, err := end.receive(bg(t)); !errors.Is(err, timeout.err) {
							t.Errorf("Receive again: %v, want %v", err, timeout.err)
						}
					})
				})
			}
		}
	}
}

func TestATimeoutHookThatPanicsWithinAReaderLeavesItUsable(t *testing.T) {
	t.Parallel()
	for _, timeout := range timeouts {
		for _, d := range []*stream.Deflate{nil, {}} {
			for _, how := range readings {
				t.Run(fmt.Sprintf("%v, %s, compressed %v", timeout.err, how.name, d != nil), func(t *testing.T) {
					t.Parallel()
					var f fuse
					a, b := wstest.TCP(t)
					c := openWith(t, a, stream.Handshake{Server: true, Deflate: d}, stream.Standard, []stream.Option{f.trace("Timeout"), timeout.option})
					peer := wstest.NewPeer(t, b, false)
					defer peer.Close()
					peer.Send(part(t, peer, d != nil, false, opcode.Text, lastWords))
					r, err := c.Receive(bg(t))
					if err != nil {
						t.Fatal(err)
					}
					readLastWords(t, r)
					f.lit.Store(true)
					if !wantHookPanic(t, how.name, func() { c.Abort() }, func() error { _, err := how.read(r); return err }) {
						return
					}
					c.SetIdleTimeout(0)
					peer.Send(part(t, peer, d != nil, true, opcode.Continuation, "and more"))
					within(t, how.name+" again", func() { c.Abort() }, func() {
						if p, err := how.read(r); string(p) != "and more" || err != nil {
							t.Errorf("%s again: %q, %v", how.name, p, err)
						}
					})
				})
			}
		}
	}
}

// A hook may be called by Shutdown, whose caller recovers. What it has read for is left to the next receiver.
func TestAHookThatPanicsWithinShutdownLeavesReceivingToOthers(t *testing.T) {
	t.Parallel()
	for _, how := range waysToReceive {
		if !how.takes(bounds) {
			continue
		}
		t.Run(how.name, func(t *testing.T) {
			t.Parallel()
			var f fuse
			trace := stream.WithTrace(&stream.Trace{FrameReceived: func(h frame.Header) { f.blow() }})
			end, peer := how.openAt(t, true, nil, stream.CloseTimeout(4*patient), trace)
			f.lit.Store(true)
			time.AfterFunc(200*time.Millisecond, func() { peer.SendFrame(true, opcode.Pong, "") })
			shutdown := func() error { return end.Shutdown(bg(t), closecode.NormalClosure, "") }
			if !wantHookPanic(t, "Shutdown", func() { end.Abort() }, shutdown) {
				return
			}
			peer.SendClose(closecode.NormalClosure, "")
			ctx, cancel := context.WithTimeout(context.Background(), patient)
			defer cancel()
			if _, err := end.receive(ctx); !errors.Is(err, io.EOF) {
				t.Errorf("Receive: %v", err)
			}
			peer.Close()
		})
	}
}
