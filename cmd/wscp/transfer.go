package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// The subprotocols, which tell the direction.
const (
	putProtocol = "wscp.put"
	getProtocol = "wscp.get"
)

// settleTime is how long the receiver may take to bring the file to its disk.
const settleTime = 10 * time.Minute

var errInterrupted = errors.New("interrupted")

// exchange runs a transfer, which the end of ctx interrupts, and tells the peer how it went.
func exchange(ctx context.Context, conn *stream.Conn[*stream.Reader], transfer func() error) error {
	end := func(code closecode.Code, reason string) {
		conn.Shutdown(context.WithoutCancel(ctx), code, reason)
	}
	defer context.AfterFunc(ctx, func() { end(closecode.GoingAway, errInterrupted.Error()) })()

	err := transfer()
	var refused *refusal
	switch {
	case err == nil:
		end(closecode.NormalClosure, "")
	case ctx.Err() != nil:
		err = errInterrupted
		end(closecode.GoingAway, err.Error())
	case errors.As(err, &refused):
		end(closecode.PolicyViolation, closeReason(err))
	default:
		end(closecode.InternalError, closeReason(err))
	}
	return err
}

// closeReason returns as much of err as fits into a close frame (RFC 6455, section 5.5).
func closeReason(err error) string {
	text := err.Error()
	return strings.ToValidUTF8(text[:min(len(text), 123)], "")
}

// send sends src as one message, and returns nil once the peer has it in its place.
func send(ctx context.Context, conn *stream.Conn[*stream.Reader], src io.Reader) error {
	answer := make(chan error, 1)
	go func() {
		_, err := conn.Receive(ctx)
		answer <- err
	}()

	w, err := conn.NewWriter(ctx, opcode.Binary)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := io.Copy(w, src); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	conn.SetIdleTimeout(settleTime)
	return checkAnswer(<-answer)
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

// receive receives one message into dst.
func receive(ctx context.Context, conn *stream.Conn[*stream.Reader], dst io.Writer) error {
	msg, err := conn.Receive(ctx)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, msg)
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
