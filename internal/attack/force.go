package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A force is all that are attacking. The first failure ends the attack.
type force struct {
	ctx   context.Context
	end   context.CancelFunc
	c     config
	begun atomic.Int64   // how often an attacker has got as far as to do harm
	want  int64          // how often all together will have, once each is there
	all   sync.WaitGroup // attackers

	failed sync.Once
	err    error // of failed, to be read once all have ended
}

func newForce(ctx context.Context, c config) *force {
	f := &force{c: c}
	f.ctx, f.end = context.WithCancel(ctx)
	return f
}

// fail takes what an attacker has achieved, or why it cannot go on.
func (f *force) fail(err error) {
	f.failed.Do(func() { f.err = err })
	f.end()
}

// over ends the attack, and returns the first failure.
func (f *force) over() error {
	f.end()
	f.all.Wait()
	return f.err
}

// add has a do its part.
func (f *force) add(do func() error) {
	f.want++
	f.all.Go(func() {
		if err := do(); err != nil {
			f.fail(err)
		}
	})
}

// attackServers sends attackers to each of the targets that the attack is meant for.
func (f *force) attackServers(targets []target, a attack) {
	for _, t := range targets {
		if !a.targets(t) {
			continue
		}
		for range f.c.workers(a) {
			one := &attacker{ctx: f.ctx, target: t, patience: f.c.patience, begun: &f.begun}
			f.add(func() error { return one.attack(a.once) })
		}
	}
}

// An attacker is one of those of an attack on servers. It belongs to one goroutine.
type attacker struct {
	ctx      context.Context
	target   target
	patience time.Duration
	begun    *atomic.Int64
}

// attack goes on until ctx ends, or there is a complaint.
func (a *attacker) attack(once func(*attacker) error) error {
	for a.ctx.Err() == nil {
		err := once(a)
		var what complaint
		var refused *net.OpError
		switch {
		case errors.As(err, &what):
			return fmt.Errorf("%s: %w", a.target.Name, err)
		case a.ctx.Err() != nil:
			return nil
		case errors.Is(err, syscall.EMFILE):
			return errTooMany
		case errors.As(err, &refused) && refused.Op == "dial":
			rest(a.ctx, 10*time.Millisecond)
		}
	}
	return nil
}

var errTooMany = errors.New("there are not so many descriptors: take a smaller -crowd")

// rest waits for d, or until ctx ends.
func rest(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
