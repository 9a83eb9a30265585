package stream

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/opcode"
)

// A control answers the peer's pings, knows the own ones that wait for their pongs, and sends those of KeepAlive.
type control struct {
	// constant after New
	wire   *wire
	recv   *receiver
	pinger *pinger // nil without KeepAlive

	pongs  atomic.Pointer[pongs]    // set by the receiver; nil before the first that had to wait
	probes atomic.Pointer[underWay] // nil before the first
}

// A pinger is what KeepAlive has beside the rest. It is all that the timer knows: the runtime may hold on to a timer that was
// stopped, for as long as it would have run.
type pinger struct {
	interval time.Duration
	timer    *time.Timer
	control  atomic.Pointer[control] // nil: the connection has ended
}

func (p *pinger) rung() {
	if c := p.control.Load(); c != nil {
		c.keepAlive()
	}
}

// start begins to keep the connection alive, if there is an interval.
func (c *control) start(interval time.Duration) {
	if interval > 0 {
		p := &pinger{interval: interval}
		p.control.Store(c)
		c.pinger, p.timer = p, time.AfterFunc(longest, p.rung)
		p.timer.Reset(interval)
	}
}

// longest is a time after which nothing is waited for.
const longest = 100 * 365 * 24 * time.Hour

// stop is for the end of the connection.
func (c *control) stop() {
	if c.pinger != nil {
		c.pinger.control.Store(nil)
		c.pinger.timer.Stop()
	}
}

// keepAlive sends a ping if there was no sign of life for the interval, and calls itself again.
func (c *control) keepAlive() {
	if c.wire.end.hasEnded() {
		return
	}
	wait := c.wire.tr.LastAlive() + c.pinger.interval - c.wire.tr.Now()
	if wait <= 0 {
		wait = c.pinger.interval
		// A receiver that misses a pong already gives up, and needs the wire to say so.
		if !c.wire.tr.Unanswered() || !c.recv.gate.Busy() {
			c.pingUnlessBusy()
		}
	}
	c.pinger.timer.Reset(wait)
	if c.wire.end.hasEnded() {
		c.stop() // the end may have come before Reset
	}
}

// pingUnlessBusy sends a ping, and has the receiver wait for a sign of life.
func (c *control) pingUnlessBusy() {
	at := c.wire.tr.Now() // the pong may come before the write returns
	if c.sendPing() {
		c.wire.trace.controlSent(opcode.Ping, nil)
		c.wire.tr.Asked(at)
	}
}

// sendPing reports whether a ping was sent. It leaves it out where the wire is busy.
func (c *control) sendPing() (sent bool) {
	if !c.wire.tryEnter(transport.Bounds{Ctx: context.Background()}) {
		return false
	}
	t := &c.wire.turn
	var err error
	defer func() {
		_, err = t.leave(err)
		sent = err == nil
	}()
	err = t.whole(&frame.Header{Fin: true, Opcode: opcode.Ping}, &payload{})
	return
}
