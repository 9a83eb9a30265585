package main

import (
	"context"
	"net"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// A load is what a library has to cope with in a job. It is the same for all of them.
type load struct {
	job   job
	addr  string           // of the library, where that is the server
	ln    *net.TCPListener // where it is the client
	pair  *process         // that is the client of a pair, which is its own load
	peers []*peer
	ring  ring
	took  []time.Duration // by each message, where that is measured
}

// open opens the connections, and has the library warm up.
func (l *load) open() error {
	switch l.job.Kind {
	case send:
		whole := large(l.job.Size)
		return l.openOne(func(int) content { return whole })
	case receive, store:
		answer := count(l.job.Size).answer()
		return l.openOne(func(int) content { return content{answer, int64(len(answer))} })
	case write:
		whole := small(l.job, 0)
		return l.openOne(func(int) content { return whole })
	case deflate:
		all := contents(l.job)
		return l.openOne(func(i int) content { return all[i%len(all)] })
	case shake:
		return l.shake(l.job.Conns)
	case pair:
		return l.exchange(roundUp(l.job.Messages/20, l.job.Conns))
	}
	l.ring = newRing(l.job)
	switch l.job.Kind {
	case echo, inflate:
		if err := l.openAll(l.job.Conns); err != nil {
			return err
		}
		return l.echo(roundUp(l.job.Messages/20, l.job.Conns))
	case fanout:
		if err := l.openAll(l.job.Conns); err != nil {
			return err
		}
		return l.fanout(2)
	case visit, pace:
		if err := l.openAll(l.job.Conns); err != nil {
			return err
		}
		return l.echo(l.job.Conns)
	default: // idle
		if err := l.openAll(openers); err != nil {
			return err
		}
		return l.echo(openers)
	}
}

func (l *load) openOne(want func(int) content) (err error) {
	l.peers = make([]*peer, 1)
	if l.job.Client {
		l.peers[0], err = accept(l.ln, l.job, want)
	} else {
		l.peers[0], err = connect(l.addr, l.job, want)
	}
	return err
}

// openers is how many connections are opened at once.
const openers = 16

// openAll opens n connections more.
func (l *load) openAll(n int) error {
	begin := len(l.peers)
	l.peers = append(l.peers, make([]*peer, n)...)
	var g errgroup.Group
	g.SetLimit(openers)
	for i := range n {
		g.Go(func() (err error) {
			l.peers[begin+i], err = connect(l.addr, l.job, l.ring.want)
			return err
		})
	}
	return g.Wait()
}

// work is what is measured.
func (l *load) work() error {
	switch l.job.Kind {
	case send:
		return l.fetch()
	case receive, store:
		return l.put()
	case echo, inflate:
		return l.echo(l.job.Messages)
	case write, deflate:
		return l.ask(l.job.Messages)
	case fanout:
		return l.fanout(l.job.Messages / l.job.Conns)
	case shake:
		return l.shake(l.job.Messages)
	case pair:
		return l.exchange(l.job.Messages)
	case visit:
		return l.visit(l.job.Messages)
	case pace:
		return l.pace(l.job.Messages)
	default: // idle
		if err := l.openAll(l.job.Conns); err != nil {
			return err
		}
		return l.echo(len(l.peers))
	}
}

// close closes the connections.
func (l *load) close() {
	for _, p := range l.peers {
		if p != nil {
			p.drop()
		}
	}
	l.peers = nil
}

// ask sends a message, and waits for n.
func (l *load) ask(n int) error {
	p := l.peers[0]
	if _, err := p.conn.Write(encode(fin|opText, !l.job.Client, []byte("please"))); err != nil {
		return err
	}
	return p.receive(n)
}

// fetch has the library send its file.
func (l *load) fetch() error { return l.ask(1) }

// put sends a message in frames, and waits for the answer.
func (l *load) put() error {
	p := l.peers[0]
	first := encode(opBinary, !l.job.Client, noise(putFrame, 0))
	middle := append([]byte{0}, first[1:]...)
	last := append([]byte{fin}, first[1:]...)
	frames := int(l.job.Size / putFrame)
	for i := range frames {
		part := middle
		switch i {
		case 0:
			part = first
		case frames - 1:
			part = last
		}
		if _, err := p.conn.Write(part); err != nil {
			return err
		}
	}
	return p.receive(1)
}

// shake opens n connections, and closes them.
func (l *load) shake(n int) error {
	var g errgroup.Group
	for range l.job.Conns {
		g.Go(func() error {
			for range n / l.job.Conns {
				p, err := connect(l.addr, l.job, nil)
				if err != nil {
					return err
				}
				p.drop()
			}
			return nil
		})
	}
	return g.Wait()
}

// exchange has the client of a pair send n messages, and waits until it has all echoes.
func (l *load) exchange(n int) error {
	_, err := l.pair.tell(exchangeLine + strconv.Itoa(n))
	return err
}

// together calls f for all peers at once. When one has failed, the connections of all are closed.
func (l *load) together(f func(ctx context.Context, p *peer) error) error {
	g, ctx := errgroup.WithContext(context.Background())
	var end sync.Once
	for _, p := range l.peers {
		g.Go(func() error {
			err := f(ctx, p)
			if err != nil {
				end.Do(func() {
					for _, p := range l.peers {
						p.drop()
					}
				})
			}
			return err
		})
	}
	return g.Wait()
}
