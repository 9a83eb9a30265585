package deflate_test

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/litert/websocket/internal/deflate"
)

const tail = "\x00\x00\xff\xff"

// standard returns what the standard library makes of a payload without context.
func standard(t testing.TB, payload string) string {
	t.Helper()
	p, err := io.ReadAll(flate.NewReader(strings.NewReader(payload + tail + "\x01\x00\x00\xff\xff")))
	if err != nil {
		t.Errorf("inflating %.20q: %v", payload, err)
	}
	return string(p)
}

// take takes all of p, which is out or begins it.
func take(d *deflate.Deflater, p []byte) string {
	s := string(p)
	d.Take(len(p))
	return s
}

// RFC 7692, section 7.2.3.6: an empty message is one empty block. What is flushed before has one with its length.
func TestWhatAMessageOfNothingLooksLike(t *testing.T) {
	d := deflate.KindOf(1, 15).Borrow(nil)
	if got := d.Finish(); string(got) != "\x00" {
		t.Errorf("Finish: %q", got)
	}
	d.GiveBack()

	d = deflate.KindOf(1, 15).Borrow(nil)
	defer d.GiveBack()
	if len(d.Out()) != 0 {
		t.Errorf("at first: %q", d.Out())
	}
	d.Flush()
	d.Add(nil)
	d.Flush()
	if got := take(d, d.Out()); got != "\x00"+tail {
		t.Errorf("Flush: %q", got)
	}
	d.Flush()
	if got := d.Out(); len(got) != 0 {
		t.Errorf("Flush again: %q", got)
	}
	if got := d.Finish(); string(got) != "\x00" {
		t.Errorf("Finish: %q", got)
	}
}

func TestFlushBringsAllThatWasAdded(t *testing.T) {
	d := deflate.KindOf(1, 15).Borrow(nil)
	defer d.GiveBack()
	d.Add([]byte(prose[:50]))
	d.Flush()
	first := take(d, d.Out())
	if got := standard(t, strings.TrimSuffix(first, tail)); got != prose[:50] || !strings.HasSuffix(first, tail) {
		t.Errorf("after Flush: %q is %q", first, got)
	}
	d.Add([]byte(prose[50:80]))
	if got := standard(t, first+string(d.Finish())); got != prose[:80] {
		t.Errorf("whole: %q", got)
	}
}

// A holder that could not send all of it comes back with Flush or Finish, in any order, or adds more.
func TestFinishMayBeCalledAgain(t *testing.T) {
	d := deflate.KindOf(1, 15).Borrow(nil)
	defer d.GiveBack()
	d.Add([]byte(prose[:1000]))
	whole := string(d.Finish())
	if got := string(d.Finish()); got != whole {
		t.Errorf("again: %q, want %q", got, whole)
	}
	d.Take(10)
	if got := string(d.Finish()); got != whole[10:] {
		t.Errorf("behind 10 bytes: %q, want %q", got, whole[10:])
	}
	d.Take(len(whole) - 10)
	if got := d.Finish(); len(got) != 0 || string(d.Out()) != tail {
		t.Errorf("at the end: %q, out %q", got, d.Out())
	}
	d.Flush() // does nothing
	if got := take(d, d.Out()); got != tail {
		t.Errorf("flushed: %q", got)
	}
	d.Add([]byte(prose[1000:1100]))
	if got := standard(t, whole+tail+string(d.Finish())); got != prose[:1100] {
		t.Error("what was added behind Finish is lost")
	}
}

// What of the tail was taken cannot be left out.
func TestFinishBehindAFlushOfWhichSomeWasTaken(t *testing.T) {
	for left := range deflate.TailLen + 2 {
		d := deflate.KindOf(1, 15).Borrow(nil)
		d.Add([]byte(prose[:100]))
		d.Flush()
		sent := take(d, d.Out()[:len(d.Out())-left])
		sent += string(d.Finish())
		if got := standard(t, sent); got != prose[:100] {
			t.Errorf("%d bytes left: %q is %q", left, sent, got)
		}
		if again := len(sent) > len(compressed(prose[:100]))+3; again != (left < deflate.TailLen) {
			t.Errorf("%d bytes left: %d sent", left, len(sent))
		}
		d.GiveBack()
	}
}

// The same message, whichever way it is added and taken.
func TestOutIsTakenInAnyPieces(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 0))
		d := deflate.KindOf(1+int(seed)%9, 8+int(seed)%8).Borrow(nil)
		var sent bytes.Buffer
		text := prose[:r.IntN(200_000)] + noise[:r.IntN(100_000)]
		for rest := text; rest != ""; {
			n := min(1+r.IntN(40_000), len(rest))
			d.Add([]byte(rest[:n]))
			rest = rest[n:]
			if r.IntN(3) == 0 {
				d.Flush()
			}
			for len(d.Out()) > 0 && r.IntN(5) > 0 {
				sent.WriteString(take(d, d.Out()[:1+r.IntN(len(d.Out()))]))
			}
		}
		for len(d.Finish()) > 0 {
			p := d.Finish()
			sent.WriteString(take(d, p[:1+r.IntN(len(p))]))
		}
		if got := standard(t, sent.String()); got != text {
			t.Errorf("seed %d: got %d bytes, want %d", seed, len(got), len(text))
		}
		d.GiveBack()
	}
}

// RFC 7692, section 7.1.2: nothing refers to what is further back than the window.
func TestNothingRefersToWhatHasLeftTheWindow(t *testing.T) {
	for bits := deflate.MinWindowBits; bits <= deflate.MaxWindowBits; bits++ {
		for level := 1; level <= 9; level++ {
			d := deflate.KindOf(level, bits).Borrow(nil)
			once := []byte(noise[:1<<bits+100])
			d.Add(once)
			d.Add(once)
			if n := len(d.Finish()); n < 2*len(once) {
				t.Errorf("%d bits, level %d: %d bytes, of twice %d", bits, level, n, len(once))
			}
			d.GiveBack()
		}
	}
}

func TestRoundTripsWithTakeover(t *testing.T) {
	sizes := []int{0, 1, 10, 255, 4 << 10, 40 << 10, 300 << 10, 0, 100}
	for bits := deflate.MinWindowBits; bits <= deflate.MaxWindowBits; bits++ {
		for level := 1; level <= 9; level++ {
			for name, way := range ways {
				if level > 1 && name != "InflateBytes" {
					continue
				}
				t.Run(fmt.Sprintf("%d bits, level %d, %s", bits, level, name), func(t *testing.T) {
					out, in := deflate.NewWindow(1<<bits), deflate.NewWindow(1<<bits)
					id := connections.Add(1)
					for i, size := range sizes {
						text := prose[i*100:][:size]
						d := deflate.KindOf(level, bits).Borrow(out.Bytes())
						d.Add([]byte(text))
						payload := string(d.Finish())
						d.GiveBack()
						before := string(out.Bytes())
						out.Add([]byte(text))
						got, err := inflate(way(id, &in, payload), 1000)
						if err != nil || got != text {
							t.Fatalf("%d bytes: got %d, %v", size, len(got), err)
						}
						if !bytes.Equal(in.Bytes(), out.Bytes()) {
							t.Fatal("the windows differ")
						}
						dict := flate.NewReaderDict(strings.NewReader(payload+tail+"\x01"+tail), []byte(before))
						if p, err := io.ReadAll(dict); err != nil || string(p) != text {
							t.Fatalf("%d bytes: the standard library got %d, %v", size, len(p), err)
						}
					}
				})
			}
		}
	}
}

// A window that the peer does not see must not be seen either by another message of the pool.
func TestABorrowedDeflaterKnowsNothingOfTheMessageBefore(t *testing.T) {
	for bits := deflate.MinWindowBits; bits <= deflate.MaxWindowBits; bits++ {
		for level := 1; level <= 9; level++ {
			kind := deflate.KindOf(level, bits)
			var first string
			for i := range 3 {
				d := kind.Borrow(nil)
				d.Add([]byte(prose[:5000]))
				got := string(d.Finish())
				if i == 0 {
					first = got
				}
				if got != first {
					t.Errorf("%v: message %d differs", kind, i)
				}
				d.Add([]byte(prose[5000:10000]))
				if i == 1 {
					d.Flush()
				}
				d.GiveBack()
			}
		}
	}
}

func TestKindsAreEqualWhereTheirDeflatersAre(t *testing.T) {
	if deflate.KindOf(1, 15) == deflate.KindOf(2, 15) || deflate.KindOf(1, 9) == deflate.KindOf(1, 10) {
		t.Error("different kinds are equal")
	}
	if deflate.KindOf(1, 10) != deflate.KindOf(9, 10) {
		t.Error("below 15 bits all levels are the same")
	}
}
