package transport

import (
	"sync/atomic"
	"time"
)

// longest is where a timeout turns into none, before sums with it overflow.
const longest = 100 * 365 * 24 * time.Hour

// A clock knows when bytes have moved, and when the peer was alive. Its times are durations since start. That bytes have
// come and that a sign of life has come are two things: the caller of Read decides which bytes are one.
type clock struct {
	start    time.Duration // constant after New: since epoch
	patience time.Duration // constant after New: how long the peer may take to give a sign of life; 0: for ever

	idle  atomic.Int64 // the idle timeout; 0: none
	last  atomic.Int64 // when the last byte came or went
	alive atomic.Int64 // when the last sign of life came
	asked atomic.Int64 // when the peer was first asked for one behind that, if it is later
	spent atomic.Int64 // how long earlier reads have waited for the one that is missing

	came time.Duration // when the bytes of the last Read came. Owned by its caller.
}

// epoch is what the clocks of all connections are told by, so that each has only a number to keep.
var epoch = time.Now()

func (c *clock) now() time.Duration     { return time.Since(epoch) - c.start }
func (c *clock) timeout() time.Duration { return time.Duration(c.idle.Load()) }

// moved notes that bytes have come or gone, and returns when that was.
func (c *clock) moved() time.Duration {
	now := c.now()
	c.last.Store(int64(now))
	return now
}

// answered forgets how long reads have waited for a sign of life, as one has come.
func (c *clock) answered() {
	if c.spent.Load() != 0 {
		c.spent.Store(0)
	}
}

// unanswered reports whether the peer was asked for a sign of life and has not given one, and since when.
func (c *clock) unanswered() (since time.Duration, ok bool) {
	asked := c.asked.Load()
	return time.Duration(asked), asked > c.alive.Load()
}

// nearer returns at, or the end of a timeout that began at since, if there is one and it is nearer.
func (c *clock) nearer(at time.Time, since, timeout time.Duration) time.Time {
	if timeout <= 0 || timeout >= longest {
		return at
	}
	if end := time.Now().Add(since + timeout - c.now()); at.IsZero() || end.Before(at) {
		return end
	}
	return at
}

// Now returns how long ago New was called: the present, as the times of a Conn are told.
func (c *Conn) Now() time.Duration { return c.clock.now() }

// Moved returns when the last byte came or went; 0 if none has.
func (c *Conn) Moved() time.Duration { return time.Duration(c.clock.last.Load()) }

// Alive notes that a sign of life has come with the bytes of the last Read or Await. It may only be called by the caller of
// that, before the next one.
func (c *Conn) Alive() {
	c.clock.alive.Store(int64(c.clock.came))
	c.clock.answered()
}

// LastAlive returns when the last sign of life came; 0 if none has.
func (c *Conn) LastAlive() time.Duration { return time.Duration(c.clock.alive.Load()) }

// Asked notes that the peer was asked for a sign of life at that time. If it was asked before and has not answered, that
// counts. From then on a Read fails with [Unanswered] once calls of it have waited for [Config].Patience, also the one that
// waits already. Any goroutine may call Asked at any time.
func (c *Conn) Asked(at time.Duration) {
	for {
		old := c.clock.asked.Load()
		if old > c.clock.alive.Load() {
			return
		}
		if c.clock.asked.CompareAndSwap(old, int64(at)) {
			break
		}
	}
	c.readLimit.changed(c, nil)
}

// Unanswered reports whether the peer was asked for a sign of life, and has not given one since.
func (c *Conn) Unanswered() bool {
	_, ok := c.clock.unanswered()
	return ok
}

// IdleTimeout returns the idle timeout; 0 is none.
func (c *Conn) IdleTimeout() time.Duration { return c.clock.timeout() }

// SetIdleTimeout changes the idle timeout, also for calls that wait already; 0 is none. Any goroutine may call it at any
// time.
func (c *Conn) SetIdleTimeout(d time.Duration) {
	c.clock.idle.Store(int64(d))
	c.readLimit.changed(c, nil)
	c.writeLimit.changed(c, nil)
}

// SetDeadline sets d to t, and takes that over into a Read or Write that waits with d. Any goroutine may call it at any
// time.
func (c *Conn) SetDeadline(d *Deadline, t time.Time) {
	d.Store(t)
	c.readLimit.changed(c, d)
	c.writeLimit.changed(c, d)
}
