package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/stream"
)

const (
	// settleTime is how long the receiver of a file may take to bring it to its disk.
	settleTime = 10 * time.Minute

	// lastWords is how long the end of a transfer may take for which nothing depends on the peer. If it has failed, the
	// peer may send all that time.
	lastWords = time.Second
)

var errInterrupted = errors.New("interrupted")

// A refusal is why a file is not served or replaced.
type refusal struct{ error }

// exchange runs a transfer, which the end of ctx interrupts, and tells the peer how it went.
func exchange(ctx context.Context, c conn, transfer func() error) error {
	defer context.AfterFunc(ctx, func() { end(ctx, c, errInterrupted) })()
	err := transfer()
	if err != nil && ctx.Err() != nil {
		err = errInterrupted
	}
	end(ctx, c, err)
	return err
}

// end ends the connection, and tells the peer whether the transfer has failed with err. Called again, it does nothing.
func end(ctx context.Context, c conn, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	if err != nil {
		go discard(ctx, c)
	}
	var refused *refusal
	switch {
	case err == nil:
		c.Shutdown(ctx, closecode.NormalClosure, "")
	case errors.Is(err, errTooLong):
		c.Abort()
	case errors.Is(err, errInterrupted):
		c.Shutdown(ctx, closecode.GoingAway, "") // as a Group does
	case errors.As(err, &refused):
		c.Shutdown(ctx, closecode.PolicyViolation, closeReason(err))
	default:
		c.Shutdown(ctx, closecode.InternalError, closeReason(err))
	}
}

// discard throws away what is on its way before the peer's answer, until the connection or ctx ends.
func discard(ctx context.Context, c conn) {
	for range c.All(ctx) {
	}
}

// closeReason returns as much of err as fits into a close frame (RFC 6455, section 5.5).
func closeReason(err error) string {
	text := err.Error()
	return strings.ToValidUTF8(text[:min(len(text), 123)], "")
}

// An answer is what the receiver of a file says at the end, or why it does not.
type answer struct {
	receipt
	err error
}

// hear receives what the receiver of a file has to say.
func hear(ctx context.Context, c conn) <-chan answer {
	heard := make(chan answer, 1)
	go func() {
		var a answer
		a.err = receiveText(ctx, c, "the other side's answer", &a.receipt)
		heard <- a
	}()
	return heard
}

// attend does what may take long while the server waits for it, whose pings are answered meanwhile.
func attend(ctx context.Context, c conn, work func() error) error {
	ctx, cancel := context.WithCancel(ctx)
	heard := make(chan error, 1)
	go func() {
		_, err := c.Receive(ctx)
		heard <- err
	}()
	err := work()
	cancel()
	switch came := <-heard; {
	case err != nil || errors.Is(came, context.Canceled):
		return err
	case came == nil:
		return errors.New("a message came where none was expected")
	default:
		return came
	}
}

// awaitAnswer waits for the answer for as long as the other side may take.
func awaitAnswer(heard <-chan answer) answer {
	late := time.NewTimer(settleTime)
	defer late.Stop()
	select {
	case a := <-heard:
		return a
	case <-late.C:
		return answer{err: fmt.Errorf("no answer came within %v", settleTime)}
	}
}

// hasStored returns nil if the other side has stored what was sent, and says so.
func (a answer) hasStored(sent receipt) error {
	switch {
	case stream.CloseCode(a.err) == closecode.NormalClosure:
		return errors.New("the other side has closed without saying that it has the file")
	case a.err == nil && !a.SHA256.equal(sent.SHA256):
		return &spoiled{fmt.Errorf("the other side has stored another file: its SHA-256 sum is %v instead of %v", a.SHA256, sent.SHA256)}
	case a.err == nil && a.Files != sent.Files:
		return &spoiled{fmt.Errorf("the other side has stored %d files of %d", a.Files, sent.Files)}
	}
	return a.err
}

// hasClosed returns nil if the other side has closed as one does that has all.
func (a answer) hasClosed() error {
	switch {
	case stream.CloseCode(a.err) == closecode.NormalClosure:
		return nil
	case a.err == nil:
		return errors.New("a message came where none was expected")
	}
	return a.err
}
