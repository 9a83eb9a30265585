package main

import (
	"context"
	"slices"
	"sync/atomic"
	"time"
)

// pace sends n messages at the rate of the job, whether their echoes have come or not, to one connection after the
// other, and keeps how long each echo took.
func (l *load) pace(n int) error {
	begun := l.peers[0].in.messages
	sent := make([]atomic.Int64, n) // when, in nanoseconds since start
	took := make([]time.Duration, n)
	index := make(map[*peer]int)
	for i, p := range l.peers {
		index[p] = i
	}
	start := time.Now()
	err := l.together(func(ctx context.Context, p *peer) error {
		if p == l.peers[0] {
			go l.keepPace(ctx, sent, start, begun)
		}
		for i := index[p]; i < n; {
			if err := p.receive(begun + i/len(l.peers) + 1); err != nil {
				return err
			}
			now := time.Since(start)
			for ; i < n && begun+i/len(l.peers) < p.in.messages; i += len(l.peers) {
				took[i] = now - time.Duration(sent[i].Load())
			}
		}
		return nil
	})
	l.took = took
	return err
}

// keepPace sends as many messages as sent has, each when it is due or as soon after it as the system lets it.
func (l *load) keepPace(ctx context.Context, sent []atomic.Int64, start time.Time, begun int) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i := range sent {
		due := start.Add(time.Duration(i) * time.Second / time.Duration(l.job.Rate))
		timer.Reset(time.Until(due))
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		sent[i].Store(int64(time.Since(start)))
		if l.peers[i%len(l.peers)].write(l.ring.part(begun+i/len(l.peers), 1)) != nil {
			return // which the receiver notices
		}
	}
}

// A latency is how long echoes took, as the percentiles of their number.
type latency struct{ P50, P99, P999 time.Duration }

// percentiles returns the latency of echoes that took so long. It sorts them.
func percentiles(took []time.Duration) (l latency) {
	if len(took) == 0 {
		return l
	}
	slices.Sort(took)
	of := func(perMille int) time.Duration { return took[(len(took)-1)*perMille/1000] }
	return latency{of(500), of(990), of(999)}
}
