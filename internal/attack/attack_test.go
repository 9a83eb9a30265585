package main

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

func TestMain(m *testing.M) {
	switch kind, ok := os.LookupEnv(victimVariable); {
	case kind == "naive":
		os.Exit(beVictim(serveNaively, dialNaively))
	case kind == "sleepy":
		os.Exit(beVictim(serveOneByOne, dialNaively))
	case ok:
		os.Exit(beVictim(servesModes(kind), dialInMode))
	}
	os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0") // of victims; it is a second otherwise
	goleak.VerifyTestMain(m)
}

// short is an attack that is over soon. The crowd is beyond what a Listener has places for.
var short = config{length: 50 * time.Millisecond, patience: 20 * time.Second, crowd: 2 * maxPending}

func TestEachAttackIsHeld(t *testing.T) {
	for i, a := range attacks() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			c := short
			c.victim = places[i%len(places)].mode // all of them are for the command
			r := c.attack(t.Context(), a)
			if errors.Is(r.err, errTooMany) {
				t.Skip(r.err)
			}
			if r.err != nil || r.visits == 0 || r.begun == 0 {
				t.Error(r)
			}
		})
	}
}

// attackOf returns the attack with the name.
func attackOf(t *testing.T, name string) attack {
	t.Helper()
	chosen := choose(regexp.MustCompile("^"+name+"$"), true)
	if len(chosen) != 1 {
		t.Fatalf("%d attacks have the name %q", len(chosen), name)
	}
	return chosen[0]
}

func TestWhatDoesNotHoldIsTold(t *testing.T) {
	for _, tt := range []struct{ victim, attack, complaint string }{
		{"sleepy", "silence", "an honest client"},
		{"naive", "many-fields", "a connection was opened"},
		{"naive", "large-heads", "MiB of memory"},
		{"naive", "foreign-origin", "a connection was opened"},
		{"naive", "rebinding", "a connection was opened"},
		{"naive", "pipelined", "was not refused"},
		{"naive", "claimed-lengths", "the process has"},
		{"naive", "illegal-frames", "goes on|has come back|close code|something is left"},
		{"naive", "late-bad-text", "a message has come back"},
		{"naive", "behind-close", "behind the close frame"},
		{"naive", "cut-anywhere", "something is left"},
		{"naive", "client-wrong-key", "a connection was opened"},
		{"naive", "client-secrets", "came along to another port"},
		{"naive", "client-cut", "taken for whole"},
	} {
		t.Run(tt.attack, func(t *testing.T) {
			t.Parallel()
			c := short
			c.victim, c.length, c.patience, c.crowd = tt.victim, 5*time.Second, 5*time.Second, 10 // a complaint ends it at once
			a := attackOf(t, tt.attack)
			switch tt.attack {
			case "silence":
				c.patience = 2 * time.Second // after which there is a complaint
			case "large-heads":
				a.memory = 4 << 20 // which some heads reach, too
				fallthrough
			case "cut-anywhere":
				c.length = time.Second / 2 // behind which there is one
			}
			if err := c.attack(t.Context(), a).err; err == nil || !regexp.MustCompile(tt.complaint).MatchString(err.Error()) {
				t.Errorf("the complaint is %v", err)
			}
		})
	}
}

func TestAServerThatIsGivenIsAttacked(t *testing.T) {
	good := httptest.NewServer(listen.Handler(stream.Simple, echoAll, listen.Origins("http://127.0.0.1")))
	t.Cleanup(good.Close)
	naive := httptest.NewServer(&naive{})
	t.Cleanup(naive.Close)
	for _, tt := range []struct {
		name, url string
		held      bool
	}{
		{"a server that holds", good.URL + "/echo?x=y", true},
		{"its name", strings.Replace(good.URL, "127.0.0.1", "localhost", 1), true},
		{"a naive one", naive.URL, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			err := run(t.Context(), []string{"-url", tt.url, "-for", "50ms", "-only", "^(foreign-origin|illegal-frames|half-closed|half-hello)$"}, &out)
			if text := out.String(); (err == nil) != tt.held || strings.Count(text, "\n") != 4 || strings.Contains(text, "DID NOT HOLD") == tt.held {
				t.Errorf("%v\n%s", err, text)
			}
		})
	}
}

func TestOtherMachinesAreNotAttacked(t *testing.T) {
	for _, url := range []string{"ws://192.0.2.1/", "wss://[2001:db8::1]:8443/", "ws://0.0.0.0/", "ftp://127.0.0.1/", "ws:///", "127.0.0.1"} {
		var out bytes.Buffer
		if err := run(t.Context(), []string{"-url", url, "-only", "garbage"}, &out); err == nil || !strings.Contains(out.String(), "DID NOT HOLD") {
			t.Errorf("%s: %v\n%s", url, err, &out)
		}
	}
}

func TestTheListHasALineForEachAttack(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-list"}, &out); err != nil {
		t.Fatal(err)
	}
	names := make(map[string]bool)
	for line := range strings.Lines(out.String()) {
		name, does, _ := strings.Cut(line, " ")
		if names[name] || strings.TrimSpace(does) == "" {
			t.Errorf("the line is %q", line)
		}
		names[name] = true
	}
	if len(names) != len(attacks()) {
		t.Errorf("%d names, %d attacks", len(names), len(attacks()))
	}
}

func TestImpossibleArgumentsAreRefused(t *testing.T) {
	for _, args := range [][]string{{"-only", "("}, {"-only", "no such name"}, {"-for", "0s"}, {"-crowd", "0"}, {"silence"}} {
		var out bytes.Buffer
		if err := run(t.Context(), args, &out); err == nil || out.Len() > 0 {
			t.Errorf("%q: %v\n%s", args, err, &out)
		}
	}
}
