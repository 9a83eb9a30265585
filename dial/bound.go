package dial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// bound returns ctx with the connect timeout.
func (c *call) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	d := c.cfg.ConnectTimeout
	if d == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, d, connectTimeoutError(d))
}

// A connectTimeoutError is why the context ended if it was the connect timeout.
type connectTimeoutError time.Duration

func (e connectTimeoutError) Error() string {
	return fmt.Sprintf("connect timeout of %v", time.Duration(e))
}
func (e connectTimeoutError) Unwrap() error { return context.DeadlineExceeded }

// endOf returns why ctx ended, so that it matches ctx.Err() and the cause, or nil while it has not.
func endOf(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	switch {
	case err == nil || err == cause:
		return err
	case errors.Is(cause, err):
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// guard closes c when ctx ends. The function that it returns puts an end to that; it returns why ctx has ended if c was
// closed, and nil if it was not and will not be.
func guard(ctx context.Context, c io.Closer) (release func() error) {
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		c.Close()
	})
	return func() error {
		if stop() {
			return nil
		}
		<-closed
		return endOf(ctx)
	}
}

// within runs exchange, which talks over rwc, until ctx ends. When ctx ends, and whenever exchange fails, it closes
// rwc. Its errors are of type *Error or *failure; those of exchange may be others, which came of what is called doing.
func within(ctx context.Context, rwc io.Closer, doing string, exchange func() error) error {
	if end := endOf(ctx); end != nil {
		rwc.Close()
		return &failure{doing, end}
	}
	release := guard(ctx, rwc)
	err := exchange()
	end := release()
	if err == nil && end == nil {
		return nil
	}
	if end == nil {
		rwc.Close()
	}
	var answer *Error
	if errors.As(err, &answer) {
		if end != nil {
			answer.Err = fmt.Errorf("%w; reading its body: %w", answer.Err, end)
		}
		return answer
	}
	var f *failure
	if errors.As(err, &f) {
		doing, err = f.doing, f.err
	}
	if end != nil {
		err = end
	}
	return &failure{doing, err}
}
