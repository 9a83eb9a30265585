package stream_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// As long as it is not decided whether a message is compressed, nothing of it may leave.
func TestNothingLeavesBelowTheThreshold(t *testing.T) {
	tests := []struct {
		name      string
		threshold int
		fragment  int
		size      int // of the message
		piece     int // of a write
		flush     bool
	}{
		{"fragments below the threshold", 256, 100, 600, 200, false},
		{"flushed below the threshold", 256, 100, 200, 200, true},
		{"a threshold above the largest buffer", 1 << 20, 1 << 20, 300_000, 150_000, false},
		{"all at once above the largest buffer", 1 << 20, 1 << 20, 300_000, 300_000, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := wstest.TCP(t)
			client := openDeflate(t, a, false, stream.Standard, stream.Deflate{}, stream.FragmentSize(tt.fragment),
				stream.Compression(stream.CompressionConfig{Threshold: tt.threshold}))
			server := openDeflate(t, b, true, stream.Standard, stream.Deflate{})
			want := strings.Repeat("0123456789", tt.size/10)
			written := make(chan error, 1)
			go func() {
				w, err := client.NewWriter(context.Background(), opcode.Binary)
				for n := 0; n < len(want) && err == nil; n += tt.piece {
					if _, err = io.WriteString(w, want[n:n+tt.piece]); err == nil && tt.flush {
						err = w.Flush()
					}
				}
				if err == nil {
					err = w.Close()
				}
				written <- err
			}()
			if got := receiveAll(t, server); got != want {
				t.Errorf("got %d bytes, want %d", len(got), len(want))
			}
			if err := <-written; err != nil {
				t.Error(err)
			}
		})
	}
}
