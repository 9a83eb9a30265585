package stream_test

import (
	"context"
	"strings"
	"testing"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// The part that a Receive has looked at, and left where it is, is thrown away with the rest.
func TestShutdownDiscardsAMessageOfWhichLiteHasSeenAPart(t *testing.T) {
	for _, size := range []int{10, 10_000} {
		c, peer := openMode(t, stream.Lite)
		sent := peer.Frame(true, opcode.Text, strings.Repeat("x", size))
		peer.Send(sent[:len(sent)-3])
		for range 2 {
			if _, err := c.Receive(brief(t)); err != context.DeadlineExceeded {
				t.Fatalf("Receive: %v", err)
			}
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			peer.WantClose(closecode.NormalClosure)
			peer.Send(sent[len(sent)-3:], peer.Frame(true, opcode.Text, "another"))
			peer.SendClose(closecode.GoingAway, "")
		}()
		if err := c.Shutdown(bg(t), closecode.NormalClosure, ""); err != nil {
			t.Errorf("%d bytes: Shutdown: %v", size, err)
		}
		if code := stream.CloseCode(c.Err()); code != closecode.GoingAway {
			t.Errorf("%d bytes: the end is %v", size, c.Err())
		}
		<-done
	}
}
