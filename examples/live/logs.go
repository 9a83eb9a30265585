package main

import (
	"bufio"
	"bytes"
	"io"
	"sync"
)

// window is how many bytes of the last lines viewers see.
const window = 16 << 10

// A tail has the last lines of what is read.
type tail struct {
	mu      sync.Mutex // guards following
	lines   []byte     // UTF-8
	changed bool       // since they were taken
}

// read takes the lines of r as fast as they come, in pieces where they are long. What viewers see has nothing to do with that.
func (t *tail) read(r io.Reader) error {
	for in := bufio.NewReader(r); ; {
		line, _, err := in.ReadLine()
		if err != nil {
			return err
		}
		t.add(bytes.ToValidUTF8(line, []byte("\ufffd")))
	}
}

func (t *tail) add(line []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(append(t.lines, line...), '\n')
	if more := len(t.lines) - window; more > 0 {
		_, t.lines, _ = bytes.Cut(t.lines[more-1:], []byte("\n")) // from the beginning of a line on
	}
	t.changed = true
}

// take returns the last lines, or nil if they are those that were taken before.
func (t *tail) take() ([]byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.changed {
		return nil, nil
	}
	t.changed = false
	return bytes.Clone(t.lines), nil
}
