package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestTheTableHasALineForEachNumberOfNodes(t *testing.T) {
	var out bytes.Buffer
	l := load{clients: 20, rooms: 4, rate: 50, time: 2 * time.Second}
	if err := run(testContext(t), &out, l, []string{"1", "2"}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 6 {
		t.Fatalf("%d lines:\n%s", len(lines), out.String())
	}
	for i, want := range []string{"| 1 |", "| 2 |"} {
		if got := lines[4+i]; !strings.HasPrefix(got, want) || strings.Count(got, "|") != 8 {
			t.Errorf("%q; want %s, and what was measured", got, want)
		}
	}
}

func TestWhatCannotBeMeasuredIsSaid(t *testing.T) {
	fine := load{clients: 1, rooms: 1, rate: 1, time: time.Millisecond}
	for want, change := range map[string]func(*load){
		"positive": func(l *load) { l.clients = 0 }, "be positive": func(l *load) { l.time = 0 }, "at most": func(l *load) { l.rate = 2_000_000_000 },
	} {
		l := fine
		change(&l)
		if err := run(testContext(t), new(bytes.Buffer), l, []string{"1"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", l, err)
		}
	}
	for _, number := range []string{"", "0", "-1", "x"} {
		if err := run(testContext(t), new(bytes.Buffer), fine, []string{"1", number}); err == nil || !strings.Contains(err.Error(), "number of nodes") {
			t.Errorf("%q: %v", number, err)
		}
	}
}

func TestAMeasurementEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(testContext(t), 5*time.Second) // in the building, or in the measuring
	defer cancel()
	l := load{clients: 5, rooms: 1, rate: 5, time: time.Hour}
	if err := run(ctx, new(bytes.Buffer), l, []string{"1"}); err == nil {
		t.Error("an hour is over")
	}
}
