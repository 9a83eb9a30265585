package transport

import "time"

// A watch ends a write to a transport that is no socket of the system, and that a deadline may break for good: it gets none
// before it is over. A timer that is left to run from write to write costs less than a deadline for each. Guarded by arming.
type watch struct {
	timer *time.Timer   // nil: there was no need for one
	rings time.Duration // when it does; noDeadline: not at all
	over  bool          // the deadline of the transport has expired
	ended bool          // the connection was closed: the timer must not keep it in memory
}

// setLocked takes over when the write has to end, which writeLimit says.
func (w *watch) setLocked(c *Conn) {
	at, now := c.writeLimit.at, c.clock.now()
	if over := at <= now; over != w.over {
		w.over = over
		if over {
			c.rwc.SetWriteDeadline(past)
		} else {
			c.rwc.SetWriteDeadline(time.Time{})
		}
	}
	switch {
	case at > now && at < w.rings:
		w.rings = at
		if w.timer == nil {
			w.timer = time.AfterFunc(at-now, func() { w.ring(c) })
		} else {
			w.timer.Reset(at - now)
		}
	case w.ended && at == noDeadline && w.rings != noDeadline:
		w.rings = noDeadline
		w.timer.Stop()
	}
}

// ring is called when the write that the timer was set for has to end, unless that has changed.
func (w *watch) ring(c *Conn) {
	c.arming.Lock()
	defer c.arming.Unlock()
	w.rings = noDeadline
	w.setLocked(c)
}

// end lets go of the timer, once no write needs it.
func (w *watch) end(c *Conn) {
	c.arming.Lock()
	defer c.arming.Unlock()
	w.ended = true
	w.setLocked(c)
}
