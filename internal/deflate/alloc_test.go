package deflate_test

import (
	"testing"

	"github.com/litert/websocket/internal/deflate"
)

func TestASmallMessageDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates, and pools drop what they keep")
	}
	text, p := []byte(prose[:1000]), make([]byte, 2000)
	payload := []byte(compressed(prose[:1000]))
	for _, size := range []int{0, 1 << deflate.MaxWindowBits} {
		w := deflate.NewWindow(size)
		for range 100 {
			w.Add(text) // its memory is there
		}
		for name, do := range map[string]func(){
			"deflated": func() {
				d := deflate.KindOf(1, deflate.MaxWindowBits).Borrow(w.Bytes())
				d.Add(text)
				d.Finish()
				d.GiveBack()
			},
			"inflated": func() {
				z := deflate.InflateBytes(1, &w, payload)
				if n, err := z.Read(p); n != len(text) || err != nil || !z.Done() {
					t.Errorf("got %d bytes, %v, done %v", n, err, z.Done())
				}
				z.Release()
			},
		} {
			var n float64
			for range 5 { // the garbage collector may empty the pools
				if n = testing.AllocsPerRun(100, do); n == 0 {
					break
				}
			}
			if n != 0 {
				t.Errorf("%s, window of %d: %v allocations", name, size, n)
			}
		}
	}
}

// An Inflater whose payload comes piece by piece has a coroutine, whatever the number of pieces.
func TestPiecesDoNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates, and pools drop what they keep")
	}
	p := make([]byte, 2000)
	payload := []byte(compressed(prose[:100_000]))
	if n := testing.AllocsPerRun(100, func() {
		z := deflate.Inflate(1, new(deflate.Window), &slicer{rest: payload, n: 100})
		for !z.Done() {
			if _, err := z.Read(p); err != nil {
				t.Fatal(err)
			}
		}
		z.Release()
	}); n > 10 {
		t.Errorf("%v allocations", n)
	}
}
