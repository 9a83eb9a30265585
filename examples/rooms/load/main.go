// Load measures rooms with one node, two and three, each a process of its own beside one of NATS, all on this machine.
//
//	go run ./rooms/load
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const maxRate = 1_000_000 // messages in a second; less than timers can do

func main() {
	var l load
	flag.IntVar(&l.clients, "clients", 1000, "how many clients there are")
	flag.IntVar(&l.rooms, "rooms", 20, "in how many rooms they are, about the same number in each")
	flag.IntVar(&l.rate, "rate", 200, "how many messages all of them send in a second; as many as they can if 0")
	flag.DurationVar(&l.time, "for", 10*time.Second, "how long they do so")
	nodes := flag.String("nodes", "1,2,3", "the `numbers` of nodes")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, l, strings.Split(*nodes, ",")); err != nil {
		log.Fatal(err)
	}
}

// run prints a line for each number of nodes. What it has started ends with it, and with ctx.
func run(ctx context.Context, out io.Writer, l load, numbers []string) error {
	if l.clients < 1 || l.rooms < 1 || l.rate < 0 || l.time <= 0 {
		return errors.New("the numbers must be positive")
	}
	if l.rate > maxRate {
		return fmt.Errorf("the rate is %d at most", maxRate)
	}
	var counts []int
	for _, text := range numbers {
		number, err := strconv.Atoi(text)
		if err != nil || number < 1 {
			return fmt.Errorf("%q is no number of nodes", text)
		}
		counts = append(counts, number)
	}
	dir, err := os.MkdirTemp("", "rooms")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	build := exec.CommandContext(ctx, "go", "build", "-o", dir+string(filepath.Separator),
		"github.com/litert/websocket/examples/rooms", "github.com/nats-io/nats-server/v2")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("go build: %w", err)
	}
	fmt.Fprintf(out, "%d clients in %d rooms, %d CPUs for all of it\n\n", l.clients, l.rooms, runtime.NumCPU())
	fmt.Fprintln(out, "| nodes | in/s | out/s | CPU of nodes for each delivery | CPU of NATS for each message | p50 | p99 |")
	fmt.Fprintln(out, "|--:|--:|--:|--:|--:|--:|--:|")
	for _, number := range counts {
		if err := measure(ctx, out, l, dir, number); err != nil {
			return err
		}
	}
	return nil
}

// measure starts the processes, has them loaded, and prints what came of it.
func measure(ctx context.Context, out io.Writer, l load, dir string, number int) error {
	var started []*process
	defer func() {
		for _, p := range slices.Backward(started) {
			p.end()
		}
	}()
	store, err := os.MkdirTemp(dir, "store")
	if err != nil {
		return err
	}
	nats, err := start(ctx, filepath.Join(dir, "nats-server"), func(addr string) []string {
		return []string{"-js", "-sd", store, "-a", "127.0.0.1", "-p", addr[strings.LastIndex(addr, ":")+1:]}
	})
	if err != nil {
		return err
	}
	started = append(started, nats)
	for range number {
		node, err := start(ctx, filepath.Join(dir, "rooms"), func(addr string) []string {
			return []string{"-addr", addr, "-nats", "nats://" + nats.addr}
		})
		if err != nil {
			return err
		}
		started = append(started, node)
	}
	r, err := l.run(ctx, started)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "| %d | %.0f | %.0f | %v | %v | %v | %v |\n", number, float64(r.accepted)/r.took.Seconds(), float64(len(r.delays))/r.took.Seconds(),
		(r.cpu / time.Duration(max(1, len(r.delays)))).Round(10*time.Nanosecond),
		(r.cpuOfNATS / time.Duration(max(1, r.accepted))).Round(time.Microsecond),
		r.quantile(0.5).Round(10*time.Microsecond), r.quantile(0.99).Round(10*time.Microsecond))
	return nil
}
