package transport

import (
	"sync/atomic"
	"time"
)

// An alarm is a timer for a deadline that is moved far more often than it comes: to move it back costs nothing. The owner
// of ring guards it.
type alarm struct {
	ring  func()      // constant: calls rung, and set again if it is too early. It is called without the guard
	bell  *bell       // nil before the first set
	timer *time.Timer // the same
	at    time.Time   // when it rings; the zero time: it does not
}

// set has it ring at at, if that is not the zero time, or before.
func (a *alarm) set(at time.Time) {
	if at.IsZero() || !a.at.IsZero() && !at.Before(a.at) {
		return
	}
	a.at = at
	if a.timer == nil {
		a.bell = new(bell)
		a.bell.ring.Store(&a.ring)
		a.timer = time.AfterFunc(time.Until(at), a.bell.rung)
	} else {
		a.bell.ring.Store(&a.ring)
		a.timer.Reset(time.Until(at))
	}
}

// rung notes that it has rung.
func (a *alarm) rung() { a.at = time.Time{} }

// stop has it not ring, unless it is about to, and lets go of its owner.
func (a *alarm) stop() {
	if a.timer != nil {
		a.bell.ring.Store(nil)
		a.timer.Stop()
		a.at = time.Time{}
	}
}

// A bell is all that a timer knows of its alarm: the system may hold on to a timer that was stopped, for as long as it would
// have run.
type bell struct {
	ring atomic.Pointer[func()] // nil: the alarm was stopped
}

func (b *bell) rung() {
	if ring := b.ring.Load(); ring != nil {
		(*ring)()
	}
}
