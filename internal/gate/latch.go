package gate

import "sync/atomic"

// A Latch is an event that happens once. The zero Latch has not been set. Its methods may be called by any number of
// goroutines at the same time, and a Latch must not be copied.
type Latch struct{ ch atomic.Pointer[chan struct{}] }

// happened is the channel of all latches that were set.
var happened = func() *chan struct{} {
	ch := make(chan struct{})
	close(ch)
	return &ch
}()

// Set sets the latch, and reports whether it was the first to do so.
func (l *Latch) Set() (first bool) {
	ch := l.ch.Swap(happened)
	if ch != nil && ch != happened {
		close(*ch)
	}
	return ch != happened
}

// IsSet reports whether the latch was set.
func (l *Latch) IsSet() bool { return l.ch.Load() == happened }

// Wait returns a channel that is closed once the latch is set. It is made at the first call. The channel of a nil Latch,
// which is never set, is nil.
func (l *Latch) Wait() <-chan struct{} {
	if l == nil {
		return nil
	}
	return lazily(&l.ch)
}

// lazily returns the channel that p points to, which it makes if there is none. It has room for one element.
func lazily(p *atomic.Pointer[chan struct{}]) chan struct{} {
	if ch := p.Load(); ch != nil {
		return *ch
	}
	ch := make(chan struct{}, 1)
	if p.CompareAndSwap(nil, &ch) {
		return ch
	}
	return *p.Load()
}
