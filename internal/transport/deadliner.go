package transport

import (
	"io"
	"os"
	"sync"
	"time"

	"github.com/litert/websocket/internal/buffer"
)

// A deadliner gives deadlines to a transport without any, as the channels of SSH are. A read is left to a goroutine,
// which ends when bytes come or the transport is closed; what it brings after the deadline is kept for the next Read. A
// write that is late can only be ended by closing the transport, and is.
type deadliner struct {
	rwc io.ReadWriteCloser
	cut func() // closes rwc at once

	mu           sync.Mutex // guards following
	changed      chan struct{}
	readDeadline time.Time
	reading      bool   // the goroutine runs, or what it brought is not all taken
	buf          []byte // what the goroutine reads into
	brought      []byte // by the goroutine, a part of buf
	err          error  // of its read, behind what it brought
	finished     bool   // the goroutine has ended

	writeDeadline time.Time
	writing       *time.Timer // ends the write that is under way
	late          bool        // a write was ended
}

// Read reads through a goroutine, so that it can return at the deadline.
func (t *deadliner) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for !t.finished {
		if expired(t.readDeadline) {
			return 0, os.ErrDeadlineExceeded
		}
		if !t.reading {
			t.reading = true
			if t.buf == nil {
				t.buf = make([]byte, buffer.Small)
			}
			go t.readBehind()
		}
		t.wait()
	}
	n := copy(p, t.brought)
	t.brought = t.brought[n:]
	switch {
	case len(t.brought) > 0:
		return n, nil
	case t.err != nil && n > 0:
		return n, nil // the error is for the next Read
	case t.err != nil:
		return 0, t.err
	}
	t.reading, t.finished, t.brought = false, false, nil
	return n, nil
}

// wait waits until a read has finished, the read deadline has changed, or it has expired. The caller holds mu.
func (t *deadliner) wait() {
	if t.changed == nil {
		t.changed = make(chan struct{})
	}
	changed := t.changed
	var expiry <-chan time.Time
	if !t.readDeadline.IsZero() {
		timer := time.NewTimer(time.Until(t.readDeadline))
		defer timer.Stop()
		expiry = timer.C
	}
	t.mu.Unlock()
	defer t.mu.Lock()
	select {
	case <-changed:
	case <-expiry:
	}
}

// wakeLocked ends all waits.
func (t *deadliner) wakeLocked() {
	if t.changed != nil {
		close(t.changed)
		t.changed = nil
	}
}

// readBehind reads into buf, which nothing else touches meanwhile.
func (t *deadliner) readBehind() {
	n, err := t.rwc.Read(t.buf)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.brought, t.err, t.finished = t.buf[:n], err, true
	t.wakeLocked()
}

// SetReadDeadline sets the deadline of Read, also of one that is under way.
func (t *deadliner) SetReadDeadline(at time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.readDeadline = at
	t.wakeLocked()
	return nil
}

// Write writes p, and closes the transport if that is not done at the deadline.
func (t *deadliner) Write(p []byte) (int, error) {
	t.mu.Lock()
	if t.late || expired(t.writeDeadline) {
		t.mu.Unlock()
		return 0, os.ErrDeadlineExceeded
	}
	t.writing = time.AfterFunc(untilWrite(t.writeDeadline), t.giveUp)
	t.mu.Unlock()

	n, err := t.rwc.Write(p)

	t.mu.Lock()
	defer t.mu.Unlock()
	t.writing.Stop()
	t.writing = nil
	if err != nil && t.late {
		err = os.ErrDeadlineExceeded
	}
	return n, err
}

// giveUp ends the write that is under way, or comes again if it is too early for that.
func (t *deadliner) giveUp() {
	if t.isLate() {
		t.cut()
	}
}

// isLate reports whether the write that is under way is to be ended, and sets the timer anew if it is not yet.
func (t *deadliner) isLate() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.writing == nil:
		return false
	case !expired(t.writeDeadline):
		t.writing.Reset(untilWrite(t.writeDeadline))
		return false
	}
	t.late = true
	return true
}

// wasCut reports whether a write was ended, after which no other can follow.
func (t *deadliner) wasCut() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.late
}

// SetWriteDeadline sets the deadline of Write, also of one that is under way.
func (t *deadliner) SetWriteDeadline(at time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.writeDeadline = at
	if t.writing != nil {
		t.writing.Reset(untilWrite(at))
	}
	return nil
}

// Close closes the transport, which ends the read and the write that are under way.
func (t *deadliner) Close() error {
	t.cut()
	return nil
}

// untilWrite returns how long a write may take: for ever, near enough, without a deadline.
func untilWrite(deadline time.Time) time.Duration {
	if deadline.IsZero() {
		return 1<<63 - 1
	}
	return time.Until(deadline)
}
