//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"

	"golang.org/x/sys/unix"
)

func main() {
	if status, ok := beOther(trials()); ok {
		os.Exit(status)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, unix.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}

// beOther has a process that this program has started do what it was started for, and returns its status. ok is false where it
// is the command. The trials are those that it knows.
func beOther(known []trial) (status int, ok bool) {
	if order, ok := os.LookupEnv(peerVariable); ok { // it has inherited the other variable
		return bePeer(order), true
	}
	if order, ok := os.LookupEnv(trialVariable); ok {
		return beTrial(order, known), true
	}
	return 0, false
}

// run is the command.
func run(ctx context.Context, args []string, out io.Writer) error {
	var c config
	flags := flag.NewFlagSet("faults", flag.ContinueOnError)
	flags.SetOutput(out)
	list := flags.Bool("list", false, "print the faults, and try none")
	only := flags.String("run", "", "try those faults alone whose group and name match this regular `expression`, as in network/reset")
	flags.BoolVar(&c.short, "short", false, "try each fault with a few connections, and less data")
	flags.BoolVar(&c.verbose, "v", false, "tell of each connection")
	flags.IntVar(&c.parallel, "parallel", 8, "how many trials run at a time: most of them wait")
	if err := flags.Parse(args); err != nil {
		return err
	}
	name, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	chosen := choose(name)
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("%q is no flag", flags.Arg(0))
	case len(chosen) == 0:
		return errors.New("no fault has such a name")
	case c.parallel < 1:
		return errors.New("-parallel must be positive")
	case *list:
		for _, t := range chosen {
			fmt.Fprintf(out, "%-60s %s\n", t.id(), t.want)
		}
		return nil
	case os.Geteuid() != 0:
		fmt.Fprintln(out, "skipped: only root can have networks and machines fail")
		return nil
	}
	return c.tryAll(ctx, chosen, out)
}

// choose returns the trials whose group and name match, in their order.
func choose(name *regexp.Regexp) (chosen []trial) {
	for _, t := range trials() {
		if name.MatchString(t.id()) {
			chosen = append(chosen, t)
		}
	}
	return chosen
}
