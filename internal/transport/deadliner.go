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

	writes  sync.Mutex // guards following
	expired bool       // the deadline of writes has
	writing bool       // one is under way
	late    bool       // one was ended
}

func newDeadliner(rwc io.ReadWriteCloser, cut func()) *deadliner {
	t := &deadliner{rwc: rwc, cut: cut}
	t.pump.start(rwc)
	return t
}

// Write writes p, and closes the transport if the deadline has expired before that is done.
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
	t.writing = !t.late && !t.expired
	return t.writing
}

// endWrite reports whether the write was ended.
func (t *deadliner) endWrite() bool {
	t.writes.Lock()
	defer t.writes.Unlock()
	t.writing = false
	return t.late
}

// wasCut reports whether a write was ended, after which no other can follow.
func (t *deadliner) wasCut() bool {
	t.writes.Lock()
	defer t.writes.Unlock()
	return t.late
}

// SetWriteDeadline ends the write that is under way, and all that follow, if at has come; if it is later, they go on: a
// [watch] calls it when it has come.
func (t *deadliner) SetWriteDeadline(at time.Time) error {
	t.writes.Lock()
	defer t.writes.Unlock()
	t.expired = expired(at)
	if t.expired && t.writing && !t.late {
		t.late = true
		go t.cut() // it does not come back before the caller has
	}
	return nil
}

// Close closes the transport, which ends the read and the write that are under way.
func (t *deadliner) Close() error {
	t.cut()
	return nil
}
