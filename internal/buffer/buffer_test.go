package buffer_test

import (
	"testing"

	"github.com/litert/websocket/internal/buffer"
)

func TestABufferIsAsLargeAsWanted(t *testing.T) {
	for _, tt := range []struct{ n, want int }{
		{0, buffer.Small}, {buffer.Small, buffer.Small},
		{buffer.Small + 1, buffer.Medium}, {buffer.Medium, buffer.Medium},
		{buffer.Medium + 1, buffer.Large}, {buffer.Large, buffer.Large}, {buffer.Large + 1, buffer.Large},
	} {
		b := buffer.Take(tt.n)
		if len(b) != tt.want || cap(b) != tt.want {
			t.Errorf("Take(%d): %d of %d bytes, want %d", tt.n, len(b), cap(b), tt.want)
		}
		buffer.Give(b[:0])
	}
}

func TestOnlyBuffersOfThePoolsAreTakenBack(t *testing.T) {
	buffer.Give(nil)
	buffer.Give(make([]byte, 100))
	if b := buffer.Take(1); len(b) != buffer.Small {
		t.Errorf("%d bytes", len(b))
	}
}
