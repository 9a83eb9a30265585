//go:build linux

package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

// talkers are clients that have messages come back, over and over.
type talkers struct {
	stop    context.CancelFunc
	all     sync.WaitGroup
	slowest atomic.Int64
	broken  chan error // why some have ended
}

// talkTo connects clients to address, which talk until hush is called. The last message of each is bounded by ctx.
func talkTo(ctx context.Context, address string) (*talkers, error) {
	talk, stop := context.WithCancel(ctx)
	t := &talkers{stop: stop, broken: make(chan error, connectedOf)}
	for range connectedOf {
		conn, err := dial.Dial(ctx, "ws://"+address, stream.Standard, dial.Proxy(nil))
		if err != nil {
			t.hush()
			return nil, err
		}
		t.all.Go(func() {
			defer conn.Abort()
			if err := echoOften(talk, ctx, conn, &t.slowest); err != nil {
				t.broken <- err
			}
		})
	}
	return t, nil
}

// listenFor waits for that long, and returns an error if one has ended meanwhile.
func (t *talkers) listenFor(ctx context.Context, long time.Duration) error {
	select {
	case <-time.After(long):
		return nil
	case err := <-t.broken:
		return noticed(err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// longest returns how long a message has taken at most.
func (t *talkers) longest() time.Duration { return time.Duration(t.slowest.Load()) }

// hush ends them, and waits until they have.
func (t *talkers) hush() {
	t.stop()
	t.all.Wait()
}

// echoOften has messages come back until talk ends, and notes how long one has taken at most. The last of them is bounded by ctx.
func echoOften(talk, ctx context.Context, conn *stream.Conn[*stream.Reader], slowest *atomic.Int64) error {
	for talk.Err() == nil {
		begun := time.Now()
		if err := echoed(ctx, conn); err != nil {
			return err
		}
		for took := int64(time.Since(begun)); ; {
			if before := slowest.Load(); took <= before || slowest.CompareAndSwap(before, took) {
				break
			}
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-talk.Done():
		}
	}
	return nil
}

// echoed has a message come back.
func echoed(ctx context.Context, conn *stream.Conn[*stream.Reader]) error {
	if err := conn.WriteText(ctx, "hello"); err != nil {
		return err
	}
	msg, err := conn.Receive(ctx)
	if err != nil {
		return err
	}
	if text, err := msg.Text(); err != nil || text != "hello" {
		return fmt.Errorf("%q has come back, and %v", text, err)
	}
	return nil
}
