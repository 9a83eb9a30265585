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

// The subprotocols, which tell the direction.
const (
	putProtocol = "wscp.put.v2"
	getProtocol = "wscp.get.v2"
)

const (
	// settleTime is how long the server may take to bring a file to its disk.
	settleTime = 10 * time.Minute

	// lastWords is how long the end of a transfer may take for which nothing depends on the peer. If it has failed, the
	// peer may send all that time.
	lastWords = time.Second
)

var errInterrupted = errors.New("interrupted")

// A refusal is why a file is not served or replaced.
type refusal struct{ error }

// exchange runs a transfer, which the end of ctx interrupts, and tells the peer how it went.
func exchange(ctx context.Context, conn *stream.Conn[*stream.Reader], transfer func() error) error {
	defer context.AfterFunc(ctx, func() { end(ctx, conn, errInterrupted) })()
	err := transfer()
	if err != nil && ctx.Err() != nil {
		err = errInterrupted
	}
	end(ctx, conn, err)
	return err
}

// end ends the connection, and tells the peer whether the transfer has failed with err. Called again, it does nothing.
func end(ctx context.Context, conn *stream.Conn[*stream.Reader], err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	if err != nil {
		go discard(ctx, conn)
	}
	var refused *refusal
	switch {
	case err == nil:
		conn.Shutdown(ctx, closecode.NormalClosure, "")
	case errors.Is(err, errTooLong):
		conn.Abort()
	case errors.Is(err, errInterrupted):
		conn.Shutdown(ctx, closecode.GoingAway, "") // as a Group does
	case errors.As(err, &refused):
		conn.Shutdown(ctx, closecode.PolicyViolation, closeReason(err))
	default:
		conn.Shutdown(ctx, closecode.InternalError, closeReason(err))
	}
}

// discard throws away what is on its way before the peer's answer, until the connection or ctx ends.
func discard(ctx context.Context, conn *stream.Conn[*stream.Reader]) {
	for range conn.All(ctx) {
	}
}

// closeReason returns as much of err as fits into a close frame (RFC 6455, section 5.5).
func closeReason(err error) string {
	text := err.Error()
	return strings.ToValidUTF8(text[:min(len(text), 123)], "")
}

// hear receives what the receiver of a file has to say.
func hear(ctx context.Context, conn *stream.Conn[*stream.Reader]) (answer <-chan error) {
	heard := make(chan error, 1)
	go func() {
		msg, err := conn.Receive(ctx)
		if err == nil {
			msg.Close()
		}
		heard <- err
	}()
	return heard
}

// checkAnswer returns nil if err is the close frame that says that all went well.
func checkAnswer(err error) error {
	var closed *stream.CloseError
	switch {
	case err == nil:
		return errors.New("a message came where none was expected")
	case errors.As(err, &closed) && closed.Code == closecode.NormalClosure:
		return nil
	}
	return err
}

// A result tells how a transfer went.
type result struct {
	size size
	took time.Duration
}

func (r result) String() string {
	seconds := r.took.Seconds()
	return fmt.Sprintf("%9v  %6.2f s  %9v/s", r.size, seconds, size(float64(r.size)/max(seconds, 1e-9)))
}
