package transfer

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/osfile"
)

// A Source is a file to be sent, or a pipe.
type Source struct {
	*os.File
	Info fs.FileInfo // of when it was opened; nil: a pipe

	name  string                  // that the user knows
	pipe  io.Reader               // nil: a file, which can be read again
	again func() (*Source, error) // opens it anew; nil: nothing does
	sent  bool
}

// Pipe returns a source of bytes that can be read once, until they end. Name is what errors call it.
func Pipe(name string, bytes io.Reader) *Source { return &Source{name: name, pipe: bytes} }

// IsPipe reports whether the source can be read only once.
func (s *Source) IsPipe() bool { return s.pipe != nil }

// Open opens a file, or what else has bytes but no length, as a pipe, which may wait for its other end until ctx ends. Directories
// and sockets are refused.
func Open(ctx context.Context, name string) (*Source, error) {
	return leave(ctx, func() (*Source, error) { return openNow(name) })
}

// openNow is Open without an end of the wait.
func openNow(name string) (*Source, error) {
	src, err := openAny(name)
	if err != nil {
		return nil, err
	}
	src.again = func() (*Source, error) { return openNow(name) }
	return src, nil
}

func openAny(name string) (*Source, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, draft.Refuse(name, err)
	case info.IsDir():
		return nil, &draft.Refusal{Err: fmt.Errorf("%q: is a directory; the URL that it is put to ends with a slash", name)}
	case info.Mode().IsRegular():
		return openRegular(name, os.Stat, os.Open)
	case info.Mode()&fs.ModeSocket != 0:
		return nil, draft.NotRegular(name)
	}
	file, err := os.Open(name)
	return &Source{File: file, name: name, pipe: file}, draft.Refuse(name, err)
}

// OpenIn opens a regular file in root, also where a link leads to it.
func OpenIn(root *os.Root, name string) (*Source, error) {
	return openRegular(name, root.Stat, readIn(root))
}

// readIn returns what opens files in root.
func readIn(root *os.Root) func(string) (*os.File, error) {
	return func(name string) (*os.File, error) { return root.OpenFile(name, os.O_RDONLY|osfile.LargeFile, 0) }
}

// openRegular opens a file for reading with the functions of package os or of an [os.Root]. Only a regular one has a length, and
// can be opened without having to wait.
func openRegular(name string, stat func(string) (fs.FileInfo, error), open func(string) (*os.File, error)) (*Source, error) {
	info, err := stat(name)
	if err == nil && !info.Mode().IsRegular() {
		return nil, draft.NotRegular(name)
	}
	var file *os.File
	if err == nil {
		file, err = open(name)
	}
	if err == nil {
		if info, err = file.Stat(); err == nil {
			return &Source{File: file, Info: info, name: name}, nil
		}
		file.Close()
	}
	return nil, draft.Refuse(name, err)
}

// renew opens a file anew that was sent before.
func (s *Source) renew() error {
	if s.sent {
		if s.again == nil {
			return &draft.Refusal{Err: fmt.Errorf("%q: can be sent only once", s.name)}
		}
		now, err := s.again()
		if err != nil {
			return err
		}
		s.Close()
		*s = *now
	}
	s.sent = true
	return nil
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
		return done, ErrInterrupted
	}
}
