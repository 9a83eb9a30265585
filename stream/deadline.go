package stream

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// bounds are what ends a wait on the transport, beside the idle timeout.
type bounds struct {
	ctx  context.Context
	user *userDeadline // nil: none
}

// A userDeadline is the deadline that the user gave to a Reader or Writer: unix nanoseconds, or 0.
type userDeadline struct{ at atomic.Int64 }

func (u *userDeadline) store(t time.Time) {
	if t.IsZero() {
		u.at.Store(0)
		return
	}
	u.at.Store(t.UnixNano())
}

func (u *userDeadline) load() time.Time {
	if u == nil {
		return time.Time{}
	}
	if at := u.at.Load(); at != 0 {
		return time.Unix(0, at)
	}
	return time.Time{}
}

// A deadline keeps the deadline of one direction of the transport. Three things share it: the idle timeout, the user's
// deadline, and contexts that end. It is lazy: it is set to the nearer of the first two and left there, and when it has
// expired, whoever got the timeout asks [deadline.reason] why, and goes on if there is no reason any more. An expiry
// without a reason therefore does no harm.
type deadline struct {
	set     func(time.Time) error // constant after New
	reading bool                  // constant after New: bytes in the other direction count as activity too

	user  time.Time   // what arm took into account; owned by who may wait
	armed atomic.Bool // the transport's deadline is that of arm; false: it may be anything

	mu sync.Mutex // guards calls of set
}

// past is a deadline that has expired.
var past = time.Unix(1, 0)

// arm sets the transport's deadline, if it does not stand. began is when the caller's wait began.
func (d *deadline) arm(b bounds, clock *clock, began time.Duration) {
	user := b.user.load()
	if d.armed.Load() && d.user.Equal(user) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.user = user
	at := user
	if idle := clock.timeout(); idle > 0 {
		if end := clock.start.Add(d.idleSince(clock, began) + idle); at.IsZero() || end.Before(at) {
			at = end
		}
	}
	d.set(at)
	d.armed.Store(true)
}

// kick lets the deadline expire at once, and so ends the wait that is under way, if it has a reason to.
func (d *deadline) kick() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.armed.Store(false)
	d.set(past)
}

// disarm has the deadline set anew before the next wait.
func (d *deadline) disarm() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.armed.Store(false)
}

// reason tells why a wait that began at began must end now, or returns nil.
func (d *deadline) reason(b bounds, clock *clock, began time.Duration) error {
	d.disarm()
	if err := b.ctx.Err(); err != nil {
		return err
	}
	if expired(b.user.load()) {
		return os.ErrDeadlineExceeded
	}
	if idle := clock.timeout(); idle > 0 && clock.now()-d.idleSince(clock, began) >= idle {
		return ErrIdleTimeout
	}
	return nil
}

// idleSince tells since when the connection is idle for somebody who waits since began: while nobody waits, it is
// not. Who waits for the peer to read does not care what the peer sends.
func (d *deadline) idleSince(clock *clock, began time.Duration) time.Duration {
	if d.reading {
		return max(began, time.Duration(clock.last.Load()))
	}
	return began
}

// A clock knows when a connection was last active.
type clock struct {
	start time.Time    // constant after New
	last  atomic.Int64 // when the last byte came or went, as a duration since start
	idle  atomic.Int64 // the idle timeout; 0: none
}

func (c *clock) now() time.Duration     { return time.Since(c.start) }
func (c *clock) tick()                  { c.last.Store(int64(c.now())) }
func (c *clock) timeout() time.Duration { return time.Duration(c.idle.Load()) }

// isTimeout reports whether err says that a deadline has expired. A system call can time out too, for good.
func isTimeout(err error) bool {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	var t net.Error
	var errno syscall.Errno
	return errors.As(err, &t) && t.Timeout() && !errors.As(err, &errno)
}
