// Soak lets thousands of connections come and go at random moments, over TCP, UNIX sockets, TLS and HTTP/2, with cuts, cancelled
// contexts and shutdowns on both sides. A tenth of the clients is silent or hostile, and a tenth is stuck: those have to be given
// up. In the end nothing may be left of them, goroutines, descriptors and memory being counted once it has gone on for a minute, or
// a sixth of the time, and at the end; and every message must have arrived whole or in error. It prints a table.
//
//	go run ./internal/soak -for 5m
//
// With -processes, the servers and each half of the clients are processes, which are killed at random moments and started anew.
// Those that are there at the end must have nothing left of all that has come, gone and died.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/litert/websocket/internal/census"
)

func main() {
	if role, ok := os.LookupEnv(roleVariable); ok {
		os.Exit(beProcess(role))
	}
	var p plan
	length := flag.Duration("for", 30*time.Second, "how long connections come and go")
	flag.IntVar(&p.Clients, "clients", 100, "how many there are at the same time, at most")
	flag.DurationVar(&p.Stay, "stay", 0, "how long a client waits before it sends the next message, at most")
	flag.Uint64Var(&p.Seed, "seed", uint64(time.Now().UnixNano()), "of what happens by chance")
	processes := flag.Bool("processes", false, "have processes for servers and clients, and kill them")
	flag.Parse()
	how := alone
	if *processes {
		how = inProcesses
	}
	if err := soak(p, *length, how, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// soak does what is planned, in one of two ways, which return what they have seen beside the tallies.
func soak(p plan, length time.Duration, how func(plan, time.Duration, *tallies) (string, error), out io.Writer) (err error) {
	if p.Dir, err = os.MkdirTemp("", "soak-"); err != nil {
		return err
	}
	defer os.RemoveAll(p.Dir)
	if err := makeCertificate(p.Dir); err != nil {
		return err
	}
	all := new(tallies)
	seen, err := how(p, length, all)
	fmt.Fprintf(out, "seed %d, %d clients, %v\n\n%v\n%s", p.Seed, p.Clients, length, all, seen)
	return errors.Join(err, all.failure())
}

// alone does it in this process.
func alone(p plan, length time.Duration, all *tallies) (seen string, err error) {
	first := min(length/6, time.Minute)
	if err := runFor(p, first, all); err != nil {
		return "", err
	}
	before := census.Take()
	late := time.Now().Add(length + time.Minute)
	for again := true; again; _, again = all.missing() { // what seldom happens may take longer
		if err := runFor(p, length-first, all); err != nil {
			return "", err
		}
		if time.Now().After(late) {
			break
		}
	}
	after, err := settle(p, before)
	return fmt.Sprintf("after %v: %v\nin the end: %v\n", first, before, after), err
}

// runFor runs a farm for a length of time.
func runFor(p plan, length time.Duration, all *tallies) error {
	f, err := newFarm(p, all)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), length)
	defer cancel()
	return f.run(ctx)
}

// slack is how much more memory may be in use afterwards, and slackEach so much for each client: what the runtime keeps of
// goroutines and timers that have ended. The buffers of a hundred connections would be more.
const (
	slack     = 1 << 20
	slackEach = 2 << 10
)

// settle waits until nothing is left but what was there before.
func settle(p plan, before census.Census) (census.Census, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	bound := slack + slackEach*uint64(p.Clients)
	after, err := census.Settle(ctx, before, bound, func() (census.Census, error) { return census.Take(), nil })
	if err != nil {
		stacks := make([]byte, 1<<20)
		err = fmt.Errorf("%w\n%s", err, stacks[:runtime.Stack(stacks, true)])
	}
	return after, err
}
