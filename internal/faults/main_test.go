//go:build linux

package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/litert/websocket/stream"
)

func TestMain(m *testing.M) {
	if status, ok := beOther(append(trials(), odd...)); ok {
		os.Exit(status)
	}
	os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0") // of the processes of trials; it is a second otherwise
	goleak.VerifyTestMain(m)
}

// kept is what a trial leaves behind.
var kept any

// odd are trials of which it is known what comes of them.
var odd = []trial{
	{group: "odd", name: "holds", run: func(*env) (string, error) { return "well", nil }},
	{group: "odd", name: "fails", run: func(*env) (string, error) { return "", errors.New("it is broken") }},
	{group: "odd", name: "lacks", run: func(*env) (string, error) { return "", skipped("no such machine") }},
	{group: "odd", name: "panics", run: func(*env) (string, error) { panic("a panic") }},
	{group: "odd", name: "goroutine", run: func(*env) (string, error) {
		go func() { select {} }()
		return "", nil
	}},
	{group: "odd", name: "descriptor", run: func(*env) (string, error) {
		f, err := os.Open(os.DevNull)
		kept = f
		return "", err
	}},
	{group: "odd", name: "memory", run: func(*env) (string, error) {
		kept = make([]byte, 2*slack)
		return "", nil
	}},
}

func TestWhatDoesNotHoldIsTold(t *testing.T) {
	wants := map[string]string{
		"holds": "well", "fails": "it is broken", "lacks": "skipped: no such machine", "panics": "a panic",
		"goroutine": "something is left", "descriptor": "something is left", "memory": "something is left",
	}
	var all sync.WaitGroup // some take their time
	for _, one := range odd {
		all.Go(func() {
			r := config{}.try(t.Context(), one, variant{})
			if fails := one.name != "holds" && one.name != "lacks"; (r.Err != "") != fails || !strings.Contains(r.String(), wants[one.name]) {
				t.Errorf("%s: %+v", one.name, r)
			}
		})
	}
	all.Wait()
	runtime.KeepAlive(kept)
}

func TestTheTableHasEachFaultAndItsStatusIsThatOfTheWorst(t *testing.T) {
	for _, name := range []string{"holds", "lacks", "fails"} {
		var out bytes.Buffer
		err := config{parallel: 2}.tryAll(t.Context(), []trial{odd[0], named(t, name)}, &out)
		if (err != nil) != (name == "fails") || !strings.Contains(out.String(), "\n| "+name+" | ") {
			t.Errorf("%s: %v\n%s", name, err, out.String())
		}
	}
}

func named(t *testing.T, name string) trial {
	t.Helper()
	for _, one := range odd {
		if one.name == name {
			return one
		}
	}
	t.Fatalf("there is no trial %q", name)
	return trial{}
}

func TestWhatWasSeenIsToldOnceWithItsRange(t *testing.T) {
	got := summary([]result{{Got: "ErrNoPong after 4.0 s"}, {Got: "cut"}, {Got: "ErrNoPong after 10.5 s"}, {Got: "ErrNoPong after 9.5 s"}})
	if want := "3 × ErrNoPong after 4.0–10.5 s; 1 × cut"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
	if got, want := summary([]result{{Got: "4 MiB"}, {Got: "4 MiB"}}), "4 MiB"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

func TestFewVariantsHaveEveryModeRoleAndTransport(t *testing.T) {
	seen := make(map[string]bool)
	for _, v := range eachEnd(true) {
		for word := range strings.FieldsSeq(v.String()) {
			seen[word] = true
		}
	}
	for _, word := range []string{"client", "server", "Standard", "Simple", "Lite", "Frames", "plain", "TLS", "HTTP/2", "compressed"} {
		if !seen[word] {
			t.Errorf("none is %s", word)
		}
	}
}

func TestACutIsNoOrderlyEnd(t *testing.T) {
	for err, want := range map[error]bool{
		io.ErrUnexpectedEOF:            true,
		io.EOF:                         false,
		errors.New("another"):          false,
		&stream.CloseError{Code: 1000}: false,
	} {
		if got := isCut(err); (got == nil) != want {
			t.Errorf("%v: %v", err, got)
		}
	}
	if isCut(nil) == nil {
		t.Error("no error is taken for a cut")
	}
}

func TestTheNamesOfFaultsAreAllDifferent(t *testing.T) {
	seen := make(map[string]bool)
	for _, one := range trials() {
		if seen[one.id()] || one.want == "" || one.run == nil {
			t.Errorf("%q is not well formed", one.id())
		}
		seen[one.id()] = true
	}
	if len(choose(regexp.MustCompile("^network/"))) < 20 {
		t.Error("faults of the network are missing")
	}
}
