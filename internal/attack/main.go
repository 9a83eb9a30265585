// Attack attacks a server, and clients, over real sockets, and tells of each attack whether they held.
//
//	go run ./internal/attack -list
//	go run ./internal/attack [-only regexp] [-for 10s]
//	go run ./internal/attack -url ws://127.0.0.1:8080/ [-only regexp] [-for 10s]
//
// Without -url it attacks a process of its own, which echoes in each receive mode, through a listen.Listener and through
// a listen.Handler, and which dials servers that are hostile. That has held if honest clients beside the attack, at
// another address where the system has one (Linux), have got their connections and their echoes; if it has done nothing
// that the attack is after; and if neither its memory has grown beyond a bound, nor a goroutine or a descriptor is left.
//
// With -url it attacks the server there, which must send messages back, and be on this machine: any other is refused.
// Only attacks on servers are made then, and nothing is known of the memory.
//
// The status is 1 unless all have held.
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
	"time"
)

func main() {
	if kind, ok := os.LookupEnv(victimVariable); ok {
		os.Exit(beVictim(servesModes(kind), dialInMode))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "attack:", err)
		os.Exit(1)
	}
}

// run is the command.
func run(ctx context.Context, args []string, out io.Writer) error {
	c := config{victim: allModes, patience: 5 * time.Second, parallel: 4}
	flags := flag.NewFlagSet("attack", flag.ContinueOnError)
	flags.SetOutput(out)
	list := flags.Bool("list", false, "print the attacks, and make none")
	only := flags.String("only", "", "make those attacks alone whose name matches this regular `expression`")
	flags.StringVar(&c.url, "url", "", "attack the echo server there, on this machine, instead of an own one")
	flags.DurationVar(&c.length, "for", time.Second, "go on for so long with each attack")
	flags.IntVar(&c.crowd, "crowd", 5200, "how many sockets a crowd has for each way to serve; twice as many descriptors are needed")
	if err := flags.Parse(args); err != nil {
		return err
	}
	name, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	chosen := choose(name, c.url == "")
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("%q is no flag", flags.Arg(0))
	case len(chosen) == 0:
		return errors.New("no attack has such a name")
	case c.crowd < 1 || c.length <= 0:
		return errors.New("-crowd and -for must be positive")
	case *list:
		for _, a := range chosen {
			fmt.Fprintf(out, "%-20s %s\n", a.name, a.does)
		}
		return nil
	}
	return c.attackAll(ctx, chosen, out)
}

// choose returns the attacks whose name matches, in their order; those on clients only if they are wanted, too.
func choose(name *regexp.Regexp, clients bool) (chosen []attack) {
	for _, a := range attacks() {
		if name.MatchString(a.name) && (clients || a.conduct == nil) {
			chosen = append(chosen, a)
		}
	}
	return chosen
}
