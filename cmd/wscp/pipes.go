package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/litert/websocket/internal/draft"
)

// openSource opens what is to be sent: a file, the input as "-", or what else has bytes but no length, as a pipe.
func (c console) openSource(name string) (*source, error) {
	if name == "-" {
		return &source{name: "standard input", pipe: c.in}, nil
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, draft.Refuse(name, err)
	case info.IsDir():
		return nil, &draft.Refusal{Err: fmt.Errorf("%q: is a directory; the URL that it is put to ends with a slash", name)}
	case info.Mode().IsRegular():
		return open(name, os.Stat, os.Open)
	case info.Mode()&fs.ModeSocket != 0:
		return nil, draft.NotRegular(name)
	}
	file, err := os.Open(name)
	return &source{File: file, name: name, pipe: file}, draft.Refuse(name, err)
}

// leave does what may wait for the other end of a pipe for ever. Once ctx has ended, it is left behind: the process is about to end.
func leave[T any](ctx context.Context, do func() (T, error)) (done T, err error) {
	type outcome struct {
		T   T
		err error
	}
	came := make(chan outcome, 1)
	go func() {
		done, err := do()
		came <- outcome{done, err}
	}()
	select {
	case o := <-came:
		return o.T, o.err
	case <-ctx.Done():
		return done, errInterrupted
	}
}

// pump copies src to dst by reads and writes alone.
func pump(dst io.Writer, src io.Reader) (int64, error) {
	return io.CopyBuffer(struct{ io.Writer }{dst}, struct{ io.Reader }{src}, make([]byte, hashSize))
}
