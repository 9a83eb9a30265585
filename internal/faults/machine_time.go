//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// span is what is timed: long beside what a busy machine takes for anything.
const span = 2 * time.Second

// A timeout is a way for a call to end by time.
type timeout struct {
	name string
	due  time.Duration // after the call has begun
	opts []stream.Option
	call func(ctx context.Context, l *local) error // of the receiver, whose peer is silent
	want error
}

// timeouts are all kinds of them. Deadlines are told by what at makes of them.
func timeouts(at func(time.Time) time.Time) []timeout {
	return []timeout{
		{"idle timeout", span, []stream.Option{stream.IdleTimeout(span)}, receives, stream.ErrIdleTimeout},
		{"keep-alive", 2 * span, []stream.Option{stream.KeepAlive(span), stream.IdleTimeout(0)}, receives, stream.ErrNoPong},
		{"context", span, []stream.Option{stream.IdleTimeout(0)}, func(ctx context.Context, l *local) error {
			ctx, cancel := context.WithDeadline(ctx, at(time.Now().Add(span)))
			defer cancel()
			return receives(ctx, l)
		}, context.DeadlineExceeded},
		{"Reader", span, []stream.Option{stream.IdleTimeout(0)}, func(ctx context.Context, l *local) error {
			w, err := l.sender.NewWriter(ctx, opcode.Binary)
			if err != nil {
				return err
			}
			defer w.Abort()
			if _, err := io.WriteString(w, "half"); err != nil {
				return err
			}
			if err := w.Flush(); err != nil {
				return err
			}
			msg, err := l.receiver.Receive(ctx)
			if err != nil {
				return err
			}
			msg.SetDeadline(at(time.Now().Add(span)))
			_, err = io.Copy(io.Discard, msg)
			return err
		}, os.ErrDeadlineExceeded},
		{"Writer", span, []stream.Option{stream.IdleTimeout(0)}, func(ctx context.Context, l *local) error {
			w, err := l.receiver.NewWriter(ctx, opcode.Binary)
			if err != nil {
				return err
			}
			defer w.Abort()
			w.SetDeadline(at(time.Now().Add(span)))
			_, err = w.Write(make([]byte, 64<<20))
			return err
		}, os.ErrDeadlineExceeded},
		{"NetConn", span, []stream.Option{stream.IdleTimeout(0)}, func(_ context.Context, l *local) error {
			conn, err := stream.NetConn(l.receiver, opcode.Binary)
			if err != nil {
				return err
			}
			conn.SetReadDeadline(at(time.Now().Add(span)))
			_, err = conn.Read(make([]byte, 1))
			return err
		}, os.ErrDeadlineExceeded},
		{"closing handshake", span, []stream.Option{stream.IdleTimeout(0), stream.CloseTimeout(span)}, func(ctx context.Context, l *local) error {
			return l.receiver.Shutdown(ctx, 1000, "")
		}, context.DeadlineExceeded},
	}
}

func receives(ctx context.Context, l *local) error {
	_, err := l.receiver.Receive(ctx)
	return err
}

// keepTime has all timeouts come at the same time, and returns by how much each was late.
func keepTime(e *env, at func(time.Time) time.Time) (got string, err error) {
	all := timeouts(at)
	late, failed := make([]string, len(all)), make([]error, len(all))
	var ended sync.WaitGroup
	for i, t := range all {
		ended.Go(func() {
			var over time.Duration
			if over, failed[i] = t.overrun(e); failed[i] != nil {
				failed[i] = fmt.Errorf("%s: %w", t.name, failed[i])
			}
			late[i] = fmt.Sprintf("%s %v", t.name, over.Round(time.Millisecond))
		})
	}
	ended.Wait()
	return "late by: " + strings.Join(late, ", "), errors.Join(failed...)
}

// overrun returns how much later than it was due the call has ended, as it should.
func (t timeout) overrun(e *env) (over time.Duration, err error) {
	l, err := e.openLocal(t.opts...)
	if err != nil {
		return 0, err
	}
	defer l.close()
	begun := time.Now()
	err = t.call(e.ctx, l)
	over = time.Since(begun) - t.due
	switch {
	case !errors.Is(err, t.want):
		return over, fmt.Errorf("it has ended with %w", err)
	case over < 0:
		return over, fmt.Errorf("it was early by %v", -over)
	}
	return over, within("it was late: it came", over, 0)
}

func asItIs(t time.Time) time.Time { return t }

// wallClock has deadlines be told without the monotonic clock.
func wallClock(e *env) (string, error) {
	return keepTime(e, func(t time.Time) time.Time { return t.Round(0) })
}

// oneBusyProcessor leaves the program one processor, which is always busy.
func oneBusyProcessor(e *env) (string, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	rest, stop := context.WithCancel(e.ctx)
	var busy sync.WaitGroup
	defer busy.Wait()
	defer stop()
	busy.Go(func() {
		for rest.Err() == nil {
		}
	})
	return keepTime(e, asItIs)
}

// busyCores has a process for each core that never rests.
func busyCores(e *env) (string, error) {
	for range runtime.NumCPU() {
		busy := exec.CommandContext(e.ctx, "sh", "-c", "while :; do :; done")
		if err := busy.Start(); err != nil {
			return "", err
		}
		defer busy.Wait()
		defer busy.Process.Kill()
	}
	return keepTime(e, asItIs)
}
