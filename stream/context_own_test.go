package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// ownErrors are errors that a context of another package may end with.
var ownErrors = map[string]error{
	"of its own":         errors.New("the request is over"),
	"a wrapped Canceled": fmt.Errorf("the request is over: %w", context.Canceled),
	"io.EOF":             io.EOF,
}

// eachOwnContext calls test with contexts that end soon, for each way to receive, role, and with and without compression.
func eachOwnContext(t *testing.T, test func(t *testing.T, how receiver, server bool, d *stream.Deflate, soon func() context.Context)) {
	for name, err := range ownErrors {
		for _, how := range waysToReceive {
			for _, server := range []bool{true, false} {
				for _, d := range []*stream.Deflate{nil, {}} {
					if !how.takes(bounds) || d != nil && !how.takes(compression) {
						continue
					}
					t.Run(fmt.Sprintf("%s, %s, server %v, compressed %v", name, how.name, server, d != nil), func(t *testing.T) {
						t.Parallel()
						test(t, how, server, d, func() context.Context { return endedContext{brief(t), err} })
					})
				}
			}
		}
	}
}

// receiveInTime receives with ctx, and does not wait for long.
func receiveInTime(t *testing.T, end *receiving, ctx context.Context) (p []byte, err error) {
	t.Helper()
	within(t, "Receive", func() { end.Abort() }, func() { p, err = end.receive(ctx) })
	return p, err
}

func TestAContextWithAnErrorOfItsOwnLosesNothing(t *testing.T) {
	t.Parallel()
	eachOwnContext(t, func(t *testing.T, how receiver, server bool, d *stream.Deflate, soon func() context.Context) {
		if how.name == "Decode" || strings.HasPrefix(how.name, "Standard") {
			return // it discards what it has begun, or is not bounded
		}
		end, peer := how.openAt(t, server, d)
		whole := part(t, peer, d != nil, true, opcode.Text, lastWords)
		if how.takes(fragments) && how.name != "Frames" {
			whole = append(part(t, peer, d != nil, false, opcode.Text, lastWords[:10]), part(t, peer, d != nil, true, opcode.Continuation, lastWords[10:])...)
		}
		sent := 0
		for _, at := range []int{0, 1, 8, len(whole) / 2, len(whole) - 1} {
			peer.Send(whole[sent:at])
			sent = at
			ctx := soon()
			if p, err := receiveInTime(t, end, ctx); err != ctx.(endedContext).err {
				t.Fatalf("%d of %d bytes have come: %q, %v", at, len(whole), p, err)
			}
		}
		peer.Send(whole[sent:])
		wantNext(t, how.name, end.receive, lastWords)
	})
}

// What is left of a message is discarded within the context of the next Receive.
func TestAContextWithAnErrorOfItsOwnLeavesDiscardingToTheNext(t *testing.T) {
	eachOwnContext(t, func(t *testing.T, how receiver, server bool, d *stream.Deflate, soon func() context.Context) {
		if how.name != "Decode" && how.name != "Standard, Read" {
			return
		}
		a, b := wstest.TCP(t)
		hs := stream.Handshake{Server: server, Deflate: d}
		peer := wstest.NewPeer(t, b, !server)
		peer.Send(part(t, peer, d != nil, false, opcode.Text, lastWords))
		var receive func(context.Context) ([]byte, error)
		var abort func() error
		if how.name == "Decode" {
			c := openWith(t, a, hs, stream.Decode((*stream.Reader).Bytes), nil)
			receive, abort = c.Receive, c.Abort
		} else {
			c := openWith(t, a, hs, stream.Standard, nil)
			if _, err := c.Receive(bg(t)); err != nil {
				t.Fatal(err)
			}
			receive, abort = receiveText(c), c.Abort
		}
		for range 3 {
			ctx := soon()
			within(t, "Receive", func() { abort() }, func() {
				if p, err := receive(ctx); err != ctx.(endedContext).err {
					t.Errorf("Receive: %q, %v", p, err)
				}
			})
		}
		peer.Send(part(t, peer, d != nil, true, opcode.Continuation, "and more"), part(t, peer, d != nil, true, opcode.Text, "the next"))
		wantNext(t, how.name, receive, "the next")
	})
}
