package deflate_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/litert/websocket/internal/deflate"
)

// slicer is a Source of up to n bytes at a time, which does not allocate.
type slicer struct {
	rest []byte
	n    int
}

func (s *slicer) Next() ([]byte, error) {
	if len(s.rest) == 0 {
		return nil, io.EOF
	}
	p := s.rest[:min(s.n, len(s.rest))]
	s.rest = s.rest[len(p):]
	return p, nil
}

func (s *slicer) Ended() bool { return len(s.rest) == 0 }

var json64k = []byte(prose[:64<<10])

func BenchmarkDeflate(b *testing.B) {
	for _, level := range []int{1, 6} {
		for _, size := range []int{0, 1 << deflate.MaxWindowBits} {
			b.Run(fmt.Sprintf("level=%d/window=%d", level, size), func(b *testing.B) {
				w := deflate.NewWindow(size)
				b.SetBytes(int64(len(json64k)))
				b.ReportAllocs()
				for b.Loop() {
					d := deflate.KindOf(level, deflate.MaxWindowBits).Borrow(w.Bytes())
					d.Add(json64k)
					d.Finish()
					d.GiveBack()
					w.Add(json64k)
				}
			})
		}
	}
}

func BenchmarkInflate(b *testing.B) {
	payload := []byte(compressed(string(json64k)))
	for _, size := range []int{0, 1 << deflate.MaxWindowBits} {
		w := deflate.NewWindow(size)
		for name, begin := range map[string]func() *deflate.Inflater{
			"bytes":  func() *deflate.Inflater { return deflate.InflateBytes(1, &w, payload) },
			"whole":  func() *deflate.Inflater { return deflate.Inflate(1, &w, &slicer{payload, len(payload)}) },
			"pieces": func() *deflate.Inflater { return deflate.Inflate(1, &w, &slicer{payload, 1000}) },
		} {
			for _, n := range []int{4 << 10, 64 << 10} {
				b.Run(fmt.Sprintf("%s/window=%d/read=%d", name, size, n), func(b *testing.B) {
					p := make([]byte, n)
					b.SetBytes(int64(len(json64k)))
					b.ReportAllocs()
					for b.Loop() {
						z := begin()
						for !z.Done() {
							if _, err := z.Read(p); err != nil {
								b.Fatal(err)
							}
						}
						z.Release()
					}
				})
			}
		}
	}
}
