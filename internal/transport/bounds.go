package transport

import (
	"context"
	"os"

	"github.com/litert/websocket/internal/gate"
)

// Bounds are what ends a call, beside the idle timeout of the connection.
type Bounds struct {
	Ctx      context.Context // never nil
	Deadline *Deadline       // nil: none
}

// Err returns the error of the context if that has ended, [os.ErrDeadlineExceeded] if the deadline has expired, or nil.
func (b Bounds) Err() error {
	if err := b.Ctx.Err(); err != nil {
		return err
	}
	if b.Deadline.Expired() {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// Enter waits until g is free, and enters it. Otherwise it returns [gate.ErrDone] if done is set first, what Err returns
// if that is first, or [gate.ErrWoken] if the deadline was changed or woken; the caller then asks what has changed, and
// may enter again. A gate that is free is entered at once, whatever the bounds say, and without an allocation.
func (b Bounds) Enter(g *gate.Gate, done *gate.Latch) error { return b.EnterUnless(g, done, nil) }

// EnterUnless is [Bounds.Enter] for a caller that has a deadline, and a reason of its own to give the wait up: over, which
// may be nil, returns that. What brings it about calls [Deadline.Wake] behind it, and is not missed. A gate that is free is
// entered all the same.
func (b Bounds) EnterUnless(g *gate.Gate, done *gate.Latch, over func() error) error {
	if g.TryEnter() {
		return nil
	}
	return b.await(g, done, over)
}

// await is EnterUnless for a gate that is not free.
func (b Bounds) await(g *gate.Gate, done *gate.Latch, over func() error) error {
	if b.Deadline == nil {
		return g.Enter(b.Ctx, done)
	}
	changed, expiry, stop := b.Deadline.Wait()
	defer stop()
	if over != nil {
		if err := over(); err != nil {
			return err
		}
	}
	err := g.EnterOr(b.Ctx, done, changed, expiry)
	if err == gate.ErrWoken {
		if cause := b.Err(); cause != nil {
			return cause
		}
	}
	return err
}
