package transport

import "time"

// A watch ends a write to a transport that is no socket of the system, and that a deadline may break for good: it gets none
// before it is over. Guarded by arming.
type watch struct {
	until time.Time // when the write has to end; the zero time: not at all
	alarm alarm     // rings then
	over  bool      // the deadline of the transport has expired
	ended bool      // the connection was closed: the alarm must not keep it in memory
}

// setLocked sets when the write has to end.
func (w *watch) setLocked(c *Conn, until time.Time) {
	w.until = until
	w.lookLocked(c)
}

// lookLocked ends the write if it is late, and sees to it that the alarm comes in time otherwise.
func (w *watch) lookLocked(c *Conn) {
	if over := expired(w.until); over != w.over {
		w.over = over
		if over {
			c.rwc.SetWriteDeadline(past)
		} else {
			c.rwc.SetWriteDeadline(time.Time{})
		}
	}
	switch {
	case w.over:
	case !w.until.IsZero():
		if w.alarm.ring == nil {
			w.alarm.ring = func() { w.rung(c) }
		}
		w.alarm.set(w.until)
	case w.ended:
		w.alarm.stop()
	}
}

func (w *watch) rung(c *Conn) {
	c.arming.Lock()
	defer c.arming.Unlock()
	w.alarm.rung()
	w.lookLocked(c)
}

// end lets go of the alarm, once no write needs it.
func (w *watch) end(c *Conn) {
	c.arming.Lock()
	defer c.arming.Unlock()
	w.ended = true
	w.lookLocked(c)
}
