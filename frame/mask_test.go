package frame_test

import (
	"bytes"
	"crypto/rand"
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
	whole := make([]byte, 70000)
	rand.Read(whole)
	lengths := []int{
		0, 1, 2, 3, 4, 7, 8, 9, 31, 32, 33, 63, 125, 1023, 2047, 2048, 2049, 3072, 4095, 4999,
		1<<14 - 1, 1 << 14, 1<<14 + 1, 1<<15 - 1, 1 << 15, 1<<15 + 1, 69999,
	}
	for _, n := range lengths {
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

func TestMaskKeepsToItsBytesWhereverTheyStand(t *testing.T) {
	for _, n := range []int{4080, 20000} {
		for start := range 70 {
			b := make([]byte, n+100)
			frame.Mask(b[start:start+n], key, 3)
			before, behind := b[:start], b[start+n:]
			if !bytes.Equal(before, make([]byte, len(before))) || !bytes.Equal(behind, make([]byte, len(behind))) {
				t.Errorf("%d bytes from %d on: bytes outside were changed", n, start)
			}
			want := make([]byte, n)
			maskSlowly(want, key, 3)
			if !bytes.Equal(b[start:start+n], want) {
				t.Errorf("%d bytes from %d on: wrong", n, start)
			}
		}
	}
}

func TestMaskDoesNotAllocate(t *testing.T) {
	b := make([]byte, 80000)
	if n := testing.AllocsPerRun(100, func() {
		frame.Mask(b, key, 1)
		frame.Mask(b[:100], key, 1)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A payload is masked alike in one piece and in two, wherever it begins.
func FuzzMask(f *testing.F) {
	f.Add([]byte("Hello"), uint32(0x37fa213d), int64(0), uint(2))
	f.Add(make([]byte, 9000), uint32(1), int64(math.MaxInt64-5), uint(4099))
	f.Add(make([]byte, 40000), uint32(0x01020304), int64(3), uint(35001))
	f.Add(make([]byte, 40), uint32(0), int64(1)<<32+3, uint(40))
	f.Fuzz(func(t *testing.T, p []byte, k uint32, pos int64, split uint) {
		pos &= math.MaxInt64
		split %= uint(len(p)) + 1
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

var benchmarkSizes = []int{16, 125, 512, 1 << 10, 2 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20}

func BenchmarkMask(b *testing.B) {
	ways := []struct {
		name string
		mask func([]byte, frame.Key, int64)
	}{
		{"Mask", frame.Mask},
		{"bytes", maskSlowly},
	}
	for _, n := range benchmarkSizes {
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
