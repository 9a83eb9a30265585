package main

import "hash"

// A sideline hashes bytes while something else is done with them, of which it has a copy.
type sideline struct {
	sum    hash.Hash
	next   []byte      // what was gathered
	hashed chan []byte // what has been hashed, if something is; nil: nothing is
}

func (s *sideline) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		if s.next == nil {
			s.next = make([]byte, 0, hashSize)
		}
		n := min(len(rest), cap(s.next)-len(s.next))
		s.next = append(s.next, rest[:n]...)
		if rest = rest[n:]; len(s.next) == cap(s.next) {
			s.begin()
		}
	}
	return len(p), nil
}

// begin begins to hash what was gathered, once all before is hashed.
func (s *sideline) begin() {
	full := s.next
	s.next = s.wait()
	hashed := make(chan []byte, 1)
	s.hashed = hashed
	go func() {
		s.sum.Write(full)
		hashed <- full[:0]
	}()
}

// wait waits until nothing is hashed, and returns the memory of what was, if any.
func (s *sideline) wait() (free []byte) {
	if s.hashed != nil {
		free, s.hashed = <-s.hashed, nil
	}
	return free
}

// finish hashes what is left. From then on, the sum is that of all.
func (s *sideline) finish() {
	s.wait()
	s.sum.Write(s.next)
	s.next = s.next[:0]
}
