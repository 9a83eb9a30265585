package stream_test

import (
	"context"
	"testing"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// Shutdown throws away what comes while nobody receives. A message that is cut short then was one of nobody.
func TestAMessageThatShutdownHasTakenIsNotCutShortForAReceiver(t *testing.T) {
	for _, mode := range []stream.Mode[stream.Message]{stream.Simple, stream.Lite} {
		a, b := wstest.TCP(t)
		c, err := stream.New(a, stream.Handshake{Server: true}, mode)
		if err != nil {
			t.Fatal(err)
		}
		peer := wstest.NewPeer(t, b, false)
		ended := make(chan error, 1)
		go func() { ended <- c.Shutdown(bg(t), closecode.NormalClosure, "") }()
		peer.WantClose(closecode.NormalClosure)
		whole := peer.Frame(true, opcode.Binary, "never whole")
		peer.Send(whole[:len(whole)-3])
		peer.Close()
		if err := <-ended; err == nil {
			t.Error("Shutdown has heard no close frame")
		}
		for range 2 {
			if _, err := c.Receive(context.Background()); err == nil || err != c.Err() {
				t.Errorf("Receive: %v, want %v", err, c.Err())
			}
		}
	}
}
