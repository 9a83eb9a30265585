package stream

import (
	"context"
	"sync/atomic"
)

// A gate is a mutex whose lock obeys a context and the end of the connection. Who has entered is the only one inside
// until it leaves, and then the one who has waited longest is. The zero gate is open.
type gate struct {
	count atomic.Int32                  // who is inside, and who waits
	next  atomic.Pointer[chan struct{}] // whoever receives from it is inside; made by the first who waits
}

// enter waits until the gate is free, ctx ends, or done is closed. In the last case it returns errEnded.
func (g *gate) enter(ctx context.Context, done *latch) error {
	if g.tryEnter() {
		return nil
	}
	next := lazily(&g.next)
	if g.count.Add(1) == 1 {
		return nil
	}
	select {
	case <-next:
		return nil
	case <-ctx.Done():
		return g.withdraw(next, ctx.Err())
	case <-done.wait():
		return g.withdraw(next, errEnded)
	}
}

// withdraw ends the wait with err, unless it is over already.
func (g *gate) withdraw(next <-chan struct{}, err error) error {
	for {
		n := g.count.Load()
		if n == 1 { // nobody else is there: whoever was inside has left to the caller
			<-next
			return nil
		}
		if g.count.CompareAndSwap(n, n-1) {
			return err
		}
	}
}

func (g *gate) tryEnter() bool { return g.count.CompareAndSwap(0, 1) }

func (g *gate) leave() {
	if g.count.Add(-1) > 0 {
		*g.next.Load() <- struct{}{}
	}
}

// busy reports whether somebody is inside.
func (g *gate) busy() bool { return g.count.Load() > 0 }

// awaited reports whether somebody waits.
func (g *gate) awaited() bool { return g.count.Load() > 1 }

// A latch is something that happens once. The zero latch has not been set.
type latch struct{ ch atomic.Pointer[chan struct{}] }

// happened is the channel of latches that were set.
var happened = func() *chan struct{} {
	ch := make(chan struct{})
	close(ch)
	return &ch
}()

// set reports whether it was the first to do so.
func (l *latch) set() bool {
	ch := l.ch.Swap(happened)
	if ch != nil && ch != happened {
		close(*ch)
	}
	return ch != happened
}

func (l *latch) isSet() bool { return l.ch.Load() == happened }

// wait returns a channel that is closed once the latch is set. It is made for the first who waits. A nil latch is never
// set.
func (l *latch) wait() <-chan struct{} {
	if l == nil {
		return nil
	}
	return lazily(&l.ch)
}

// lazily returns the channel that p points to, which it makes if there is none. It has room for one.
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
