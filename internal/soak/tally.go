package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/litert/websocket/stream"
)

// An event is what is counted.
type event int

const (
	connected event = iota // a client
	refused                // an attempt to connect has failed
	whole                  // a message came
	cut                    // one came in part, with an error
	orderly                // a connection has ended, after all of its messages, with the closing handshake
	hostile                // a client that is silent or hostile has come
	givenUp                // a client was stuck, and the server has given it up
	events
)

// headings are those of the columns of events, in a table.
var headings = [events]string{
	"connections", "attempts that failed", "messages whole", "in error", "orderly ends", "hostile clients", "stuck ones given up",
}

// A tally counts what has happened at a place, and keeps what must not.
type tally struct {
	counts [events]atomic.Int64

	mu     sync.Mutex // guards following
	faults []string
}

func (t *tally) count(e event) { t.counts[e].Add(1) }

// take returns what was counted since the call before, and the faults.
func (t *tally) take() (counts [events]int64, faults []string) {
	for e := range counts {
		counts[e] = t.counts[e].Swap(0)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	faults, t.faults = t.faults, nil
	return counts, faults
}

// add adds what another tally has had.
func (t *tally) add(counts [events]int64, faults []string) {
	for e, n := range counts {
		t.counts[e].Add(n)
	}
	for _, f := range faults {
		t.fault(errors.New(f))
	}
}

// received takes a message as it was received, and its error.
func (t *tally) received(p []byte, err error) {
	switch {
	case errors.Is(err, io.EOF):
		t.fault(fmt.Errorf("a message in error matches io.EOF: %w", err))
	case err != nil:
		t.count(cut)
		t.ended(err)
	case !isWhole(p):
		t.fault(fmt.Errorf("a message of %d bytes came without an error, and is not whole", len(p)))
	default:
		t.count(whole)
	}
}

// echoed takes what has come back for sent.
func (t *tally) echoed(sent, back []byte) {
	if !bytes.Equal(sent, back) {
		t.fault(fmt.Errorf("%d bytes came back as %d others", len(sent), len(back)))
	}
}

// ended takes why a connection has ended: any reason, but that one of our ends has broken the protocol, or that a cut looks
// like an end.
func (t *tally) ended(err error) {
	var broken *stream.ProtocolError
	var over *stream.LimitError
	var closed *stream.CloseError
	isClosed := errors.As(err, &closed)
	switch {
	case errors.As(err, &broken), errors.As(err, &over), isClosed && (closed.Code == 1002 || closed.Code == 1007):
		t.fault(err)
	case errors.Is(err, io.EOF) && !isClosed:
		t.fault(fmt.Errorf("the end without a close frame matches io.EOF: %w", err))
	}
}

func (t *tally) fault(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.faults) < 20 {
		t.faults = append(t.faults, err.Error())
	}
}

// tallies are those of the places, in their order.
type tallies [len(transports)]tally

// String returns a table in Markdown.
func (all *tallies) String() string {
	var b strings.Builder
	row := func(name string, cell func(event) any) {
		fmt.Fprintf(&b, "| %-6s |", name)
		for e := range events {
			fmt.Fprintf(&b, " %*v |", len(headings[e]), cell(e))
		}
		b.WriteByte('\n')
	}
	row("over", func(e event) any { return headings[e] })
	row("---", func(event) any { return "---:" })
	var sum [events]int64
	for i := range all {
		row(transports[i], func(e event) any {
			n := all[i].counts[e].Load()
			sum[e] += n
			return n
		})
	}
	row("all", func(e event) any { return sum[e] })
	return b.String()
}

// failure returns what went wrong, or that something has not happened.
func (all *tallies) failure() error {
	var faults []error
	for i := range all {
		t := &all[i]
		t.mu.Lock()
		for _, f := range t.faults {
			faults = append(faults, fmt.Errorf("%s: %s", transports[i], f))
		}
		t.mu.Unlock()
	}
	if e, missing := all.missing(); missing {
		faults = append(faults, fmt.Errorf("too little has happened: %s: none", headings[e]))
	}
	return errors.Join(faults...)
}

// missing returns an event that has not happened, of those that must.
func (all *tallies) missing() (e event, missing bool) {
	for e := range events {
		n := int64(0)
		for i := range all {
			n += all[i].counts[e].Load()
		}
		if n == 0 && e != refused {
			return e, true
		}
	}
	return 0, false
}
