package stream

import "context"

// A gate is a mutex whose lock obeys a context and the end of the connection. Who has entered is the only one inside
// until it leaves.
type gate chan struct{}

func newGate() gate { return make(gate, 1) }

// enter waits until the gate is free, ctx ends, or done is closed. In the last case it returns errEnded.
func (g gate) enter(ctx context.Context, done <-chan struct{}) error {
	if g.tryEnter() {
		return nil
	}
	select {
	case g <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-done:
		return errEnded
	}
}

func (g gate) tryEnter() bool {
	select {
	case g <- struct{}{}:
		return true
	default:
		return false
	}
}

func (g gate) leave() { <-g }
