package deflate_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/litert/websocket/internal/deflate"
)

// RFC 7692, section 7.2.3: the examples, and what is close to them.
func TestWhatMayCome(t *testing.T) {
	for name, tt := range map[string]struct{ payload, want string }{
		"one block":               {"\xf2\x48\xcd\xc9\xc9\x07\x00", "Hello"},
		"without compression":     {"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", "Hello"},
		"a final block":           {"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "Hello"},
		"a final block, bare":     {"\xf3\x48\xcd\xc9\xc9\x07\x00", "Hello"},
		"two blocks":              {"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", "Hello"},
		"empty":                   {"\x00", ""},
		"an empty fixed block":    {"\x02\x00", ""},
		"flushed again and again": {strings.Repeat("\x00\x00\x00\xff\xff", 10_000) + "\x00", ""},
		"much":                    {compressed(prose), prose},
		"noise":                   {compressed(noise), noise},
	} {
		for way, begin := range ways {
			for _, n := range []int{1, 2, 5, 6, 100, 4096, 1 << 20} {
				if n < 100 && len(tt.want) > 100_000 {
					continue
				}
				got, err := inflate(begin(connections.Add(1), new(deflate.Window), tt.payload), n)
				if err != nil || got != tt.want {
					t.Errorf("%s, %s, by %d: got %d bytes, %v", name, way, n, len(got), err)
				}
			}
		}
	}
}

const hello = "\xf2\x48\xcd\xc9\xc9\x07\x00"

// corrupt are payloads that do not inflate, and what comes before that is seen.
var corrupt = map[string]struct{ payload, want string }{
	"nothing":                   {"", ""},
	"ends early":                {hello[:4], "Helh"},
	"a stored block cut":        {"\x00\x20\x00\xdf\xff\x48\x65", "He\x00\x00\xff\xff\x01\x00\x00\xff\xff"},
	"a reserved block":          {"\x07", ""},
	"garbage":                   {"\xff\xff\xff\xff", ""},
	"behind a final block":      {"\xf3\x48\xcd\xc9\xc9\x07\x00\x00more", "Hello"},
	"much behind a final block": {"\xf3\x48\xcd\xc9\xc9\x07\x00\x00" + strings.Repeat("more", 5000), "Hello"},
	"two final blocks":          {"\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00", "Hello"},
	"from before the start":     {"\x4a\x04\x11\x00", "a"},
	"the end sent too":          {hello + tail, "Hello"},
	"no code for distances":     {withoutDistances, "a"},
}

// withoutDistances is a block that has no code for distances, and uses one, behind an a.
const withoutDistances = "\x0d\xc0\x01\x09\x00\x00\x00\x80\xa0\xad\xfd\x3f\x91\x04\x0c\x00\x00"

func TestWhatDoesNotInflateIsCorrupt(t *testing.T) {
	for name, tt := range corrupt {
		for way, begin := range ways {
			for _, n := range []int{1, 5, 1000} {
				z := begin(connections.Add(1), new(deflate.Window), tt.payload)
				p := make([]byte, n)
				var got strings.Builder
				var err error
				for err == nil {
					if z.Done() {
						t.Errorf("%s, %s: it is done", name, way)
					}
					n, err = z.Read(p[:n])
					got.WriteString(string(p[:n]))
					n = len(p)
				}
				var broken *deflate.CorruptError
				if !errors.As(err, &broken) || broken.Err == nil || broken.Error() == "" || errors.Is(err, io.EOF) {
					t.Errorf("%s, %s: got %v", name, way, err)
				}
				if !strings.HasPrefix(tt.want, got.String()) {
					t.Errorf("%s, %s: got %q", name, way, got.String())
				}
				if n, again := z.Read(p); n != 0 || again != err || z.Done() {
					t.Errorf("%s, %s: then got %d, %v", name, way, n, again)
				}
				z.Release()
			}
		}
	}
}

// A block that uses a code that it does not have is corrupt. That of another connection must not take its place.
func TestNoCodesOfOtherConnectionsAreUsed(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 0))
		other, spread := make([]byte, 3000), float64(2+r.IntN(60))
		for i := range other {
			other[i] = byte(r.ExpFloat64() * spread)
		}
		for way, begin := range ways {
			got, err := inflate(begin(connections.Add(1), new(deflate.Window), compressed(string(other))), 1000)
			if err != nil || got != string(other) {
				t.Fatalf("%s: got %d bytes, %v", way, len(got), err)
			}
			got, err = inflate(begin(connections.Add(1), new(deflate.Window), withoutDistances), 1000)
			if err == nil || len(got) > 1 {
				t.Errorf("%s: got %q and %v", way, got, err)
			}
		}
	}
}

// The end is known with the last byte, whether p is full then or not, and if nothing has come out.
func TestDoneIsKnownWithTheLastByte(t *testing.T) {
	for _, text := range []string{prose[:1], prose[:1000], prose[:40_000], noise[:70_000]} {
		payload := compressed(text)
		for way, begin := range ways {
			if way == "an end unknown" {
				continue
			}
			for _, n := range []int{1, 2, 10, 500, 1000, 1001, 1 << 17} {
				z := begin(connections.Add(1), new(deflate.Window), payload)
				p := make([]byte, n)
				for got := 0; got < len(text); {
					m, err := z.Read(p)
					if got += m; err != nil || m == 0 || z.Done() != (got == len(text)) {
						t.Fatalf("%s of %d by %d: %d bytes, %v, done %v at %d", way, len(text), n, m, err, z.Done(), got)
					}
				}
				for range 2 {
					if m, err := z.Read(p); m != 0 || err != io.EOF || !z.Done() {
						t.Errorf("%s: behind the end: %d bytes, %v, done %v", way, m, err, z.Done())
					}
				}
				z.Release()
			}
		}
	}
}

// The window takes in what was handed out, and nothing of what was not.
func TestTheWindowTakesInWhatWasRead(t *testing.T) {
	payload := compressed(prose[:10_000])
	for way, begin := range ways {
		w := deflate.NewWindow(1 << 10)
		z := begin(connections.Add(1), &w, payload)
		p := make([]byte, 777)
		for got := 0; got < 5000; {
			n, err := z.Read(p)
			if got += n; err != nil || string(w.Bytes()) != prose[max(0, got-1<<10):got] {
				t.Fatalf("%s: at %d: %v, the window is wrong", way, got, err)
			}
		}
		z.Release()
	}
}

// A peer may claim a length, or send what inflates to much more: only the room of a Read is filled.
func TestABombTakesNoMemory(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates, and pools drop what they keep")
	}
	bomb := compressed(strings.Repeat("\x00", 64<<20))
	for way, begin := range ways {
		if way == "single bytes" {
			continue // the Source allocates
		}
		const times = 20
		var before, after runtime.MemStats
		p := make([]byte, 1000)
		runtime.ReadMemStats(&before)
		for range times {
			z := begin(1, new(deflate.Window), bomb)
			for range 10 {
				z.Read(p)
			}
			z.Release()
		}
		runtime.ReadMemStats(&after)
		if n := (after.TotalAlloc - before.TotalAlloc) / times; n > 512<<10 {
			t.Errorf("%s: %d bytes", way, n)
		}
	}
}
