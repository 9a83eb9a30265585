package stream_test

import (
	"context"
	"io"
	"testing"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A prepared message is compressed once for all connections whose deflaters are alike, whatever went before in them.
func TestAPreparedMessageIsCompressedOnce(t *testing.T) {
	p, err := stream.Prepare(opcode.Text, []byte(prose[:5000]))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		deflate   stream.Deflate
		level     int
		encodings int // after it
	}{
		{stream.Deflate{}, 1, 1},
		{stream.Deflate{}, 0, 1}, // which is 1
		{stream.Deflate{ServerNoContextTakeover: true, ClientMaxWindowBits: 9}, 1, 1}, // the window is the client's
		{stream.Deflate{}, 9, 2},
		{stream.Deflate{ServerMaxWindowBits: 10}, 1, 3},
		{stream.Deflate{ServerMaxWindowBits: 10}, 9, 3}, // where levels are all the same
		{stream.Deflate{ServerMaxWindowBits: 8}, 1, 4},
		{stream.Deflate{}, 1, 4},
	}
	payloads := make([]string, len(tests))
	for i, tt := range tests {
		a, b := wstest.TCP(t)
		c := openDeflate(t, b, true, stream.Standard, tt.deflate, stream.Compression(stream.CompressionConfig{Level: tt.level, Threshold: 1000}))
		peer := wstest.NewPeer(t, a, false)
		if i%2 == 1 { // something that would help
			c.WriteText(bg(t), prose[:2000])
			peer.Receive()
		}
		if err := c.WritePrepared(bg(t), p); err != nil {
			t.Fatal(err)
		}
		f, h, err := peer.Receive()
		if err != nil || !h.Fin || !h.RSV1 || h.Opcode != opcode.Text {
			t.Fatalf("%d: %+v, %v", i, h, err)
		}
		if got := inflateAll(t, f.Payload); got != prose[:5000] {
			t.Errorf("%d: %d bytes", i, len(got))
		}
		if n := stream.Encodings(p); n != tt.encodings {
			t.Errorf("%d: compressed %d times, want %d", i, n, tt.encodings)
		}
		payloads[i] = f.Payload
	}
	for _, same := range [][2]int{{0, 1}, {0, 2}, {0, 7}, {4, 5}} {
		if payloads[same[0]] != payloads[same[1]] {
			t.Errorf("the payloads of %d and %d differ", same[0], same[1])
		}
	}
	for _, others := range [][2]int{{0, 3}, {0, 4}, {4, 6}} {
		if payloads[others[0]] == payloads[others[1]] {
			t.Errorf("the payloads of %d and %d are the same", others[0], others[1])
		}
	}
}

func TestAPreparedMessageIsSentAgainWithoutAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	p, err := stream.Prepare(opcode.Text, []byte(prose[:5000]))
	if err != nil {
		t.Fatal(err)
	}
	for _, hs := range []stream.Handshake{{Server: true, Deflate: &stream.Deflate{}}, {Deflate: &stream.Deflate{}}} {
		a, b := wstest.TCP(t)
		go io.Copy(io.Discard, b)
		c := openDeflate(t, a, hs.Server, stream.Standard, *hs.Deflate)
		for range 10 { // the window fills
			c.WritePrepared(bg(t), p)
		}
		wantNoAllocation(t, "WritePrepared", hs, func() error { return c.WritePrepared(context.Background(), p) })
	}
}
