package browser

import (
	"sync"
	"time"
)

// A side is one direction of a Conn, whose lock guards it: its deadline, and what waits for something to change.
type side struct {
	deadline time.Time     // zero: none
	changed  chan struct{} // closed with the next change; nil: nothing waits
}

func (s *side) setDeadline(t time.Time) {
	s.deadline = t
	s.wake()
}

// isOver reports whether the deadline has expired.
func (s *side) isOver() bool { return !s.deadline.IsZero() && !time.Now().Before(s.deadline) }

// wake ends all waits.
func (s *side) wake() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// wait waits until something has changed, or the deadline expires. The caller holds mu, but for the wait.
func (s *side) wait(mu *sync.Mutex) {
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	changed := s.changed
	var expiry <-chan time.Time
	if !s.deadline.IsZero() {
		timer := time.NewTimer(time.Until(s.deadline))
		defer timer.Stop()
		expiry = timer.C
	}
	mu.Unlock()
	defer mu.Lock()
	select {
	case <-changed:
	case <-expiry:
	}
}
