package transfer

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/size"
	"github.com/litert/websocket/opcode"
)

// errTooLong says that the sender goes on behind the end that it has announced, and need not be listened to any more.
var errTooLong = errors.New("more bytes came than were announced")

// An arriving file is received from what there is of it on.
type arriving struct {
	dst    io.Writer
	sum    hash.Hash // of what there is
	at     int64     // how much that is
	length int64     // of the whole, or Unknown
	limit  int64     // of a length that is not known
	Observer

	hasher io.Writer // into sum
}

// receive receives the rest of the file, and what it is in all, if all has come as it was sent.
func (a *arriving) receive(ctx context.Context, c Conn) (t total, err error) {
	a.hasher = a.sum
	finish := func() {}
	if a.end()-a.at >= hashSize {
		beside := &sideline{sum: a.sum}
		a.hasher, finish = beside, beside.finish
		defer finish() // it is not left running
	}
	for {
		msg, err := c.Receive(ctx)
		if err != nil {
			return t, err
		}
		if msg.Opcode() == opcode.Text {
			if err := readText(msg, &t); err != nil {
				return t, fmt.Errorf("waiting for the sum of the file: %w", err)
			}
			finish()
			return t, a.check(t)
		}
		if _, err := io.Copy(a, msg); err != nil {
			return t, err
		}
	}
}

// end returns where the file has to end at the latest.
func (a *arriving) end() int64 {
	if a.length == Unknown {
		return a.limit
	}
	return a.length
}

// Write takes the next bytes. Those that are too many, or that dst does not take, spoil the file: a disk that is full shall have its
// room back.
func (a *arriving) Write(p []byte) (int, error) {
	switch over := int64(len(p)) > a.end()-a.at; {
	case over && a.length == Unknown:
		return 0, &draft.Spoiled{Err: &draft.Refusal{Err: fmt.Errorf("it has more than the %v that a file may have", size.Bytes(a.limit))}}
	case over:
		return 0, &draft.Spoiled{Err: errTooLong}
	}
	a.hasher.Write(p)
	n, err := a.dst.Write(p)
	a.at += int64(n)
	if err != nil {
		return n, &draft.Spoiled{Err: err}
	}
	return a.Observer.Write(p)
}

// check returns an error if what has come is not what was sent.
func (a *arriving) check(t total) error {
	switch {
	case a.length != Unknown && a.at != a.length, a.at != t.Length:
		return &draft.Spoiled{Err: fmt.Errorf("%d bytes came instead of %d", a.at, max(a.length, t.Length))}
	case digestOf(a.sum) != t.SHA256:
		return &draft.Spoiled{Err: errors.New("the SHA-256 sum of what came is not that of what was sent")}
	}
	return nil
}

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
