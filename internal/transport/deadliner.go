package transport

import (
	"io"
	"os"
	"sync"
	"time"
)

// A deadliner gives deadlines to a transport without any, as the streams of HTTP/2 and the channels of SSH are. A read is
// left to a pump. A write that is late can only be ended by closing the transport, and is.
type deadliner struct {
	rwc io.ReadWriteCloser // constant
	cut func()             // constant: closes rwc at once

	pump

	writes   sync.Mutex // guards following
	until    time.Time  // the deadline of writes
	lateness alarm      // rings a write at the deadline
	writing  bool       // one is under way
	late     bool       // one was ended
}

func newDeadliner(rwc io.ReadWriteCloser, cut func()) *deadliner {
	t := &deadliner{rwc: rwc, cut: cut}
	t.pump.start(rwc)
	t.lateness.ring = t.giveUp
	return t
}

// Write writes p, and closes the transport if that is not done at the deadline.
func (t *deadliner) Write(p []byte) (int, error) {
	if !t.beginWrite() {
		return 0, os.ErrDeadlineExceeded
	}
	n, err := t.rwc.Write(p)
	if t.endWrite() && err != nil {
		err = os.ErrDeadlineExceeded
	}
	return n, err
}

func (t *deadliner) beginWrite() bool {
	t.writes.Lock()
	defer t.writes.Unlock()
	if t.late || expired(t.until) {
		return false
	}
	t.writing = true
	t.lateness.set(t.until)
	return true
}

// endWrite reports whether the write was ended.
func (t *deadliner) endWrite() bool {
	t.writes.Lock()
	defer t.writes.Unlock()
	t.writing = false
	return t.late
}

// giveUp ends the write that is under way, or comes again if it is too early for that.
func (t *deadliner) giveUp() {
	if t.isLate() {
		t.cut()
	}
}

// isLate reports whether the write that is under way is to be ended, and sets the alarm anew if it is not yet.
func (t *deadliner) isLate() bool {
	t.writes.Lock()
	defer t.writes.Unlock()
	t.lateness.rung()
	switch {
	case !t.writing:
		return false
	case !expired(t.until):
		t.lateness.set(t.until)
		return false
	}
	t.late = true
	return true
}

// wasCut reports whether a write was ended, after which no other can follow.
func (t *deadliner) wasCut() bool {
	t.writes.Lock()
	defer t.writes.Unlock()
	return t.late
}

// SetWriteDeadline sets the deadline of Write, also of one that is under way.
func (t *deadliner) SetWriteDeadline(at time.Time) error {
	t.writes.Lock()
	defer t.writes.Unlock()
	t.until = at
	if t.writing {
		t.lateness.set(at)
	}
	return nil
}

// Close closes the transport, which ends the read and the write that are under way.
func (t *deadliner) Close() error {
	t.cut()
	return nil
}

// end stops what waits for time or for who reads, as the transport is closed.
func (t *deadliner) end() {
	t.pump.end()
	t.writes.Lock()
	defer t.writes.Unlock()
	t.lateness.stop()
}
