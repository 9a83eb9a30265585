//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/litert/websocket/stream"
)

// The intervals are so large that a busy machine keeps them.
const (
	keepAlive = 2 * time.Second
	idle      = 4 * time.Second
)

var (
	probing = []stream.Option{stream.KeepAlive(keepAlive)}
	idling  = []stream.Option{stream.IdleTimeout(idle)}
)

const (
	wantNoPong = "ErrNoPong within two intervals of 2 s"
	wantIdle   = "ErrIdleTimeout within a tenth over 4 s"
	wantWrite  = "of a server over HTTP/2 once WriteByteTimeout of net/http, 10 s, and the 5 s of TLS to close have passed"
)

// holes are networks that swallow all that is sent, without a word.
var holes = []trial{
	{name: "black hole in mid-message, KeepAlive", want: wantNoPong, variants: eachEnd,
		run: receiving(true, hole, probing, stream.ErrNoPong, 2*keepAlive)},
	{name: "black hole while idle, KeepAlive", want: wantNoPong, variants: eachEnd,
		run: receiving(false, hole, probing, stream.ErrNoPong, 2*keepAlive)},
	{name: "black hole in mid-message, IdleTimeout", want: wantIdle, variants: eachEnd,
		run: receiving(true, hole, idling, stream.ErrIdleTimeout, idle+idle/10)},
	{name: "black hole while idle, IdleTimeout", want: wantIdle, variants: eachEnd,
		run: receiving(false, hole, idling, stream.ErrIdleTimeout, idle+idle/10)},
	{name: "black hole while a write waits, IdleTimeout", want: wantIdle + ", of Receive, too; " + wantWrite, variants: eachEnd, run: writing(idling...)},
	{name: "black hole while a write waits, IdleTimeout and KeepAlive", want: "the same: the wire is busy, so that no ping is sent", variants: eachEnd,
		run: writing(stream.IdleTimeout(idle), stream.KeepAlive(keepAlive))},
	{name: "black hole, contexts and deadlines alone", want: "each of 1 s ends its call; a write " + wantWrite, variants: eachEnd, run: bounded},
	{name: "another address for the client, KeepAlive", want: "as a black hole: " + wantNoPong, variants: eachEnd,
		run: receiving(false, move, probing, stream.ErrNoPong, 2*keepAlive)},
}

func hole(e *env) error { return e.treatBoth("drop") }

// move takes the address of the client away.
func move(e *env) error {
	return errors.Join(
		e.client.ip("address", "delete", clientAddress.String()+"/24", "dev", device),
		e.client.ip("address", "add", "10.0.0.3/24", "dev", device),
	)
}

// receiving has the fault happen while the end that is looked at receives, in the middle of a message or between two: see
// strike.
func receiving(inMessage bool, fault func(*env) error, opts []stream.Option, want error, most time.Duration) func(*env) (string, error) {
	return func(e *env) (string, error) {
		l, err := e.open(opts...)
		if err != nil {
			return "", err
		}
		defer l.close()
		if err := l.use(e.ctx, inMessage); err != nil {
			return "", err
		}
		go l.other.receiveForEver(e.ctx) // answers pings
		return l.watched.strike(e.ctx, inMessage, func() error { return fault(e) }, want, most)
	}
}

// strike has the fault happen while e receives, and tells with which error that ends, and when. It may take as long as most.
func (e *end) strike(ctx context.Context, inMessage bool, fault func() error, want error, most time.Duration) (string, error) {
	ended := make(chan error, 1)
	go func() { ended <- e.receive(ctx, io.Discard) }()
	if err := fault(); err != nil {
		return "", err
	}
	struck := time.Now()
	err := <-ended
	took := time.Since(struck)
	if !errors.Is(err, want) || errors.Is(err, io.EOF) || inMessage && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", fmt.Errorf("it has ended with: %w", err)
	}
	return fmt.Sprintf("%s after %.1f s", nameOf(want), took.Seconds()), within(nameOf(want), took, most)
}

// nameOf returns the name of an error of package stream.
func nameOf(err error) string {
	if err == stream.ErrNoPong {
		return "ErrNoPong"
	}
	return "ErrIdleTimeout"
}

// writing has a peer that receives vanish while messages are sent to it, until a write has to wait. Meanwhile, another
// goroutine receives.
func writing(opts ...stream.Option) func(*env) (string, error) {
	return func(e *env) (string, error) {
		l, err := e.open(opts...)
		if err != nil {
			return "", err
		}
		defer l.close()
		go l.other.receiveForEver(e.ctx)
		received := make(chan error, 1)
		go func() { received <- l.watched.receive(e.ctx, io.Discard) }()
		if err := hole(e); err != nil {
			return "", err
		}
		moved := time.Now()
		for err == nil {
			moved = time.Now()
			err = l.watched.WriteBinary(e.ctx, make([]byte, little))
		}
		took := time.Since(moved)
		if !errors.Is(err, stream.ErrIdleTimeout) || errors.Is(err, io.EOF) {
			return "", fmt.Errorf("the write has ended with: %w", err)
		}
		if err := <-received; !errors.Is(err, stream.ErrIdleTimeout) || errors.Is(err, io.EOF) {
			return "", fmt.Errorf("receiving has ended with: %w", err)
		}
		return fmt.Sprintf("ErrIdleTimeout after %.1f s", took.Seconds()), within("ErrIdleTimeout", took, e.mostOfWrite(idle+idle/10))
	}
}

// little is a number of bytes that the kernel takes though nobody reads them.
const little = 10_000

// use has a message come to the end that is looked at, and, if inMessage is set, the next begin to come.
func (l *link) use(ctx context.Context, inMessage bool) error {
	if err := l.other.send(ctx, newContent(little), little); err != nil {
		return err
	}
	if err := l.watched.receive(ctx, io.Discard); err != nil || !inMessage {
		return err
	}
	return l.begin(ctx)
}

// begin has the next message begin to come to the end that is looked at. It ends with the link.
func (l *link) begin(ctx context.Context) (err error) {
	if l.unfinished, err = l.other.newWriter(ctx, 2*little); err != nil {
		return err
	}
	if _, err := l.unfinished.Write(make([]byte, little)); err != nil {
		return err
	}
	if err := l.unfinished.Flush(); err != nil {
		return err
	}
	if l.other.mode.single {
		l.other.flow.withhold(little)
	}
	return l.other.delivered(ctx)
}

// delivered waits until what was sent is at the other host.
func (e *end) delivered(ctx context.Context) error {
	return until(ctx, "what was sent has not come", func() bool {
		info, err := e.info()
		return err == nil && info.Unacked == 0 && info.Notsent_bytes == 0 && e.flow.hasLeft(info)
	})
}
