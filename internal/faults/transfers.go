//go:build linux

package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/litert/websocket/stream"
)

// transfers are faults that a transfer in both directions gets over.
var transfers = []trial{
	{name: "1 % of packets lost", want: arrives, variants: bothEnds, run: loses(1)},
	{name: "5 % of packets lost", want: arrives, variants: bothEnds, run: loses(5)},
	{name: "link down for 3 s in mid-message", want: arrives, variants: bothEnds, run: transfersThrough(linkDown)},
	{name: "black hole for 1.5 s in mid-message", want: arrives + "; KeepAlive of 8 s and IdleTimeout of 15 s notice nothing", variants: eachEnd,
		run: transfersThrough(briefHole, stream.KeepAlive(8*time.Second), stream.IdleTimeout(15*time.Second))},
	{name: "MTU from 1500 to 600 in mid-message", want: arrives, variants: bothEnds, run: transfersThrough(smallerMTU)},
}

const arrives = "all arrives, digests equal, no error"

// size returns how many bytes go each way.
func (e *env) size() int64 {
	if e.short {
		return 4 << 20
	}
	return 64 << 20
}

// transfersThrough has size bytes go each way, and the fault happen in the middle of it. The fault has to tell the ends to
// go on. The options are for the end that is looked at.
func transfersThrough(fault func(e *env, goOn func()) error, opts ...stream.Option) func(*env) (string, error) {
	return func(e *env) (string, error) {
		l, err := e.open(opts...)
		if err != nil {
			return "", err
		}
		defer l.close()
		if err := l.exchange(e.ctx, e.size(), func(goOn func()) error { return fault(e, goOn) }); err != nil {
			return "", err
		}
		return fmt.Sprintf("%d MiB each way, equal", e.size()>>20), nil
	}
}

// loses has some of a hundred packets lost in each direction, from the start.
func loses(percent int) func(*env) (string, error) {
	return func(e *env) (string, error) {
		l, err := e.open()
		if err != nil {
			return "", err
		}
		defer l.close()
		if err := e.treatBoth(fmt.Sprintf("numgen random mod 100 < %d drop", percent)); err != nil {
			return "", err
		}
		if err := l.exchange(e.ctx, e.size(), nil); err != nil {
			return "", err
		}
		again, err := l.sentAgain()
		if err == nil && again == 0 {
			err = errors.New("no packet was lost")
		}
		return fmt.Sprintf("%d MiB each way, equal, %d packets sent again", e.size()>>20, again), err
	}
}

func linkDown(e *env, goOn func()) error {
	if err := e.server.ip("link", "set", "dev", device, "down"); err != nil {
		return err
	}
	goOn()
	time.Sleep(3 * time.Second)
	return e.server.ip("link", "set", "dev", device, "up")
}

func briefHole(e *env, goOn func()) error {
	if err := e.treatBoth("drop"); err != nil {
		return err
	}
	goOn()
	time.Sleep(1500 * time.Millisecond)
	return e.treatBoth("")
}

func smallerMTU(e *env, goOn func()) error {
	defer goOn()
	return errors.Join(
		e.client.ip("link", "set", "dev", device, "mtu", "600"),
		e.server.ip("link", "set", "dev", device, "mtu", "600"),
	)
}
