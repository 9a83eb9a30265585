//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/examples/rooms/protocol"
	"github.com/litert/websocket/stream"
)

// wantFailure waits until p ends, and checks that it has failed, and said why.
func wantFailure(t *testing.T, p process, why string) {
	t.Helper()
	late := time.AfterFunc(hangs, func() { p.Process.Kill() })
	defer late.Stop()
	var exit *exec.ExitError
	if err := p.wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("it ends with %v, want 1", err)
	}
	if said := p.Stderr.(*bytes.Buffer).String(); !strings.Contains(said, why) {
		t.Errorf("it says %q, and not %q", said, why)
	}
}

func TestTwoNodesHaveNotTheSameFolder(t *testing.T) {
	dir := t.TempDir()
	first := startRole(t, "node", "-addr", freeAddress(t, "127.0.0.1"), "-store", dir)
	awaitReady(t, first.Args[2])
	second := startRole(t, "node", "-addr", freeAddress(t, "127.0.0.1"), "-store", dir)
	wantFailure(t, second, dir+" is in use by another node")
	end(t, first)
	third := startRole(t, "node", "-addr", freeAddress(t, "127.0.0.1"), "-store", dir)
	awaitReady(t, third.Args[2])
	third.Process.Kill()
	third.wait()
	last := startRole(t, "node", "-addr", freeAddress(t, "127.0.0.1"), "-store", dir)
	awaitReady(t, last.Args[2])
	end(t, last)
}

// Other nodes may use it, and what is stored in it.
func TestANodeTakesTheStreamAsItIs(t *testing.T) {
	addr := freeAddress(t, backend)
	startNATSAt(t, addr, t.TempDir())
	js := connectTo(t, "nats://"+addr)
	want := jetstream.StreamConfig{Name: "ROOMS", Subjects: []string{"rooms.*"}, MaxAge: 2 * time.Hour, Duplicates: time.Minute}
	if _, err := js.CreateStream(testContext(t), want); err != nil {
		t.Fatal(err)
	}
	n := newNode()
	defer n.close()
	if err := n.connect(testContext(t), "nats://"+addr, "", 1); err != nil {
		t.Fatal(err)
	}
	s, err := js.Stream(testContext(t), "ROOMS")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.CachedInfo().Config; got.MaxAge != want.MaxAge || got.Duplicates != want.Duplicates {
		t.Errorf("the stream is now %+v", got)
	}
}

// It would hear nothing: what is said gets small sequences again.
func TestANodeThatHasLostItsStreamEnds(t *testing.T) {
	for _, way := range []struct {
		name string
		lose func(t *testing.T, addr string, server process)
	}{
		{"deleted", func(t *testing.T, addr string, _ process) {
			if err := connectTo(t, "nats://"+addr).DeleteStream(testContext(t), "ROOMS"); err != nil {
				t.Error(err)
			}
		}},
		{"made anew", func(t *testing.T, addr string, _ process) {
			js := connectTo(t, "nats://"+addr)
			if err := js.DeleteStream(testContext(t), "ROOMS"); err != nil {
				t.Error(err)
			}
			if _, err := js.CreateStream(testContext(t), jetstream.StreamConfig{Name: "ROOMS", Subjects: []string{"rooms.*"}}); err != nil {
				t.Error(err)
			}
		}},
		{"replaced server", func(t *testing.T, addr string, server process) {
			end(t, server)
			startNATSAt(t, addr, t.TempDir())
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			nats, addr := freeAddress(t, backend), freeAddress(t, "127.0.0.1")
			server := startNATSAt(t, nats, t.TempDir())
			p := startNodeAt(t, addr, nats)
			c, _ := enter(t, addr, "a", "")
			seq := say(t, c, "1", "before")
			said := make(chan error, 1)
			go func() {
				for range c.All(context.Background()) {
				}
				said <- c.Err()
			}()
			way.lose(t, nats, server)
			wantFailure(t, p, "NATS has lost the stream")
			if err := <-said; stream.CloseCode(err) != closecode.GoingAway || protocol.Within(reasonOf(err)) == 0 {
				t.Errorf("the end is %v; want 1001, and when to come back", err)
			}
			addr = freeAddress(t, "127.0.0.1")
			startNodeAt(t, addr, nats)
			c, joined := enter(t, addr, "a", "9")
			if !joined.Lost {
				t.Errorf("who comes back behind %d is told %+v", seq, joined)
			}
			say(t, c, "2", "behind")
			c, _ = enter(t, addr, "a", "0")
			if e := next(t, c, protocol.Said); e.Text != "behind" {
				t.Errorf("what is said is %+v", e)
			}
		})
	}
}
