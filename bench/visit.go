package main

import (
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"
)

// visitors is how many connections come and go at once.
const visitors = 8

// visit opens n connections, has each echo a message, and closes it.
func (l *load) visit(n int) error {
	var g errgroup.Group
	for range visitors {
		g.Go(func() error {
			for i := range n / visitors {
				if err := l.visitOnce(i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// visitOnce sends the i-th message over a connection of its own.
func (l *load) visitOnce(i int) error {
	p, err := connect(l.addr, l.job, func(int) content { return l.ring.want(i) })
	if err != nil {
		return err
	}
	defer p.drop()
	if err := p.write(l.ring.part(i, 1)); err != nil {
		return err
	}
	if err := p.receive(1); err != nil {
		return err
	}
	return p.leave()
}

// leave is the closing handshake, but for waiting until the other end has closed the connection.
func (p *peer) leave() error {
	if err := p.write(encode(fin|opClose, true, []byte{1000 >> 8, 1000 & 0xff})); err != nil {
		return err
	}
	var first [1]byte
	if _, err := io.ReadFull(p.conn, first[:]); err != nil {
		return fmt.Errorf("waiting for a close frame: %w", err)
	}
	if first[0] != fin|opClose {
		return fmt.Errorf("a frame beginning with %#x has come instead of a close frame", first[0])
	}
	return nil
}
