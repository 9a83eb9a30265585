package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/litert/websocket/internal/census"
)

// A config is how attacks are made.
type config struct {
	url      string        // of the server to attack; empty: a victim's
	victim   string        // the kind of victim: allModes, or the name of one
	length   time.Duration // of an attack
	patience time.Duration // how long something may take that must not hang
	crowd    int           // attackers at each target of an attack that is made by a crowd
	parallel int           // attacks at a time
}

// workers returns how many attackers there are at each target.
func (c config) workers(a attack) int {
	if a.workers == crowd {
		return c.crowd
	}
	return a.workers
}

// A result is what has become of an attack.
type result struct {
	attack attack
	begun  int64  // how often attackers have got as far as to do harm
	visits int    // how many honest clients have got their echoes
	memory uint64 // how many bytes the victim has taken from the system in the meantime
	unfit  bool   // the attack is not for this server, as it does not speak TLS, or does
	err    error  // why it has not held
}

func (r result) String() string {
	if r.err != nil {
		return fmt.Sprintf("%-20s DID NOT HOLD: %v", r.attack.name, r.err)
	}
	if r.unfit {
		return fmt.Sprintf("%-20s is not for this server", r.attack.name)
	}
	s := fmt.Sprintf("%-20s held    %7d times, %5d echoes beside", r.attack.name, r.begun, r.visits)
	if r.memory > 0 {
		s += fmt.Sprintf(", %3d MiB", r.memory>>20)
	}
	return s
}

// attackAll makes the attacks, and writes what has become of each. That one has not held is an error. A crowd has the
// machine for itself, and so has every attack on a server that is not known.
func (c config) attackAll(ctx context.Context, chosen []attack, out io.Writer) error {
	var mu sync.Mutex
	held := 0
	one := func(a attack) {
		r := c.attack(ctx, a)
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(out, r)
		if r.err == nil {
			held++
		}
	}
	places := make(chan struct{}, c.parallel)
	if c.url != "" {
		places = make(chan struct{}, 1)
	}
	var others sync.WaitGroup
	for _, a := range chosen {
		if a.workers == crowd {
			one(a)
			continue
		}
		places <- struct{}{}
		others.Go(func() {
			defer func() { <-places }()
			one(a)
		})
	}
	others.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	if held < len(chosen) {
		return fmt.Errorf("%d of %d attacks did not hold", len(chosen)-held, len(chosen))
	}
	return nil
}

// attack makes one attack.
func (c config) attack(ctx context.Context, a attack) (r result) {
	r.attack = a
	if ctx.Err() != nil {
		r.err = ctx.Err()
		return r
	}
	if c.url != "" {
		t, err := targetAt(ctx, c.url)
		switch {
		case err != nil:
			r.err = err
		case !a.targets(t):
			r.unfit = true
		default:
			r.err = c.engage(ctx, nil, []target{t}, &r)
		}
		return r
	}
	v, err := capture(c.victim)
	if err != nil {
		r.err = err
		return r
	}
	r.err = c.attackVictim(ctx, v, &r)
	r.err = errors.Join(r.err, v.release())
	return r
}

// slack is how much more memory may be in use afterwards: what the runtime keeps of ten thousand goroutines that there
// were at a time.
const slack = 8 << 20

// attackVictim compares what there is in the process before and after.
func (c config) attackVictim(ctx context.Context, v *captive, r *result) error {
	var targets []target
	if err := v.ask(ctx, hangs, "Targets", None{}, &targets); err != nil {
		return err
	}
	for _, t := range targets { // what is there only once is there before the first count
		if err := c.visit(ctx, t); err != nil {
			return fmt.Errorf("without any attack: %s: %w", t.Name, err)
		}
	}
	before, err := v.count(ctx)
	if err != nil {
		return err
	}
	if err := c.engage(ctx, v, targets, r); err != nil {
		return err
	}
	after, err := v.count(ctx)
	if err != nil {
		return err
	}
	r.memory = after.Mapped - min(after.Mapped, before.Mapped)
	if bound := cmp.Or(r.attack.memory, usual); r.memory > bound {
		return complain("it has taken %d MiB of memory, more than %d", r.memory>>20, bound>>20)
	}
	late, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	left, err := census.Settle(late, before, slack, func() (census.Census, error) { return v.count(ctx) })
	if err != nil && left.Goroutines > before.Goroutines {
		var stacks string
		err = errors.Join(err, v.ask(ctx, hangs, "Stacks", None{}, &stacks), errors.New(stacks))
	}
	return err
}

// engage has the attackers at work for a while, and honest clients beside them.
func (c config) engage(ctx context.Context, v *captive, targets []target, r *result) error {
	c.length = max(c.length, r.attack.least)
	f := newForce(ctx, c)
	if r.attack.conduct != nil {
		f.attackClients(v, r.attack)
	} else {
		f.attackServers(targets, r.attack)
	}
	visited := f.visitAll(targets, &r.visits)
	failed := f.over()
	r.begun = f.begun.Load()
	switch {
	case failed != nil:
		return failed
	case visited != nil:
		return visited
	case ctx.Err() != nil:
		return ctx.Err()
	case r.begun == 0:
		return errors.New("no attacker has got as far as to do harm: the server refuses what it should not")
	}
	return nil
}
