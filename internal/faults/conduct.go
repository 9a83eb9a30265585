//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// trialVariable is set in the environment of a process that is to make a trial: to the order, in JSON.
const trialVariable = "FAULTS_TRIAL"

// A config is how the trials are made.
type config struct {
	short, verbose bool
	parallel       int
}

// An order tells a process which trial to make.
type order struct {
	Trial   string // its id
	Variant variant
	Network string // the name of that which was made for it; empty: none
	Short   bool
}

// A result is what has come of a trial with one of its variants.
type result struct {
	Variant variant
	Got     string
	Skipped string // what the machine lacks; empty: nothing
	Err     string // what does not hold; empty: nothing
}

// tryAll makes the trials, and writes the table. That one does not hold is an error.
func (c config) tryAll(ctx context.Context, chosen []trial, out io.Writer) error {
	if err := sweep(); err != nil {
		return err
	}
	results := make([][]result, len(chosen))
	for i, t := range chosen {
		results[i] = make([]result, len(t.runs(c.short)))
	}
	c.tryThose(ctx, chosen, results, false, c.parallel)
	c.tryThose(ctx, chosen, results, true, 1)
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.table(out, chosen, results)
}

// tryThose makes those trials that want the machine for themselves, or the others, so many at a time.
func (c config) tryThose(ctx context.Context, chosen []trial, results [][]result, alone bool, parallel int) {
	places := make(chan struct{}, parallel)
	var all sync.WaitGroup
	for i, t := range chosen {
		if t.alone != alone {
			continue
		}
		for j, v := range t.runs(c.short) {
			places <- struct{}{}
			all.Go(func() {
				defer func() { <-places }()
				results[i][j] = c.try(ctx, t, v)
				c.tell(t, results[i][j])
			})
		}
	}
	all.Wait()
}

// tell tells of a result at once, while others are still awaited.
func (c config) tell(t trial, r result) {
	if c.verbose {
		fmt.Fprintf(os.Stderr, "%s, %v: %s\n", t.id(), r.Variant, r)
	}
}

// try makes a trial with a variant.
func (c config) try(ctx context.Context, t trial, v variant) result {
	r, err := c.order(ctx, t, v)
	var lacks skipped
	switch {
	case errors.As(err, &lacks):
		return result{Variant: v, Skipped: string(lacks)}
	case err != nil:
		return result{Variant: v, Err: err.Error()}
	}
	return r
}

// order has a process make the trial, in a network that is made for it.
func (c config) order(ctx context.Context, t trial, v variant) (r result, err error) {
	if err := ctx.Err(); err != nil {
		return r, err
	}
	o := order{Trial: t.id(), Variant: v, Short: c.short}
	if t.network {
		o.Network = newNetworkName(os.Getpid())
		defer removeNetwork(o.Network)
		if err := makeNetwork(o.Network); err != nil {
			return r, err
		}
	}
	return o.carryOut(ctx)
}

// carryOut has a process make the trial. It ends with all that it has started.
func (o order) carryOut(ctx context.Context) (r result, err error) {
	program, err := os.Executable()
	if err != nil {
		return r, err
	}
	spec, err := json.Marshal(o)
	if err != nil {
		return r, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience+30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = append(os.Environ(), trialVariable+"="+string(spec))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) } // which has it tell what it waits for
	cmd.WaitDelay = 5 * time.Second
	var said, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &words
	if err := cmd.Start(); err != nil {
		return r, err
	}
	err = cmd.Wait()
	syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	if err != nil {
		return r, fmt.Errorf("the process has ended with %w, and these words: %.4000s", err, words.String())
	}
	if err := json.Unmarshal(said.Bytes(), &r); err != nil {
		return r, errors.New("the process has said: " + said.String() + words.String())
	}
	return r, nil
}
