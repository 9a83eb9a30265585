package conformance_test

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/litert/websocket/internal/conformance"
)

// blends returns messages that compress well, badly and not at all, some of them like those before.
func blends() []string {
	var list []string
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 3, 10, 257, 258, 259, 1000, 40_000, 100_000} {
		noise := make([]byte, n)
		for i := range noise {
			noise[i] = byte(random.Uint32())
		}
		var mixed strings.Builder
		for mixed.Len() < n {
			k := random.IntN(n)
			fmt.Fprintf(&mixed, "%d %s", k, noise[k:min(n, k+random.IntN(300))])
		}
		list = append(list, string(noise), strings.Repeat("a", n), strings.Repeat("message ", n/8), mixed.String(), string(noise))
	}
	return list
}

func TestWhatThePeerCompressesInflates(t *testing.T) {
	for _, window := range []int{1 << 8, 1 << 9, 1 << 15} {
		for _, takeover := range []bool{true, false} {
			out, in := conformance.NewHistory(takeover, window), conformance.NewHistory(takeover, window)
			var before []byte
			for i, message := range blends() {
				squeeze := out.Squeeze
				if i%2 == 1 {
					squeeze = out.SqueezeFinal
				}
				payload := squeeze(message)
				if got, err := in.Inflate([]byte(payload)); got != message || err != nil {
					t.Fatalf("message %d, window %d: %d bytes for %d, %v", i, window, len(got), len(message), err)
				}
				r := flate.NewReaderDict(strings.NewReader(payload+"\x00\x00\xff\xff\x01\x00\x00\xff\xff"), before)
				if got, err := io.ReadAll(r); string(got) != message || err != nil {
					t.Fatalf("message %d, window %d: %d bytes for %d, %v", i, window, len(got), len(message), err)
				}
				if takeover {
					before = append(before, message...)
					before = before[max(0, len(before)-window):]
				}
			}
		}
	}
}

func TestThePeerInflatesWhatOthersCompress(t *testing.T) {
	for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, 1, 6, 9} {
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, level)
		if err != nil {
			t.Fatal(err)
		}
		h := conformance.NewHistory(true, 1<<15)
		for i, message := range blends() {
			io.WriteString(w, message[:len(message)/2])
			w.Flush()
			io.WriteString(w, message[len(message)/2:])
			w.Flush()
			got, err := h.Inflate(bytes.TrimSuffix(b.Bytes(), []byte("\x00\x00\xff\xff")))
			if got != message || err != nil {
				t.Fatalf("level %d, message %d: %d bytes for %d, %v", level, i, len(got), len(message), err)
			}
			b.Reset()
		}
	}
}

func TestThePeerKnowsTheWindow(t *testing.T) {
	far := strings.Repeat("0123456789", 30)
	message := "abcdefgh" + far + "abcdefgh"
	payload := conformance.NewHistory(true, 1<<15).Squeeze(message)
	if _, err := conformance.NewHistory(true, 1<<8).Inflate([]byte(payload)); err == nil {
		t.Error("a match behind the window was taken")
	}
}

func TestThePeerRefusesWhatDoesNotInflate(t *testing.T) {
	for _, payload := range []string{"", "\x06", "\xf2\x48", "\x02\x00\x00", "\x00\x05\x00\xfb\xffHello\x00", "\x03\x02\x00", "\xff\xff\xff"} {
		if got, err := conformance.NewHistory(true, 1<<15).Inflate([]byte(payload)); err == nil {
			t.Errorf("%x inflates to %q", payload, got)
		}
	}
}
