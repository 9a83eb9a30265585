package frame_test

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"math"
	"testing"

	"github.com/litert/websocket/frame"
)

// maskSlowly is what RFC 6455, section 5.3 says, byte by byte.
func maskSlowly(p []byte, key frame.Key, pos int64) {
	for i := range p {
		p[i] ^= key[(uint64(pos)+uint64(i))%4]
	}
}

func TestMaskIsWhatTheRFCSays(t *testing.T) {
	whole := make([]byte, 5000)
	rand.Read(whole)
	for _, n := range []int{0, 1, 2, 3, 4, 7, 8, 9, 31, 32, 33, 63, 125, 1023, 2047, 2048, 2049, 3072, 4095, 4999} {
		for pos := range int64(9) {
			for start := range 2 {
				got := bytes.Clone(whole[:n])
				want := bytes.Clone(got)
				maskSlowly(want[min(start, n):], key, pos)
				frame.Mask(got[min(start, n):], key, pos)
				if !bytes.Equal(got, want) {
					t.Fatalf("%d bytes at %d: wrong", n, pos)
				}
			}
		}
	}
}

func TestMaskLeavesItsSurroundingsAlone(t *testing.T) {
	b := make([]byte, 4100)
	frame.Mask(b[10:4090], key, 3)
	if !bytes.Equal(b[:10], make([]byte, 10)) || !bytes.Equal(b[4090:], make([]byte, 10)) {
		t.Error("bytes outside were changed")
	}
}

func TestMaskDoesNotAllocate(t *testing.T) {
	b := make([]byte, 8192)
	if n := testing.AllocsPerRun(100, func() {
		frame.Mask(b, key, 1)
		frame.Mask(b[:100], key, 1)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzMask(f *testing.F) {
	f.Add([]byte("Hello"), uint32(0x37fa213d), int64(0), 2)
	f.Add(make([]byte, 3000), uint32(1), int64(math.MaxInt64-4000), 2100)
	f.Fuzz(func(t *testing.T, p []byte, k uint32, pos int64, split int) {
		if pos < 0 || pos > math.MaxInt64-int64(len(p)) || split < 0 || split > len(p) {
			return
		}
		key := frame.Key{byte(k >> 24), byte(k >> 16), byte(k >> 8), byte(k)}
		want := bytes.Clone(p)
		maskSlowly(want, key, pos)
		got := bytes.Clone(p)
		frame.Mask(got[:split], key, pos)
		frame.Mask(got[split:], key, pos+int64(split))
		if !bytes.Equal(got, want) {
			t.Fatalf("%d bytes at %d, split at %d: wrong", len(p), pos, split)
		}
	})
}

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

func BenchmarkMask(b *testing.B) {
	ways := []struct {
		name string
		mask func([]byte, frame.Key, int64)
	}{
		{"Mask", frame.Mask},
		{"blocks", maskInBlocks},
		{"bytes", maskSlowly},
	}
	for _, n := range []int{16, 64, 512, 1 << 10, 2 << 10, 4 << 10, 16 << 10, 256 << 10} {
		for _, way := range ways {
			b.Run(fmt.Sprintf("%d/%s", n, way.name), func(b *testing.B) {
				p := make([]byte, n)
				b.SetBytes(int64(n))
				for b.Loop() {
					way.mask(p, key, 1)
				}
			})
		}
	}
}

// maskInBlocks is the way that Mask does not go.
func maskInBlocks(p []byte, key frame.Key, pos int64) {
	var block [1024]byte
	frame.Mask(block[:], key, pos)
	for len(p) > 0 {
		n := subtle.XORBytes(p, p, block[:min(len(p), len(block))])
		p = p[n:]
	}
}
