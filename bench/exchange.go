package main

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// An exchange is what a client of a library does on a connection to a server of the same library, which echoes: it sends
// the same message over and over, and keeps as many in flight as the job has.
type exchange struct {
	content    content
	write      func([]byte) error
	unsent     atomic.Int64
	unreceived atomic.Int64
	done       chan error // that all echoes have come, or why they have not
}

func newExchange(j job, write func([]byte) error) *exchange {
	return &exchange{content: small(j, 0), write: write, done: make(chan error, 2)} // one, and that the connection has ended
}

// send sends n messages, and waits for their echoes.
func (x *exchange) send(n, inFlight int) error {
	first := min(n, inFlight)
	x.unsent.Store(int64(n - first))
	x.unreceived.Store(int64(n))
	for range first {
		if err := x.write(x.content.period); err != nil {
			return err
		}
	}
	select {
	case err := <-x.done:
		return err
	case <-time.After(patience):
		return fmt.Errorf("%d echoes have not come", x.unreceived.Load())
	}
}

// next takes an echo, and returns what is sent then, or nil if all has been sent.
func (x *exchange) next(p []byte) ([]byte, error) {
	if int64(len(p)) != x.content.size {
		return nil, fmt.Errorf("an echo has %d bytes instead of %d", len(p), x.content.size)
	}
	if err := x.content.check(p, 0); err != nil {
		return nil, err
	}
	more := x.unsent.Add(-1) >= 0 // before the next send can begin
	if x.unreceived.Add(-1) == 0 {
		x.done <- nil
	}
	if more {
		return x.content.period, nil
	}
	return nil, nil
}

// end says that the connection has ended.
func (x *exchange) end(err error) {
	if err == nil {
		err = errors.New("the connection has ended")
	}
	select {
	case x.done <- err:
	default:
	}
}

// begin begins an exchange on a connection that has been opened.
func (s *site) begin(write func([]byte) error) *exchange {
	x := newExchange(s.job, write)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.exchanges = append(s.exchanges, x)
	s.open.Done()
	return x
}

// exchange sends n messages over all connections together, and waits for their echoes.
func (s *site) exchange(n int) error {
	s.open.Wait()
	var g errgroup.Group
	for _, x := range s.exchanges { // none is added any more
		g.Go(func() error { return x.send(n/len(s.exchanges), s.job.InFlight) })
	}
	return g.Wait()
}

// reading makes a caller of a connection whose messages have so many bytes.
type reading struct {
	conn
	size int64
}

func (c reading) converse(next func([]byte) ([]byte, error)) error {
	buf := make([]byte, c.size+1)
	for {
		r, err := c.next()
		if err != nil {
			return err
		}
		n, err := readAll(r, buf)
		if err != nil {
			return err
		}
		p, err := next(buf[:n])
		if err != nil {
			return err
		}
		if p == nil {
			continue
		}
		if err := c.write(p); err != nil {
			return err
		}
	}
}
