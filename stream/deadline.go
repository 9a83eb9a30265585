package stream

import (
	"context"
	"errors"
	"math"
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

// A userDeadline is the deadline that the user gave to a Reader or Writer. A nil userDeadline is none.
type userDeadline struct {
	at   atomic.Pointer[time.Time]
	wake atomic.Pointer[context.CancelFunc] // of the latest context
}

func (u *userDeadline) store(t time.Time) {
	u.at.Store(&t)
	if wake := u.wake.Load(); wake != nil {
		(*wake)()
	}
}

// context returns a context that ends at the deadline, or when there is another one.
func (u *userDeadline) context() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	u.wake.Store(&cancel)
	at := u.load()
	if at.IsZero() {
		return ctx, cancel
	}
	timer := time.AfterFunc(time.Until(at), cancel)
	return ctx, func() {
		timer.Stop()
		cancel()
	}
}

// load returns the zero time if there is no deadline.
func (u *userDeadline) load() time.Time {
	if u == nil {
		return time.Time{}
	}
	if at := u.at.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

// A deadline keeps the deadline of one direction of the transport. Three things share it: the idle timeout, the user's
// deadline, and contexts that end. It is lazy: it is set to the nearer of the first two and left there, and when it has
// expired, whoever got the timeout asks [deadline.reason] why, and goes on if there is no reason any more. So an expiry
// without a reason does no harm, except to writes over TLS, for which it is set anew each time, and cleared behind.
type deadline struct {
	s       *Socket                      // constant after New
	reading bool                         // constant after New: bytes in the other direction count as activity too
	armed   atomic.Bool                  // the deadline is that of user and the idle timeout; false: it may be anything
	user    atomic.Pointer[userDeadline] // of who waits

	mu    sync.Mutex    // guards following, and what is set
	at    time.Duration // what was set last, by the clock
	began time.Duration // when the wait began for which it was
}

func (d *deadline) init(s *Socket, reading bool) { d.s, d.reading, d.at = s, reading, noDeadline }

// past is a deadline that has expired, and noDeadline one that never does.
var past = time.Unix(1, 0)

const noDeadline = time.Duration(math.MaxInt64)

// arm sets the transport's deadline for a wait that began at began, if it does not stand.
func (d *deadline) arm(b bounds, began time.Duration) {
	before := d.user.Swap(b.user)
	if d.armed.Load() && (before == b.user || before.load().IsZero() && b.user.load().IsZero()) {
		return
	}
	if !d.reading || d.s.raw == nil || b.user != nil {
		d.rearm(began)
		return
	}
	// To set a timer takes more of the stack than to wait for a message: whoever does that is to keep a small one.
	done := make(chan struct{})
	go func() {
		d.rearm(began)
		close(done)
	}()
	<-done
}

func (d *deadline) rearm(began time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.began = began
	d.armed.Store(true)
	d.setLocked(d.dueLocked())
}

// dueLocked returns when the wait has to end, or the zero time.
func (d *deadline) dueLocked() time.Time {
	at := d.user.Load().load()
	at = d.s.clock.nearer(at, d.idleSince(d.began), d.s.clock.timeout())
	if since, ok := d.unansweredSince(d.began); ok {
		at = d.s.clock.nearer(at, since, d.s.clock.keepAlive)
	}
	return at
}

// longest is where a timeout turns into none, before sums with it overflow.
const longest = 100 * 365 * 24 * time.Hour

func (d *deadline) setLocked(at time.Time) {
	if d.at = noDeadline; !at.IsZero() {
		d.at = at.Sub(d.s.clock.start)
	}
	if d.reading {
		d.s.transport.SetReadDeadline(at)
	} else {
		d.s.transport.SetWriteDeadline(at)
	}
}

// changed takes a change of the idle timeout, or of the user's deadline, over into the wait that is under way. A nil
// user stands for whichever it is.
func (d *deadline) changed(user *userDeadline) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.armed.Load() && (user == nil || user == d.user.Load()) {
		d.setLocked(d.dueLocked())
	}
}

// fix sets the deadline to at, whatever the idle timeout and the user say. It is set anew before the next wait.
func (d *deadline) fix(at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.armed.Store(false)
	d.setLocked(at)
}

// kick lets the deadline expire at once, and so ends the wait that is under way, if it has a reason to.
func (d *deadline) kick() { d.fix(past) }

// reason tells why a wait that began at began must end now, or returns nil; the deadline is then set anew before the
// next one.
func (d *deadline) reason(b bounds, began time.Duration) error {
	d.armed.Store(false)
	if err := b.ctx.Err(); err != nil {
		return err
	}
	if expired(b.user.load()) {
		return os.ErrDeadlineExceeded
	}
	if idle := d.s.clock.timeout(); idle > 0 && d.s.clock.now()-d.idleSince(began) >= idle {
		return ErrIdleTimeout
	}
	if since, ok := d.unansweredSince(began); ok && d.s.clock.now()-since >= d.s.clock.keepAlive {
		return ErrNoPong
	}
	return nil
}

// isOver reports whether the deadline that was set has expired. If not, a timeout is the transport's own.
func (d *deadline) isOver() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at <= d.s.clock.now()
}

// idleSince tells since when the connection is idle for somebody who waits since began: while nobody waits, it is
// not. Who waits for the peer to read does not care what the peer sends.
func (d *deadline) idleSince(began time.Duration) time.Duration {
	if d.reading {
		return max(began, time.Duration(d.s.clock.last.Load()))
	}
	return began
}

// unansweredSince tells since when somebody who waits to read since began has missed the answer to a ping.
func (d *deadline) unansweredSince(began time.Duration) (since time.Duration, ok bool) {
	pinged := time.Duration(d.s.clock.pinged.Load())
	if !d.reading || pinged == 0 || pinged <= time.Duration(d.s.clock.heard.Load()) {
		return 0, false
	}
	return max(began, pinged), true
}

// A clock knows when a connection was last active. Its times are durations since start.
type clock struct {
	start     time.Time     // constant after New
	keepAlive time.Duration // constant after New: how long a ping may go unanswered

	last   atomic.Int64 // when the last byte came or went
	heard  atomic.Int64 // when the last byte came
	pinged atomic.Int64 // when the first ping was sent behind that, if it is later
	idle   atomic.Int64 // the idle timeout; 0: none
}

func (c *clock) now() time.Duration     { return time.Since(c.start) }
func (c *clock) tick()                  { c.last.Store(int64(c.now())) }
func (c *clock) timeout() time.Duration { return time.Duration(c.idle.Load()) }

// heardNow says that bytes have come.
func (c *clock) heardNow() {
	now := int64(c.now())
	c.last.Store(now)
	c.heard.Store(now)
}

// nearer returns at, or the end of a timeout that began at since, if there is one and it is nearer.
func (c *clock) nearer(at time.Time, since, timeout time.Duration) time.Time {
	if timeout <= 0 || timeout >= longest {
		return at
	}
	if end := c.start.Add(since + timeout); at.IsZero() || end.Before(at) {
		return end
	}
	return at
}

// isTimeout reports whether err says that a deadline has expired. A system call can time out too, for good.
func isTimeout(err error) bool {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	var t net.Error
	var errno syscall.Errno
	return errors.As(err, &t) && t.Timeout() && !errors.As(err, &errno)
}
