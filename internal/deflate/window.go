package deflate

// A Window keeps the last bytes that went in one direction, for context takeover. Its memory grows with them, up to its
// size. The zero Window keeps nothing: it is for a direction without takeover.
type Window struct {
	size int
	buf  []byte
}

// NewWindow returns an empty Window that keeps up to size bytes: 1<<bits, or 0 for none.
func NewWindow(size int) Window { return Window{size: size} }

// Reset has w keep up to size bytes, and nothing yet. Its memory is used again.
func (w *Window) Reset(size int) { w.size, w.buf = size, w.buf[:0] }

// Size returns how many bytes w keeps at most; 0 is without takeover.
func (w *Window) Size() int { return w.size }

// Bytes returns what w keeps, the latest last. They are w's, and valid until the next Add or Reset.
func (w *Window) Bytes() []byte { return w.buf }

// Add takes in what went last, and forgets what is too old by that. It keeps a copy of p.
func (w *Window) Add(p []byte) {
	if len(p) >= w.size {
		w.buf = append(w.buf[:0], p[len(p)-w.size:]...)
		return
	}
	if over := len(w.buf) + len(p) - w.size; over > 0 {
		w.buf = append(w.buf[:0], w.buf[over:]...)
	}
	w.buf = append(w.buf, p...)
}
