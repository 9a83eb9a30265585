// Soak lets thousands of connections come and go at random moments, over TCP, UNIX sockets, TLS and HTTP/2, with cuts, cancelled
// contexts and shutdowns on both sides. A tenth of the clients is silent or hostile. In the end nothing may be left of
// them, and every message must have arrived whole or in error.
//
//	go run ./internal/soak -for 5m
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/litert/websocket/internal/census"
)

func main() {
	length := flag.Duration("for", 30*time.Second, "how long connections come and go")
	clients := flag.Int("clients", 100, "how many there are at the same time, at most")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "of what happens by chance")
	flag.Parse()
	if err := soak(*length, *clients, *seed); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// slack is how much more memory may be in use afterwards: what the runtime keeps of goroutines and timers that have
// ended. The buffers of a hundred connections would be more.
const slack = 1 << 20

func soak(length time.Duration, clients int, seed uint64) error {
	dir, err := os.MkdirTemp("", "soak-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cert, roots, err := certificate()
	if err != nil {
		return err
	}
	tally := new(tally)
	run := func(length time.Duration, clients int) error {
		farm := &farm{dir: dir, cert: cert, roots: roots, tally: tally}
		return farm.run(length, clients, seed)
	}
	// What is there only once is there before the first count.
	if err := run(100*time.Millisecond, 4); err != nil {
		return err
	}
	before := census.Take()
	if err := run(length, clients); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	after, left := census.Settle(ctx, before, slack, func() (census.Census, error) { return census.Take(), nil })
	fmt.Printf("seed %d, %v\n%v\nbefore: %v\nafter:  %v\n", seed, length, tally, before, after)
	if left != nil {
		stacks := make([]byte, 1<<20)
		return fmt.Errorf("%w\n%s", left, stacks[:runtime.Stack(stacks, true)])
	}
	return tally.failure()
}

// run lets clients come and go for the length of time.
func (f *farm) run(length time.Duration, clients int, seed uint64) error {
	ctx, cancel := context.WithTimeout(context.Background(), length)
	defer cancel()
	if err := f.open(); err != nil {
		return err
	}
	var all sync.WaitGroup
	for i := range f.places {
		all.Go(func() { f.keep(ctx, &f.places[i], rand.New(rand.NewPCG(seed, uint64(i)))) })
	}
	for i := range clients {
		r := rand.New(rand.NewPCG(seed, uint64(1000+i)))
		all.Go(func() {
			for ctx.Err() == nil {
				p := &f.places[r.IntN(len(f.places))]
				if i%10 == 0 {
					f.intrude(p, r)
				} else {
					f.visit(p, r)
				}
			}
		})
	}
	all.Wait()
	f.served.Wait()
	return nil
}
