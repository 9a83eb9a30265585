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

func TestTheTableHasALineForEachLoad(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	var out bytes.Buffer
	if err := measureAll(ctx, &out, 50, 10*time.Millisecond, 0, 4*time.Second); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines:\n%s", len(lines), out.String())
	}
	for i, want := range [][]string{{"50", "0"}, {"50", "5"}} {
		if got := strings.Fields(lines[i+1]); len(got) != 7 || got[0] != want[0] || got[1] != want[1] {
			t.Errorf("%q; want %v, and what was measured", lines[i+1], want)
		}
	}
}
