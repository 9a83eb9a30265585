package transfer

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/draft"
)

const (
	// settleTime is how long the receiver of a file may take to bring it to its disk.
	settleTime = 10 * time.Minute

	// lastWords is how long the end of a transfer may take for which nothing depends on the peer. If it has failed, the
	// peer may send all that time.
	lastWords = time.Second
)

// ErrInterrupted says that the end of a context has interrupted a transfer.
var ErrInterrupted = errors.New("interrupted")

// exchange runs a transfer, which the end of ctx interrupts, and tells the peer how it went.
func exchange(ctx context.Context, c Conn, transfer func() error) error {
	defer context.AfterFunc(ctx, func() { End(ctx, c, ErrInterrupted) })()
	err := transfer()
	if err != nil && ctx.Err() != nil {
		err = ErrInterrupted
	}
	End(ctx, c, err)
	return err
}

// End ends the connection, and tells the peer whether what it was for has failed with err, within a second. Called again, it does
// nothing.
func End(ctx context.Context, c Conn, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	if err != nil {
		go discard(ctx, c)
	}
	var refused *draft.Refusal
	switch {
	case err == nil:
		c.Shutdown(ctx, closecode.NormalClosure, "")
	case errors.Is(err, errTooLong):
		c.Abort()
	case errors.Is(err, ErrInterrupted):
		c.Shutdown(ctx, closecode.GoingAway, "") // as a Group does
	case errors.As(err, &refused):
		c.Shutdown(ctx, closecode.PolicyViolation, closeReason(err))
	default:
		c.Shutdown(ctx, closecode.InternalError, closeReason(err))
	}
}

// discard throws away what is on its way before the peer's answer, until the connection or ctx ends.
func discard(ctx context.Context, c Conn) {
	for range c.All(ctx) {
	}
}

// closeReason returns as much of err as fits into a close frame (RFC 6455, section 5.5).
func closeReason(err error) string {
	text := err.Error()
	return strings.ToValidUTF8(text[:min(len(text), 123)], "")
}

// Final reports whether what has failed with err would fail in the same way if it were done again: it was refused, or the file is of
// no use.
func Final(err error) bool {
	var refused *draft.Refusal
	var useless *draft.Spoiled
	return errors.As(err, &refused) || errors.As(err, &useless)
}
