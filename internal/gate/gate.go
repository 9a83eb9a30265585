// Package gate has a mutex whose lock obeys contexts, and an event that happens once.
package gate

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

var (
	// ErrDone means that the latch was set before the gate opened.
	ErrDone = errors.New("gate: the latch was set")

	// ErrWoken means that one of the two channels given to [Gate.EnterOr] was ready before the gate opened.
	ErrWoken = errors.New("gate: the wait was interrupted")
)

// A Gate is a mutex whose lock obeys a context and a [Latch]. The goroutine that has entered is the only one inside until
// it leaves; then the one that has waited longest is. The zero Gate is open. Its methods may be called by any number of
// goroutines at the same time, and a Gate must not be copied.
type Gate struct {
	count atomic.Int32                  // goroutines inside, and those that wait
	next  atomic.Pointer[chan struct{}] // a receive from it is the entry of one that waits; made by the first of them
}

// Enter waits until the gate is free, and enters it. It returns the error of ctx if that ends first, or [ErrDone] if done
// is set first; done may be nil. A gate that is free is entered whatever ctx and done say.
func (g *Gate) Enter(ctx context.Context, done *Latch) error {
	next, inside := g.queue()
	if inside {
		return nil
	}
	select { // with as few cases as there can be: a gate that many want is entered by way of this
	case <-next:
		return nil
	case <-ctx.Done():
		return g.withdraw(next, ctx.Err())
	case <-done.Wait():
		return g.withdraw(next, ErrDone)
	}
}

// queue enters, or puts the caller in line for a value of next, with which the gate is left to it.
func (g *Gate) queue() (next chan struct{}, inside bool) {
	if g.TryEnter() {
		return nil, true
	}
	next = lazily(&g.next)
	return next, g.count.Add(1) == 1
}

// EnterOr is [Gate.Enter], and returns [ErrWoken] if changed or expiry is ready first. Each of them may be nil.
func (g *Gate) EnterOr(ctx context.Context, done *Latch, changed <-chan struct{}, expiry <-chan time.Time) error {
	next, inside := g.queue()
	if inside {
		return nil
	}
	select {
	case <-next:
		return nil
	case <-ctx.Done():
		return g.withdraw(next, ctx.Err())
	case <-done.Wait():
		return g.withdraw(next, ErrDone)
	case <-changed:
		return g.withdraw(next, ErrWoken)
	case <-expiry:
		return g.withdraw(next, ErrWoken)
	}
}

// withdraw ends the wait with err, unless the gate was left to the caller already.
func (g *Gate) withdraw(next <-chan struct{}, err error) error {
	for {
		n := g.count.Load()
		if n == 1 { // the caller is the only one counted: the goroutine inside has left, or is about to say so
			<-next
			return nil
		}
		if g.count.CompareAndSwap(n, n-1) {
			return err
		}
	}
}

// TryEnter enters the gate if it is free, and reports whether it was. It does not wait, and does not allocate.
func (g *Gate) TryEnter() bool { return g.count.CompareAndSwap(0, 1) }

// Leave lets the next one in. It may only be called by the goroutine that has entered, or on its behalf.
func (g *Gate) Leave() {
	if g.count.Add(-1) > 0 {
		*g.next.Load() <- struct{}{}
	}
}

// Busy reports whether the gate is taken.
func (g *Gate) Busy() bool { return g.count.Load() > 0 }

// Awaited reports whether another goroutine waits for the gate to be left.
func (g *Gate) Awaited() bool { return g.count.Load() > 1 }
