package transfer

import "hash"

const (
	// hashSize is how much is hashed at once, beside what else is done.
	hashSize = 256 << 10

	// firstSize is how much memory there is for the first bytes: a length is easily announced.
	firstSize = 64 << 10

	// leastRoom is what a read is worth.
	leastRoom = 4 << 10
)

// A sideline has memory for the bytes of a file, and hashes them while the next ones come. What is fewer is hashed at the end, as
// there may be many small files.
type sideline struct {
	sum    hash.Hash
	next   []byte      // what has come; nil: there is no memory for it yet
	size   int         // of the next memory
	most   int         // of the memory behind the first
	hashed chan []byte // what has been hashed, if something is; nil: nothing is
}

// newSideline returns one for up to n bytes.
func newSideline(sum hash.Hash, n int64) *sideline {
	most := int(1 + max(0, min(hashSize-1, n))) // the end is read, too
	return &sideline{sum: sum, size: min(firstSize, most), most: most}
}

// room returns memory for what comes next.
func (s *sideline) room() []byte {
	if len(s.next) == cap(s.next) {
		s.next = append(make([]byte, 0, s.size), s.next...)
		s.size = s.most
	}
	return s.next[len(s.next):cap(s.next)]
}

// add takes n bytes of the room, which must not be changed from then on, but can be read until there is another room twice.
func (s *sideline) add(n int) {
	s.next = s.next[:len(s.next)+n]
	if len(s.next) > hashSize-leastRoom {
		s.begin()
	}
}

// begin begins to hash what has come, once all before is hashed.
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
