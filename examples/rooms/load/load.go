package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/litert/websocket/examples/internal/proc"
	"github.com/litert/websocket/examples/rooms/client"
	"github.com/litert/websocket/examples/rooms/protocol"
)

// A load is what is measured.
type load struct {
	clients, rooms, rate int
	time                 time.Duration
}

// A result is what came of it.
type result struct {
	took           time.Duration
	accepted       int
	delays         []time.Duration // from before a message is sent until a member has it, sorted
	cpu, cpuOfNATS time.Duration
}

func (r *result) quantile(q float64) time.Duration {
	if len(r.delays) == 0 {
		return 0
	}
	return r.delays[int(q*float64(len(r.delays)-1))]
}

// A listener is a client, and what it has heard.
type listener struct {
	*client.Client
	joined chan struct{} // closed when it is let in
	times  atomic.Int64  // that it was let in

	mu     sync.Mutex // guards following
	delays []time.Duration
}

// hear takes an event. The text of a message is the time when it was sent.
func (l *listener) hear(e protocol.Event) {
	switch e.Kind {
	case protocol.Joined:
		if l.times.Add(1) == 1 {
			close(l.joined)
		}
	case protocol.Said:
		sent, _ := strconv.ParseInt(e.Text, 10, 64) // is ours
		l.mu.Lock()
		defer l.mu.Unlock()
		l.delays = append(l.delays, time.Duration(time.Now().UnixNano()-sent))
	}
}

// run loads the nodes, which are behind NATS in processes.
func (l load) run(ctx context.Context, processes []*process) (*result, error) {
	nodes := processes[1:]
	all := make([]*listener, l.clients)
	for i := range all {
		c := &listener{joined: make(chan struct{})}
		var err error
		if c.Client, err = client.New(fmt.Sprintf("ws://%s/ws?room=%d&name=%d", nodes[i/l.rooms%len(nodes)].addr, i%l.rooms, i), c.hear); err != nil {
			return nil, err
		}
		defer c.Close()
		all[i] = c
	}
	for _, c := range all {
		select {
		case <-c.joined:
		case <-time.After(time.Minute):
			return nil, errors.New("a client is not let in")
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	before, err := times(processes)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	accepted, err := l.say(ctx, all)
	if err != nil {
		return nil, err
	}
	r := new(result)
	for i, c := range all {
		if err := c.await(ctx, accepted[i%l.rooms]); err != nil {
			return nil, err
		}
	}
	for _, n := range accepted {
		r.accepted += n
	}
	r.took = time.Since(begun)
	after, err := times(processes)
	if err != nil {
		return nil, err
	}
	for i := range processes {
		if i == 0 {
			r.cpuOfNATS = after[i] - before[i]
		} else {
			r.cpu += after[i] - before[i]
		}
	}
	for _, c := range all {
		r.delays = append(r.delays, c.delays...)
	}
	slices.Sort(r.delays)
	return r, nil
}

// say has the clients say one message after the other, each client when it is its turn, and returns how many are accepted in each room.
func (l load) say(ctx context.Context, all []*listener) ([]int, error) {
	ctx, cancel := context.WithTimeout(ctx, l.time+time.Minute)
	defer cancel()
	accepted := make([]atomic.Int64, l.rooms)
	failed := make(chan error, 1)
	say := func(i int) {
		if _, err := all[i].Say(ctx, strconv.FormatInt(time.Now().UnixNano(), 10)); err != nil {
			select {
			case failed <- err:
			default:
			}
			return
		}
		accepted[i%l.rooms].Add(1)
	}
	var saying sync.WaitGroup
	if l.rate == 0 { // one in each room speaks without a pause
		for i := range min(l.rooms, l.clients) {
			saying.Go(func() {
				for begun := time.Now(); time.Since(begun) < l.time && ctx.Err() == nil; {
					say(i)
				}
			})
		}
	} else {
		turn := time.NewTicker(time.Second / time.Duration(l.rate))
		defer turn.Stop()
		underWay := make(chan struct{}, 10_000) // has a value for each message; if there are more, nodes cannot do what the rate asks for
		begun := time.Now()
		for i := 0; time.Since(begun) < l.time && ctx.Err() == nil; i++ {
			<-turn.C
			underWay <- struct{}{}
			saying.Go(func() {
				say(i % l.clients)
				<-underWay
			})
		}
	}
	saying.Wait()
	counts := make([]int, l.rooms)
	for i := range counts {
		counts[i] = int(accepted[i].Load())
	}
	select {
	case err := <-failed:
		return nil, err
	default:
		return counts, nil
	}
}

// await waits until c has heard n messages.
func (c *listener) await(ctx context.Context, n int) error {
	for until := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		c.mu.Lock()
		heard := len(c.delays)
		c.mu.Unlock()
		switch {
		case heard == n:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case heard > n || time.Now().After(until):
			return fmt.Errorf("a client has heard %d messages, where %d were accepted in its room; it had to come back %d times", heard, n, c.times.Load()-1)
		}
	}
}

func times(processes []*process) (times []time.Duration, err error) {
	for _, p := range processes {
		used, err := proc.CPU(p.Process)
		if err != nil {
			return nil, err
		}
		times = append(times, used)
	}
	return times, nil
}
