package transport_test

import (
	"testing"
	"time"

	"github.com/litert/websocket/internal/transport"
)

// It is told by the wall clock until it is set, as a deadline of package net is, and no longer: that clock may jump.
func TestADeadlineByTheWallClockIsFixedWhenItIsSet(t *testing.T) {
	for _, in := range []time.Duration{-time.Hour, 0, time.Hour, 100 * 365 * 24 * time.Hour} {
		var d transport.Deadline
		at := time.Now().Add(in).Round(0)
		d.Store(at)
		if got := d.Load(); got == got.Round(0) {
			t.Errorf("in %v: %v has no monotonic reading", in, got)
		} else if off := got.Sub(at).Abs(); off > time.Minute {
			t.Errorf("in %v: it is off by %v", in, off)
		}
		if d.Expired() != (in <= 0) {
			t.Errorf("in %v: expired is %v", in, d.Expired())
		}
	}
}

func TestADeadlineWithAMonotonicReadingStaysAsItIs(t *testing.T) {
	var d transport.Deadline
	at := time.Now().Add(time.Hour)
	if d.Store(at); d.Load() != at {
		t.Errorf("%v has become %v", at, d.Load())
	}
	if d.Store(time.Time{}); !d.Load().IsZero() || d.Expired() {
		t.Errorf("no deadline has become %v", d.Load())
	}
}
