package stream_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A message that fills its memory to the last byte is at its end: the memory does not grow once more to find that out.
func TestTheMemoryOfAnInflatedMessageDoesNotGrowForItsEnd(t *testing.T) {
	for _, size := range []int{512, 64 << 10, 1 << 20} {
		payload := compressed(t, strings.Repeat("x", size))
		for name, receive := range map[string]func(*testing.T) ([]byte, error){
			"Bytes": func(t *testing.T) ([]byte, error) {
				c, peer := deflatePeer(t)
				sendCompressed(peer, true, opcode.Text, payload)
				r, err := c.Receive(bg(t))
				if err != nil {
					return nil, err
				}
				return r.Bytes()
			},
			"Simple": func(t *testing.T) ([]byte, error) {
				a, b := wstest.TCP(t)
				c := openDeflate(t, b, true, stream.Simple, stream.Deflate{})
				sendCompressed(wstest.NewPeer(t, a, false), true, opcode.Text, payload)
				m, err := c.Receive(context.Background())
				return m.Data, err
			},
		} {
			t.Run(fmt.Sprintf("%s of %d", name, size), func(t *testing.T) {
				p, err := receive(t)
				if len(p) != size || err != nil {
					t.Fatalf("got %d bytes of %d, %v", len(p), size, err)
				}
				if cap(p) >= 2*size { // it grows to twice its size at most, before the end
					t.Errorf("%d bytes stand in memory for %d", len(p), cap(p))
				}
			})
		}
	}
}
