package frame_test

import (
	"fmt"
	"testing"

	"github.com/litert/websocket/frame"
)

func TestMaskings(t *testing.T) {
	tests := []struct {
		masking frame.Masking
		name    string
		masked  bool
	}{
		{frame.Masking{}, "random", true},
		{frame.RandomMask, "random", true},
		{frame.NoMask, "none", false},
		{frame.FixedMask(key), "fixed(37fa213d)", true},
		{frame.FixedMask(frame.Key{}), "fixed(00000000)", true},
	}
	for _, tt := range tests {
		k, masked := tt.masking.Next()
		if tt.masking.String() != tt.name || masked != tt.masked {
			t.Errorf("%v, %v; want %s, %v", tt.masking, masked, tt.name, tt.masked)
		}
		if tt.name == "fixed(37fa213d)" && k != key || tt.name == "none" && k != (frame.Key{}) {
			t.Errorf("%v: key %x", tt.masking, k)
		}
	}
	if frame.FixedMask(frame.Key{}) == frame.NoMask || frame.RandomMask != (frame.Masking{}) {
		t.Error("maskings compare wrongly")
	}
}

// RFC 6455, section 5.3: keys are not to be predicted, so surely not to be repeated.
func TestRandomKeysDiffer(t *testing.T) {
	const n = 20000 // 0.05 repetitions are to be expected among as many of 2^32
	keys := make(chan frame.Key, n)
	for range 4 {
		go func() {
			for range n / 4 {
				k, _ := frame.RandomMask.Next()
				keys <- k
			}
		}()
	}
	seen := make(map[frame.Key]bool)
	for range n {
		seen[<-keys] = true
	}
	if len(seen) < n-5 {
		t.Errorf("%d different keys of %d", len(seen), n)
	}
}

func BenchmarkNext(b *testing.B) {
	for b.Loop() {
		frame.RandomMask.Next()
	}
}

func ExampleMasking() {
	for _, m := range []frame.Masking{{}, frame.NoMask, frame.FixedMask(frame.Key{})} {
		_, masked := m.Next()
		fmt.Println(m, masked)
	}
	// Output:
	// random true
	// none false
	// fixed(00000000) true
}
