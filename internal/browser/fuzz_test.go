package browser_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/browser"
	"github.com/litert/websocket/opcode"
)

// How what is written is cut must not matter.
func FuzzWrite(f *testing.F) {
	var all []byte
	for _, h := range []frame.Header{
		{Fin: true, Opcode: opcode.Text, Length: 3},
		{Opcode: opcode.Binary, Length: 200},
		{Opcode: opcode.Continuation},
		{Fin: true, Opcode: opcode.Continuation, Length: 300},
		{Fin: true, Opcode: opcode.Close},
	} {
		all = append(h.Append(all), make([]byte, h.Length)...)
	}
	f.Add(all, uint16(1))
	f.Add(all, uint16(1000))
	f.Add([]byte("\x81\x01a\x89\x00"), uint16(2))
	f.Add([]byte("\x81\x7f\x00\x00\x00\x00\xff\xff\xff\xff"), uint16(3))
	f.Fuzz(func(t *testing.T, p []byte, size uint16) {
		whole, wholeTaken := written(p, len(p))
		parts, partsTaken := written(p, int(max(1, size)))
		if diff := cmp.Diff(whole, parts); diff != "" {
			t.Errorf("(-whole +parts)\n%s", diff)
		}
		if wholeTaken > len(p) || partsTaken > len(p) {
			t.Errorf("%d and %d of %d bytes were taken", wholeTaken, partsTaken, len(p))
		}
	})
}

// written returns what comes of p, written in parts of the size, up to an error.
func written(p []byte, size int) (lines []string, taken int) {
	port := new(page)
	c := browser.NewConn(port, 1000, errOverrun)
	for len(p) > 0 {
		n, err := c.Write(p[:min(size, len(p))])
		taken += n
		if err != nil {
			break
		}
		p = p[n:]
	}
	lines = port.took()
	c.Close()
	return lines, taken
}
