package transport

import (
	"context"
	"math"
	"sync/atomic"
	"time"
)

// A limit owns the deadline of one direction of the transport, and the wait that is under way there. Three things share
// the deadline: the idle timeout, the Deadline of the call, and contexts that end.
//
// It is lazy: it is set to the nearest of what is known when a wait begins, and left there although each byte moves the end
// of the idle timeout. When it has expired, the wait asks [limit.reason] why, and goes on if there is no reason any more.
// So an early expiry is harmless; a late one must not happen: whatever brings the end of the wait nearer sets the deadline
// anew ([limit.changed], [limit.kick]). To writes that a cut breaks an early expiry does harm: a [watch] keeps it from them.
//
// What begins a wait anew: for writing, progress. For reading, bytes in either direction begin the idle time anew, and only
// a sign of life begins the time anew that the peer has for one.
type limit struct {
	reading bool // constant after New

	futile uint8 // how often in a row the wait has moved nothing, although the deadline had not expired. Owned by its call

	armed    atomic.Bool              // the deadline is that of deadline and the timeouts; false: it may be anything
	deadline atomic.Pointer[Deadline] // of the wait that is under way, or of the last one
	began    atomic.Int64             // when that began, or began anew

	ctx context.Context // of the wait that is under way, whose call owns it; nil between waits

	at time.Duration // when the wait has to end, as far as the transport or the watch was told, by the clock; guarded by arming
}

// past is a deadline that has expired, and noDeadline one that never does.
var past = time.Unix(1, 0)

const noDeadline = time.Duration(math.MaxInt64)

// maxFutile bounds how often in a row a transport may return neither bytes nor an error, or a timeout for which there was
// no deadline.
const maxFutile = 100

// begin begins a wait within b.
func (l *limit) begin(c *Conn, b Bounds) {
	l.ctx, l.futile = b.Ctx, 0
	l.began.Store(int64(c.clock.now()))
	before := l.deadline.Swap(b.Deadline)
	if before != b.Deadline && !(before.Load().IsZero() && b.Deadline.Load().IsZero()) {
		l.armed.Store(false)
	}
}

// ready arms the transport's deadline for a part of the wait, or ends the wait and returns why, if its bounds have. They
// are looked at behind: a kick that arm has undone is one of a context that has ended before.
func (l *limit) ready(c *Conn) error {
	l.arm(c)
	if err := l.ended(); err != nil {
		l.end(c, c.clock.now())
		return &Error{Kind: Bounded, Err: err}
	}
	return nil
}

// ended returns the error of the bounds of the wait, if they have ended it.
func (l *limit) ended() error { return Bounds{l.ctx, l.deadline.Load()}.Err() }

// anew begins the wait anew, as bytes have moved at now.
func (l *limit) anew(now time.Duration) { l.began.Store(int64(now)) }

// goOn undoes the end of a wait at now, as what has come was not enough. What was futile stays that: a transport that goes on
// failing at once is given up.
func (l *limit) goOn(ctx context.Context, now time.Duration) {
	l.ctx = ctx
	l.anew(now)
}

// end ends the wait at now.
func (l *limit) end(c *Conn, now time.Duration) {
	l.ctx = nil
	if !l.reading {
		return
	}
	if asked, missing := c.clock.unanswered(); missing {
		c.clock.spent.Add(int64(max(0, now-max(time.Duration(l.began.Load()), asked))))
	}
}

// isFutile counts a part of the wait that has moved nothing and ended with err, and reports whether the transport is to be
// given up for that. It is not for a timeout at the deadline that was set.
func (l *limit) isFutile(c *Conn, err error) bool {
	if isTimeout(err) && l.isOver(c) {
		l.futile = 0
	} else {
		l.futile++
	}
	return l.futile >= maxFutile
}

// arm sets the transport's deadline, if it does not stand.
func (l *limit) arm(c *Conn) {
	if l.armed.Load() {
		return
	}
	if !l.reading || !c.AwaitsBare() || l.deadline.Load() != nil {
		l.rearm(c)
		return
	}
	// To set a timer takes more of the stack than to wait: a goroutine that waits for a connection is to keep a small one.
	done := make(chan struct{})
	go func() {
		l.rearm(c)
		close(done)
	}()
	<-done
}

// rearm sets the transport's deadline, also if it stands.
func (l *limit) rearm(c *Conn) {
	c.arming.Lock()
	defer c.arming.Unlock()
	l.armed.Store(true)
	l.setLocked(c, l.dueLocked(c))
}

// dueLocked returns when the wait has to end, or the zero time.
func (l *limit) dueLocked(c *Conn) time.Time {
	clock := &c.clock
	at := clock.nearer(l.deadline.Load().Load(), l.idleSince(c), clock.timeout())
	if l.reading && c.isBrief() {
		at = clock.nearer(at, clock.now(), briefly)
	}
	if !l.reading && (c.vectored || c.floor() != nil) {
		at = clock.nearer(at, clock.now(), clock.timeout()/writeParts)
	}
	if since, ok := l.unansweredSince(c); ok {
		at = clock.nearer(at, since, clock.patience)
	}
	return at
}

// writeParts is of how many parts the idle timeout of a write to a socket consists: a write that has taken some bytes, and waits,
// does not tell when it took them, so the deadline comes after each part, and what had moved by then counts as moved just
// then. The timeout is late by a part at most.
const writeParts = 10

// note notes what the deadline was set to.
func (l *limit) note(c *Conn, at time.Time) {
	if l.at = noDeadline; !at.IsZero() {
		now := c.clock.now() // before the rest is known: the sum is not later than at
		l.at = now + min(time.Until(at), noDeadline-now)
	}
}

func (l *limit) setLocked(c *Conn, at time.Time) {
	before := l.at
	if l.note(c, at); at.IsZero() && before == noDeadline {
		return
	}
	switch f := c.floor(); {
	case l.reading:
		c.rwc.SetReadDeadline(at)
	case f != nil:
		f.Conn.SetWriteDeadline(at)
	case c.vectored:
		c.rwc.SetWriteDeadline(at)
	default:
		c.noSocket.watch.setLocked(c, at)
	}
}

// changed takes a change of d over into the wait that is under way, if that is its deadline, or with a nil d a change of a
// timeout.
func (l *limit) changed(c *Conn, d *Deadline) {
	c.arming.Lock()
	defer c.arming.Unlock()
	if l.armed.Load() && (d == nil || d == l.deadline.Load()) {
		l.setLocked(c, l.dueLocked(c))
	}
}

// fix sets the deadline to at, whatever bounds and timeouts say. It is set anew before the next wait.
func (l *limit) fix(c *Conn, at time.Time) {
	c.arming.Lock()
	defer c.arming.Unlock()
	l.armed.Store(false)
	l.setLocked(c, at)
}

// kick lets the deadline expire at once, and so ends the wait that is under way, if it has a reason to.
func (l *limit) kick(c *Conn) { l.fix(c, past) }

// reason returns why the wait must end now, or nil; the deadline is then set anew before it goes on.
func (l *limit) reason(c *Conn) *Error {
	l.armed.Store(false)
	if err := l.ended(); err != nil {
		return &Error{Kind: Bounded, Err: err}
	}
	clock, now := &c.clock, c.clock.now()
	if idle := clock.timeout(); idle > 0 && now-l.idleSince(c) >= idle {
		return &Error{Kind: Idle}
	}
	if since, ok := l.unansweredSince(c); ok && now-since >= clock.patience {
		return &Error{Kind: Unanswered}
	}
	return nil
}

// isOver reports whether the deadline that was set has expired. If not, a timeout is the transport's own.
func (l *limit) isOver(c *Conn) bool {
	c.arming.Lock()
	defer c.arming.Unlock()
	return l.at <= c.clock.now()
}

// idleSince tells since when the connection is idle for the wait: while nothing waits, it is not. A wait for the peer to
// read does not care what the peer sends.
func (l *limit) idleSince(c *Conn) time.Duration {
	began := time.Duration(l.began.Load())
	if l.reading {
		return max(began, time.Duration(c.clock.last.Load()))
	}
	return began
}

// unansweredSince tells since when the wait has missed a sign of life that the peer was asked for, as if it had waited
// for it without a pause. While nothing waits, what the peer has sent may be there unread.
func (l *limit) unansweredSince(c *Conn) (since time.Duration, ok bool) {
	if !l.reading || c.clock.patience <= 0 {
		return 0, false
	}
	asked, missing := c.clock.unanswered()
	return max(time.Duration(l.began.Load()), asked) - time.Duration(c.clock.spent.Load()), missing
}
