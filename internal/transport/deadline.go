package transport

import (
	"sync/atomic"
	"time"
)

// A Deadline bounds the calls that have it in their [Bounds]. The zero Deadline, and a nil one, are none. Any number of
// goroutines may use and wait for one at the same time. It must not be copied.
type Deadline struct {
	at      atomic.Pointer[time.Time]
	changed atomic.Pointer[chan struct{}] // closed, and forgotten, at a change; made for the first wait behind one
}

// Load returns the deadline, or the zero time if there is none.
func (d *Deadline) Load() time.Time {
	if d == nil {
		return time.Time{}
	}
	if at := d.at.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

// Expired reports whether there is a deadline that has come.
func (d *Deadline) Expired() bool { return expired(d.Load()) }

// Store sets the deadline, or takes it away if t is zero, and wakes what waits with [Bounds.Enter] or [Deadline.Wait]. A
// Read or Write that may wait with d does not notice; [Conn.SetDeadline] tells it. What is told by the wall clock alone is as far
// away as it is now, however that clock jumps behind: so it is with deadlines of package net.
func (d *Deadline) Store(t time.Time) {
	if !t.IsZero() && t == t.Round(0) { // without a monotonic reading
		t = time.Now().Add(time.Until(t))
	}
	d.at.Store(&t)
	d.Wake()
}

// Wake wakes what waits with [Bounds.Enter] or [Deadline.Wait] without a change of the deadline.
func (d *Deadline) Wake() {
	if d == nil {
		return
	}
	if ch := d.changed.Swap(nil); ch != nil {
		close(*ch)
	}
}

// Wait returns a channel that is closed at the next Store or Wake, and one that is ready when the deadline as it is now
// has come. Both are nil for a nil Deadline, and the second one is if there is no deadline. The caller calls stop when it
// no longer waits.
func (d *Deadline) Wait() (changed <-chan struct{}, expiry <-chan time.Time, stop func()) {
	if d == nil {
		return nil, nil, func() {}
	}
	changed = d.change() // before the deadline is looked at: no change behind that must be missed
	at := d.Load()
	if at.IsZero() {
		return changed, nil, func() {}
	}
	timer := time.NewTimer(time.Until(at))
	return changed, timer.C, func() { timer.Stop() }
}

// change returns the channel that the next change closes.
func (d *Deadline) change() chan struct{} {
	for {
		if ch := d.changed.Load(); ch != nil {
			return *ch
		}
		ch := make(chan struct{})
		if d.changed.CompareAndSwap(nil, &ch) {
			return ch
		}
	}
}

// expired reports whether at is a time that has come; the zero time never does.
func expired(at time.Time) bool { return !at.IsZero() && !time.Now().Before(at) }
