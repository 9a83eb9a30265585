package main

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/litert/websocket/opcode"
)

// errTooLong says that the sender goes on behind the end that it has announced, and need not be listened to any more.
var errTooLong = errors.New("more bytes came than were announced")

// A spoiled error is one of a file of which no part is of any use.
type spoiled struct{ error }

func (s *spoiled) Unwrap() error { return s.error }

// A receiving is a file that is received, from what there is of it on.
type receiving struct {
	dst      io.Writer
	sum      hash.Hash // of what there is
	at       int64     // how much that is
	length   int64     // of the whole, or unknown
	limit    int64     // of a length that is not known
	progress io.Writer
}

// receive receives the rest of the file, and returns its digest if all has come as it was sent.
func (r *receiving) receive(ctx context.Context, c conn) (digest, error) {
	end, over := r.length, errTooLong
	if r.length == unknown {
		end, over = r.limit, &refusal{fmt.Errorf("it has more than the %v that a file may have", size(r.limit))}
	}
	var sum io.Writer = r.sum
	finish := func() {}
	if end-r.at >= hashSize {
		beside := &sideline{sum: r.sum}
		sum, finish = beside, beside.finish
		defer finish() // it is not left running
	}
	dst := &limited{io.MultiWriter(sum, storing{r.dst}, r.progress), end - r.at, over}
	for {
		msg, err := c.Receive(ctx)
		if err != nil {
			return nil, err
		}
		if msg.Opcode() == opcode.Text {
			var t total
			if err := readText(msg, &t); err != nil {
				return nil, fmt.Errorf("waiting for the sum of the file: %w", err)
			}
			finish()
			return digestOf(r.sum), r.check(t)
		}
		n, err := io.Copy(dst, msg)
		r.at += n
		if err != nil {
			return nil, err
		}
	}
}

// check returns an error if what has come is not what was sent.
func (r *receiving) check(t total) error {
	switch {
	case r.length != unknown && r.at != r.length, r.at != t.Length:
		return &spoiled{fmt.Errorf("%d bytes came instead of %d", r.at, max(r.length, t.Length))}
	case !digestOf(r.sum).equal(t.SHA256):
		return &spoiled{errors.New("the SHA-256 sum of what came is not that of what was sent")}
	}
	return nil
}

// storing writes to dst. What it cannot write is spoiled: a disk that is full shall have its room back.
type storing struct{ dst io.Writer }

func (s storing) Write(p []byte) (int, error) {
	n, err := s.dst.Write(p)
	if err != nil {
		err = &spoiled{err}
	}
	return n, err
}

// A limited writes to dst, and fails when there is more than rest.
type limited struct {
	dst  io.Writer
	rest int64
	over error
}

func (l *limited) Write(p []byte) (int, error) {
	if int64(len(p)) > l.rest {
		return 0, &spoiled{l.over}
	}
	n, err := l.dst.Write(p)
	l.rest -= int64(n)
	return n, err
}
