package stream_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/litert/websocket/internal/census"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A wait that has to hold a buffer holds a small one, also behind a message that was read into large ones.
func TestAWaitBehindALargeMessageHoldsNoLargeBuffer(t *testing.T) {
	const conns = 16
	ended := make(chan struct{}, conns)
	var open []*conn
	var peers []*wstest.Peer
	for range conns {
		far, near := wstest.TLS(t)
		c, err := stream.New(near, stream.Handshake{Server: true}, stream.Standard)
		if err != nil {
			t.Fatal(err)
		}
		open, peers = append(open, c), append(peers, wstest.NewPeer(t, far, false))
	}
	before := census.Take().Heap
	for i, c := range open {
		go peers[i].SendFrame(true, opcode.Binary, string(make([]byte, 1<<20)))
		r, err := c.Receive(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if n, err := r.WriteTo(io.Discard); n != 1<<20 || err != nil {
			t.Fatalf("%d bytes, %v", n, err)
		}
		go func() {
			c.Receive(context.Background())
			ended <- struct{}{}
		}()
	}
	time.Sleep(50 * time.Millisecond) // the last one waits; if not, it holds less
	if each := (int64(census.Take().Heap) - int64(before)) / conns; each > 64<<10 {
		t.Errorf("a connection that waits takes %d bytes more", each)
	}
	for _, c := range open {
		c.Abort()
		<-ended
	}
}
