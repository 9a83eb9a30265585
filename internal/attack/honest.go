package main

import (
	"context"
	"fmt"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
)

// visitAll has honest clients visit the targets, one after the other, until the time of the attack is over; but each is
// visited. It begins when all attackers are there, or at least one, and half of the time is over. It counts the visits.
func (f *force) visitAll(targets []target, visits *int) error {
	begun := time.Now()
	passed := func(d time.Duration) bool { return time.Since(begun) >= d }
	for f.ctx.Err() == nil && f.begun.Load() < f.want && !passed(f.c.patience) {
		if passed(f.c.length/2) && f.begun.Load() > 0 {
			break
		}
		rest(f.ctx, 5*time.Millisecond)
	}
	for round := 0; round == 0 || !passed(f.c.length); round++ {
		for _, t := range targets {
			if !t.open() {
				continue
			}
			if err := f.c.visit(f.ctx, t); f.ctx.Err() != nil {
				return nil // the attack was ended
			} else if err != nil {
				return complain("%s: an honest client: %v", t.Name, err)
			}
			*visits++
		}
		rest(f.ctx, 10*time.Millisecond)
	}
	return nil
}

// visit is an honest client, who has not all the time in the world.
func (c config) visit(ctx context.Context, t target) error {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	err := c.converse(ctx, t)
	if ctx.Err() == context.DeadlineExceeded {
		return fmt.Errorf("%v are not enough: %v", c.patience, err)
	}
	return err
}

// converse opens a connection, has a message echoed, and closes.
func (c config) converse(ctx context.Context, t target) error {
	raw, err := t.dial(ctx, t.elsewhere())
	if err == nil {
		raw, err = t.secure(ctx, raw)
	}
	if err != nil {
		return err
	}
	conn := newConn(ctx, raw, c.patience)
	defer conn.Close()
	if err := conn.upgrade(t); err != nil {
		return fmt.Errorf("no connection: %w", err)
	}
	if err := conn.echoed(opcode.Text, "an honest word"); err != nil {
		return err
	}
	if err := conn.echoed(opcode.Close, closing(closecode.NormalClosure)); err != nil {
		return err
	}
	return conn.ended()
}

// echoed sends a frame, and waits until the same comes back.
func (c *conn) echoed(op opcode.Opcode, payload string) error {
	if err := c.send(c.whole(op, payload)); err != nil {
		return err
	}
	h, got, err := c.receive()
	if err != nil {
		return fmt.Errorf("no %v frame comes back: %w", op, err)
	}
	if h.Opcode != op || got != payload {
		return fmt.Errorf("%v %.20q comes back instead of %v %q", h.Opcode, got, op, payload)
	}
	return nil
}

// closing is the payload of a close frame.
func closing(code closecode.Code) string {
	p, err := frame.AppendClose(nil, code, "")
	if err != nil {
		panic(err) // the code is a constant
	}
	return string(p)
}
