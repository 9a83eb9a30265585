package stream_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A peer that has sent what cannot be text is told so at once, and not when it has sent the rest.
func TestTextFailsAtOnceInLite(t *testing.T) {
	for _, length := range []int64{1000, 100 << 10} {
		synctest.Test(t, func(t *testing.T) {
			a, b := net.Pipe()
			defer a.Close()
			c, err := stream.New(b, stream.Handshake{Server: true}, stream.Lite, stream.IdleTimeout(0))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Abort()
			peer := wstest.NewPeer(t, a, false)
			done := make(chan struct{})
			go func() {
				defer close(done)
				peer.Send(peer.FrameOf(frame.Header{Fin: true, Opcode: opcode.Text, Length: length}, strings.Repeat("x", 10)+"\xff"))
				peer.WantClose(closecode.InvalidPayload)
			}()
			ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
			defer cancel()
			var broken *stream.ProtocolError
			if _, err := c.Receive(ctx); !errors.As(err, &broken) || broken.Code != closecode.InvalidPayload {
				t.Errorf("%d bytes: %v", length, err)
			}
			a.Close()
			<-done
		})
	}
}
