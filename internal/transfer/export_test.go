package transfer

import (
	"context"
	"hash"
	"io"
	"os"
)

// For tests: what is hashed at once, and what is kept of directories.

const HashSize = hashSize

type Sideline = sideline

var NewSideline = newSideline

func (s *sideline) Room() []byte { return s.room() }

func (s *sideline) Add(n int) { s.add(n) }

func (s *sideline) Finish() { s.finish() }

// CopyTo copies a file to w, and returns the sum that the receiver is told.
func (s *Source) CopyTo(w io.Writer, sum hash.Hash, progress io.Writer) (Digest, error) {
	t, err := s.copyTo(w, 0, sum, progress)
	return t.SHA256, err
}

// PlantDirectory makes a directory so many times, and returns how many are kept of it.
func PlantDirectory(ctx context.Context, root *os.Root, name string, times int) (kept int, err error) {
	r := receiver{root: root}
	for range times {
		if err := r.plant(ctx, entry{Name: name, Mode: 0o750, Directory: true}); err != nil {
			return 0, err
		}
	}
	return len(r.dirs), nil
}

// Hear waits for a receipt beside what else is done.
func Hear(ctx context.Context, c Conn) <-chan error {
	came := make(chan error, 1)
	answer := hear[receipt](ctx, c, "the answer")
	go func() { came <- (<-answer).err }()
	return came
}

var StaysWithin = staysWithin
