package transport

import "time"

// An alarm is a timer for a deadline that is moved far more often than it comes: to move it back costs nothing. The owner
// of ring guards it.
type alarm struct {
	ring  func()      // constant: calls rung, and set again if it is too early. It is called without the guard
	timer *time.Timer // nil before the first set
	at    time.Time   // when it rings; the zero time: it does not
}

// set has it ring at at, if that is not the zero time, or before.
func (a *alarm) set(at time.Time) {
	if at.IsZero() || !a.at.IsZero() && !at.Before(a.at) {
		return
	}
	a.at = at
	if a.timer == nil {
		a.timer = time.AfterFunc(time.Until(at), a.ring)
	} else {
		a.timer.Reset(time.Until(at))
	}
}

// rung notes that it has rung.
func (a *alarm) rung() { a.at = time.Time{} }

// stop has it not ring, unless it is about to.
func (a *alarm) stop() {
	if a.timer != nil {
		a.timer.Stop()
		a.at = time.Time{}
	}
}
