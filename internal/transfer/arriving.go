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
}

// receive receives the rest of the file, and what it is in all, if all has come as it was sent.
func (a *arriving) receive(ctx context.Context, c Conn) (t total, err error) {
	beside := newSideline(a.sum, a.end()-a.at)
	defer beside.wait() // it is not left running
	for {
		msg, err := c.Receive(ctx)
		if err != nil {
			return t, err
		}
		if msg.Opcode() == opcode.Text {
			if err := readText(msg, &t); err != nil {
				return t, fmt.Errorf("waiting for the sum of the file: %w", err)
			}
			beside.finish()
			return t, a.check(t)
		}
		for err == nil {
			var n int
			p := beside.room()
			n, err = msg.Read(p)
			beside.add(n)
			if err := a.take(p[:n]); err != nil {
				return t, err
			}
		}
		if err != io.EOF {
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

// take takes the next bytes. Those that are too many, or that dst does not take, spoil the file: a disk that is full shall have its
// room back.
func (a *arriving) take(p []byte) error {
	switch over := int64(len(p)) > a.end()-a.at; {
	case over && a.length == Unknown:
		return &draft.Spoiled{Err: &draft.Refusal{Err: fmt.Errorf("it has more than the %v that a file may have", size.Bytes(a.limit))}}
	case over:
		return &draft.Spoiled{Err: errTooLong}
	}
	n, err := a.dst.Write(p)
	a.at += int64(n)
	if err != nil {
		return &draft.Spoiled{Err: err}
	}
	a.Observer.Write(p)
	return nil
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
