package deflate

import (
	"sync"

	"github.com/klauspost/compress/flate"
)

// A Kind is what deflaters have in common that can stand in for one another: those of equal Kinds make the same payload
// of the same message. It can be compared, and be the key of a map.
type Kind struct {
	level int // 0 where the window bits are below MaxWindowBits: all levels are the same
	bits  int
}

// KindOf returns the Kind for a level from 1, which is fast, to 9, which compresses best, and window bits from
// [MinWindowBits] to [MaxWindowBits]. The caller has checked them.
func KindOf(level, bits int) Kind {
	if bits < MaxWindowBits {
		level = 0
	}
	return Kind{level, bits}
}

// A Deflater compresses one message.
type Deflater struct {
	kind    Kind
	flate   *flate.Writer
	out     []byte // what was compressed, of which the first taken bytes were taken
	taken   int
	flushed bool // nothing was added since the last flush, and there was one
}

var deflaterPools [10][MaxWindowBits + 1]sync.Pool // by level and window bits

func (k Kind) pool() *sync.Pool { return &deflaterPools[k.level][k.bits] }

// Borrow returns a Deflater for a message that has window before it, which is nil for none. It is read at once, though the
// library holds on to its memory until the next message. The caller gives the Deflater back. To show it a window takes time,
// which does not pay for one much longer than the message.
func (k Kind) Borrow(window []byte) *Deflater {
	d, _ := k.pool().Get().(*Deflater)
	if d == nil {
		d = &Deflater{kind: k, flate: k.newWriter()}
	}
	d.flate.ResetDict((*output)(d), window)
	return d
}

func (k Kind) newWriter() *flate.Writer {
	var w *flate.Writer
	var err error
	if k.bits < MaxWindowBits {
		w, err = flate.NewWriterWindow(nil, 1<<k.bits)
	} else {
		w, err = flate.NewWriter(nil, k.level)
	}
	if err != nil {
		panic(err) // the level and the bits were checked
	}
	return w
}

// GiveBack ends the message, at any point. Neither d nor what it returned may be used afterwards.
func (d *Deflater) GiveBack() {
	if cap(d.out) > keepAtMost {
		d.out = nil
	}
	d.out, d.taken, d.flushed = d.out[:0], 0, false
	d.kind.pool().Put(d)
}

// output is the Deflater as its library sees it.
type output Deflater

// Write takes what was compressed. It never fails, and so no call of the library does.
func (o *output) Write(p []byte) (int, error) {
	o.out = append(o.out, p...)
	return len(p), nil
}

// Add compresses p, which is the caller's again when it returns. What comes of it is in Out as far as it is known; the
// rest is known by the next Flush.
func (d *Deflater) Add(p []byte) {
	if len(p) > 0 {
		d.flate.Write(p)
		d.flushed = false
	}
}

// Flush brings all that was added to Out, with an empty block behind it that ends with the TailLen bytes. The first Flush
// of a message does so even if nothing was added; any other does nothing if nothing was added since the one before.
func (d *Deflater) Flush() {
	if !d.flushed {
		d.flate.Flush()
		d.flushed = true
	}
}

// Out returns what was compressed and not taken. It is d's, and valid until the next call of a method of d.
func (d *Deflater) Out() []byte { return d.out[d.taken:] }

// Take says that the first n bytes of Out were taken.
func (d *Deflater) Take(n int) {
	d.taken += n
	if rest := d.Out(); len(rest) <= d.taken { // so that no byte is moved twice for one that was taken
		d.out, d.taken = append(d.out[:0], rest...), 0
	}
}

// Finish brings all that was added to Out, and returns Out but for the last TailLen bytes: the end of the payload, or
// all of it if nothing was taken. These bytes are left out of the message. Where an earlier Flush brought them and they
// were taken, there is another empty block, for which others are left out. Finish may be called again, also after
// Take; what it returns is valid as Out is.
func (d *Deflater) Finish() []byte {
	d.Flush()
	if len(d.Out()) < TailLen {
		d.flate.Flush()
	}
	out := d.Out()
	return out[:len(out)-TailLen]
}
