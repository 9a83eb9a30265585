package stream

import (
	"context"
	"sync"

	"github.com/klauspost/compress/flate"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/handshake"
)

// A deflaterKind is what deflaters have to have in common to stand in for one another.
type deflaterKind struct {
	level int // 0 where the window bits are below 15: all levels are the same
	bits  int
}

func kindOf(level, bits int) deflaterKind {
	if bits < handshake.MaxWindowBits {
		level = 0
	}
	return deflaterKind{level, bits}
}

// A deflater compresses one message. It is borrowed for that from a pool.
type deflater struct {
	kind  deflaterKind
	flate *flate.Writer
	out   []byte // compressed, and not taken

	recent  slidingWindow // of what an open Writer has added
	flushed bool          // by its Flush, and nothing was added since
	ended   bool          // flushed by its Close, and nothing was added since
}

var deflaterPools [10][handshake.MaxWindowBits + 1]sync.Pool // by level and window bits

func (k deflaterKind) pool() *sync.Pool { return &deflaterPools[k.level][k.bits] }

// borrow returns a deflater that has window before it.
func (k deflaterKind) borrow(window []byte) *deflater {
	d, _ := k.pool().Get().(*deflater)
	if d == nil {
		d = &deflater{kind: k, flate: k.newWriter()}
	}
	d.out, d.flushed, d.ended = d.out[:0], false, false
	d.flate.ResetDict(d, window)
	return d
}

func (k deflaterKind) newWriter() *flate.Writer {
	var w *flate.Writer
	var err error
	if k.bits < handshake.MaxWindowBits {
		w, err = flate.NewWriterWindow(nil, 1<<k.bits)
	} else {
		w, err = flate.NewWriter(nil, k.level)
	}
	if err != nil {
		panic(err) // the options were checked
	}
	return w
}

// giveBack returns d to its pool.
func (d *deflater) giveBack() {
	if cap(d.out) > keepAtMost {
		d.out = nil
	}
	d.kind.pool().Put(d)
}

// Write takes what was compressed.
func (d *deflater) Write(p []byte) (int, error) {
	d.out = append(d.out, p...)
	return len(p), nil
}

// add compresses p; what comes out of it is in d.out, as far as it is known.
func (d *deflater) add(p []byte) { d.flate.Write(p) } // Write, above, never fails

// flush brings all that was added to d.out, up to the next byte.
func (d *deflater) flush() { d.flate.Flush() }

// tailLen is how many bytes at the end of what flush brings are left out at the end of a message (RFC 7692, section
// 7.2.1).
const tailLen = 4

// compressible reports whether a message of n bytes is to be compressed.
func (s *Socket) compressible(n int) bool {
	return s.deflation != nil && n >= s.deflation.threshold
}

// borrowDeflater borrows a deflater for a message of n bytes, or of any length if n is negative. To show it what went
// before takes time, which does not pay for a short message.
func (s *Socket) borrowDeflater(n int) *deflater {
	window := s.deflation.out.buf
	if most := max(4*n, 4<<10); n >= 0 && len(window) > most {
		window = window[len(window)-most:]
	}
	return s.deflation.kind.borrow(window)
}

// writeCompressed is writeWhole for a message that is to be compressed, which it is if that makes it shorter.
func writeCompressed[P []byte | string](s *Socket, ctx context.Context, h frame.Header, p P) error {
	d := s.borrowDeflater(len(p))
	defer d.giveBack()
	addTo(d, p)
	payload := d.finish()
	if len(payload) >= len(p) {
		return writeWhole(s, ctx, h, p)
	}
	h.RSV1 = true
	err := writeWhole(s, ctx, h, payload)
	if err == nil {
		s.deflation.out.add([]byte(p[max(0, len(p)-s.deflation.out.size):]))
	}
	return err
}

// addTo compresses p.
func addTo[P []byte | string](d *deflater, p P) {
	if p, ok := any(p).([]byte); ok {
		d.add(p)
		return
	}
	buf := takeBuffer(len(p))
	defer giveBuffer(buf)
	for len(p) > 0 {
		n := copy(buf, p)
		d.add(buf[:n])
		p = p[n:]
	}
}

// finish returns the payload of a message that was added whole, which is valid until d is given back.
func (d *deflater) finish() []byte {
	d.flush()
	return d.out[:len(d.out)-tailLen]
}
