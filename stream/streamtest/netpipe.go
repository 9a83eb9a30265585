package streamtest

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// NetPipe returns the two ends of a connection in memory. It is [net.Pipe] with a buffer of 64 KiB in each direction,
// as a network has one: who writes less does not wait for the other end, which can still read it after Close.
//
// After Close, the methods of an end return [net.ErrClosed]; at the other end, Read returns [io.EOF] once the buffer is
// empty, and Write [io.ErrClosedPipe].
func NetPipe() (a, b net.Conn) {
	there, back := newHalf(), newHalf()
	return &netPipe{in: back, out: there}, &netPipe{in: there, out: back}
}

// A netPipe is one end of a pipe.
type netPipe struct {
	in, out *half
}

func (c *netPipe) Read(p []byte) (int, error)  { return c.in.read(p) }
func (c *netPipe) Write(p []byte) (int, error) { return c.out.write(p) }

func (c *netPipe) Close() error {
	c.in.closeReader()
	c.out.closeWriter()
	return nil
}

func (c *netPipe) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

func (c *netPipe) SetReadDeadline(t time.Time) error  { return c.in.setReadDeadline(t) }
func (c *netPipe) SetWriteDeadline(t time.Time) error { return c.out.setWriteDeadline(t) }

func (*netPipe) LocalAddr() net.Addr  { return addr{} }
func (*netPipe) RemoteAddr() net.Addr { return addr{} }

type addr struct{}

func (addr) Network() string { return "pipe" }
func (addr) String() string  { return "pipe" }

// capacity is how much a half holds.
const capacity = 64 << 10

// A half is one direction: a buffer between the end that writes and the end that reads.
type half struct {
	writing chan struct{} // of capacity 1: admits one Write

	mu            sync.Mutex // guards following; held for moments only, as who waits for it is not durably blocked
	buf           []byte     // nil: nothing was written yet
	r, w          int        // buf[r:w] is unread
	readerClosed  bool
	writerClosed  bool
	readDeadline  time.Time
	writeDeadline time.Time
	changed       chan struct{} // closed by the next change; nil: nobody waits for it
}

func newHalf() *half { return &half{writing: make(chan struct{}, 1)} }

func (h *half) read(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.readerClosed:
			return 0, net.ErrClosed
		case expired(h.readDeadline):
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case h.r < h.w:
			n := copy(p, h.buf[h.r:h.w])
			h.r += n
			h.wakeLocked()
			return n, nil
		case h.writerClosed:
			return 0, io.EOF
		}
		h.waitLocked(h.readDeadline)
	}
}

func (h *half) write(p []byte) (n int, err error) {
	h.writing <- struct{}{} // who is inside leaves for the same reasons
	defer func() { <-h.writing }()
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.writerClosed:
			return n, net.ErrClosed
		case expired(h.writeDeadline):
			return n, os.ErrDeadlineExceeded
		case h.readerClosed:
			return n, io.ErrClosedPipe
		}
		n += h.takeLocked(p[n:])
		if n == len(p) {
			return n, nil
		}
		h.waitLocked(h.writeDeadline)
	}
}

// takeLocked takes what there is room for.
func (h *half) takeLocked(p []byte) int {
	if h.buf == nil {
		h.buf = make([]byte, capacity)
	}
	if len(p) > len(h.buf)-h.w {
		h.w = copy(h.buf, h.buf[h.r:h.w])
		h.r = 0
	}
	n := copy(h.buf[h.w:], p)
	h.w += n
	h.wakeLocked()
	return n
}

func (h *half) closeReader() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.readerClosed = true
	h.wakeLocked()
}

func (h *half) closeWriter() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.writerClosed = true
	h.wakeLocked()
}

func (h *half) setReadDeadline(t time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.readerClosed {
		return net.ErrClosed
	}
	h.readDeadline = t
	h.wakeLocked()
	return nil
}

func (h *half) setWriteDeadline(t time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.writerClosed {
		return net.ErrClosed
	}
	h.writeDeadline = t
	h.wakeLocked()
	return nil
}

// waitLocked waits for a change, or until at, if that is not zero. It lets go of mu meanwhile.
func (h *half) waitLocked(at time.Time) {
	if h.changed == nil {
		h.changed = make(chan struct{})
	}
	changed := h.changed
	var expiry <-chan time.Time
	if !at.IsZero() {
		timer := time.NewTimer(time.Until(at))
		defer timer.Stop()
		expiry = timer.C
	}
	h.mu.Unlock()
	defer h.mu.Lock()
	select {
	case <-changed:
	case <-expiry:
	}
}

// wakeLocked ends all waits.
func (h *half) wakeLocked() {
	if h.changed != nil {
		close(h.changed)
		h.changed = nil
	}
}

func expired(at time.Time) bool { return !at.IsZero() && !time.Now().Before(at) }
