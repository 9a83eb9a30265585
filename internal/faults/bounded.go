//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/stream"
)

// callTime is what a context or a deadline gives a call.
const callTime = time.Second

// A boundedCall is a call over a connection in a black hole, which only its context or deadline can end.
type boundedCall struct {
	name      string
	inMessage bool
	stays     bool // the connection, as none of its frames was cut
	writes    bool // until nothing is taken any more
	make      func(context.Context, *link) error
}

var boundedCalls = []boundedCall{
	{"Receive", false, true, false, func(ctx context.Context, l *link) error { return l.watched.receive(ctx, io.Discard) }},
	{"Receive in mid-message", true, true, false, func(ctx context.Context, l *link) error { return l.watched.receive(ctx, io.Discard) }},
	{"Probe", false, true, false, func(ctx context.Context, l *link) error {
		_, err := l.watched.Probe(ctx)
		return err
	}},
	{"WriteBinary", false, false, true, func(ctx context.Context, l *link) (err error) {
		for err == nil {
			err = l.watched.WriteBinary(ctx, make([]byte, little))
		}
		return err
	}},
	{"a Writer", false, false, true, writeForEver},
	{"Shutdown", false, false, false, func(ctx context.Context, l *link) error {
		return l.watched.Shutdown(ctx, closecode.NormalClosure, "")
	}},
}

// writeForEver writes to a Writer that has a deadline.
func writeForEver(ctx context.Context, l *link) error {
	w, err := l.watched.newWriter(ctx, 1<<40)
	if err != nil {
		return err
	}
	defer w.Abort()
	deadline, _ := ctx.Deadline()
	w.SetDeadline(deadline)
	for err == nil {
		_, err = w.Write(make([]byte, little))
	}
	return err
}

// bounded makes all of the calls at the same time.
func bounded(e *env) (string, error) {
	links := make([]*link, len(boundedCalls))
	for i, call := range boundedCalls {
		l, err := e.open(stream.IdleTimeout(0))
		if err != nil {
			return "", err
		}
		defer l.close()
		if err := l.use(e.ctx, call.inMessage); err != nil {
			return "", err
		}
		links[i] = l
	}
	if err := hole(e); err != nil {
		return "", err
	}
	ended := make(chan error, len(links))
	for i, call := range boundedCalls {
		go func() { ended <- call.try(e, links[i]) }()
	}
	var failed error
	for range boundedCalls {
		failed = errors.Join(failed, <-ended)
	}
	return fmt.Sprintf("all %d end by their time", len(boundedCalls)), failed
}

// try makes the call.
func (c boundedCall) try(e *env, l *link) error {
	ctx, cancel := context.WithTimeout(e.ctx, callTime)
	defer cancel()
	began := time.Now()
	err := c.make(ctx, l)
	took := time.Since(began)
	switch {
	case !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, io.EOF):
		return fmt.Errorf("%s has ended with: %w", c.name, err)
	case c.stays && l.watched.Err() != nil:
		return fmt.Errorf("%s has ended the connection: %w", c.name, l.watched.Err())
	}
	most := callTime
	if c.writes {
		most = e.mostOfWrite(most)
	}
	return within(c.name, took, most)
}
