package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/litert/websocket/stream"
)

func TestMain(m *testing.M) {
	if role, ok := os.LookupEnv(roleVariable); ok {
		os.Exit(beProcess(role))
	}
	os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0") // of processes; it is a second otherwise
	goleak.VerifyTestMain(m)
}

func TestConnectionsComeAndGo(t *testing.T) {
	for _, tt := range []struct {
		name string
		how  func(plan, time.Duration, *tallies) (string, error)
	}{{"alone", alone}, {"in processes that are killed", inProcesses}} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			err := soak(plan{Clients: 40, Seed: rand.Uint64()}, 3*time.Second, tt.how, &out)
			if err != nil {
				t.Errorf("%v\n%s", err, &out)
			}
			for _, over := range transports {
				if !strings.Contains(out.String(), "| "+over) {
					t.Errorf("the table has nothing of %s:\n%s", over, &out)
				}
			}
		})
	}
}

func TestWhatMustNotHappenIsTold(t *testing.T) {
	good := newMessage(rand.New(rand.NewPCG(1, 2)))
	bad := append([]byte{1}, good...)
	cut := fmt.Errorf("cut: %w", io.ErrUnexpectedEOF)
	for _, tt := range []struct {
		name   string
		happen func(*tally)
		fault  bool
	}{
		{"a whole message", func(t *tally) { t.received(good, nil) }, false},
		{"one that is cut", func(t *tally) { t.received(good, cut) }, false},
		{"one that is not whole", func(t *tally) { t.received(bad, nil) }, true},
		{"an error that looks like the end of a message", func(t *tally) { t.received(good, io.EOF) }, true},
		{"another message that comes back", func(t *tally) { t.echoed(good, bad) }, true},
		{"a broken rule", func(t *tally) { t.ended(&stream.ProtocolError{Code: 1002, Err: errors.New("x")}) }, true},
		{"a close frame that tells of one", func(t *tally) { t.ended(&stream.CloseError{Code: 1002}) }, true},
		{"an orderly end", func(t *tally) { t.ended(&stream.CloseError{Code: 1000}) }, false},
		{"a cut", func(t *tally) { t.ended(cut) }, false},
		{"a cut that looks like an orderly end", func(t *tally) { t.ended(io.EOF) }, true},
	} {
		var all tallies
		for e := range events {
			all[1].count(e)
		}
		if tt.happen(&all[2]); (all.failure() != nil) != tt.fault {
			t.Errorf("%s: %v", tt.name, all.failure())
		}
	}
	if new(tallies).failure() == nil {
		t.Error("nothing has happened, and that is not told")
	}
}
