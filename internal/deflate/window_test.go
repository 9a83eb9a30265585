package deflate_test

import (
	"math/rand/v2"
	"testing"

	"github.com/litert/websocket/internal/deflate"
)

func TestAWindowKeepsTheLastBytes(t *testing.T) {
	for _, size := range []int{0, 1, 256, 1 << 15} {
		w := deflate.NewWindow(size)
		if w.Size() != size || len(w.Bytes()) != 0 {
			t.Errorf("a new one of %d: size %d, %d bytes", size, w.Size(), len(w.Bytes()))
		}
		r := rand.New(rand.NewPCG(1, uint64(size)))
		for at := 0; at < 300_000; {
			p := []byte(noise[at : at+r.IntN(1+r.IntN(2*size+10))])
			w.Add(p)
			at += len(p)
			clear(p)
			if string(w.Bytes()) != noise[max(0, at-size):at] {
				t.Fatalf("size %d, %d bytes up to %d: wrong", size, len(p), at)
			}
		}
	}
	w := deflate.NewWindow(10)
	w.Add([]byte("abcdef"))
	if w.Reset(4); w.Size() != 4 || len(w.Bytes()) != 0 {
		t.Errorf("after Reset: size %d, %q", w.Size(), w.Bytes())
	}
	if w.Add([]byte("abcdef")); string(w.Bytes()) != "cdef" {
		t.Errorf("after Reset and Add: %q", w.Bytes())
	}
	var zero deflate.Window
	if zero.Add([]byte("abc")); zero.Size() != 0 || len(zero.Bytes()) != 0 {
		t.Error("the zero Window keeps something")
	}
}

func TestAWindowTakesNoMoreMemoryThanItMay(t *testing.T) {
	w := deflate.NewWindow(1 << 15)
	for range 1000 {
		w.Add([]byte(noise[:777]))
	}
	w.Add([]byte(noise))
	if n := cap(w.Bytes()); n > 40<<10 {
		t.Errorf("%d bytes", n)
	}
}
