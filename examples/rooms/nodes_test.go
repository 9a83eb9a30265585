//go:build linux

package main

import (
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/examples/rooms/client"
	"github.com/litert/websocket/examples/rooms/protocol"
)

var (
	clients = flag.Int("clients", 200, "how many clients the test of the nodes has")
	rooms   = flag.Int("rooms", 10, "in how many rooms they are, the same number in each")
	each    = flag.Int("each", 10, "how many messages each of them sends")
)

// A listener is a client, and what it has heard.
type listener struct {
	*client.Client
	name string

	mu     sync.Mutex // guards following
	joined int
	lost   bool
	here   int // that were present when it was told last
	said   []protocol.Event
}

func newListener(t *testing.T, addr string, room int, name, after string) *listener {
	t.Helper()
	l := &listener{name: name}
	var err error
	if l.Client, err = client.New(fmt.Sprintf("ws://%s/ws?room=%d&name=%s&after=%s", addr, room, name, after), l.hear); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func (l *listener) hear(e protocol.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch e.Kind {
	case protocol.Joined:
		l.joined++
		l.lost = l.lost || e.Lost
	case protocol.Present:
		l.here = e.Count
	case protocol.Said:
		l.said = append(l.said, e)
	}
}

// has reports whether holds returns true of l.
func (l *listener) has(holds func() bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return holds()
}

// Each client says its messages, one after the other, while one node is killed, another one drained and started again, HAProxy
// reloaded, and NATS started again. In the end each client has each message of its room once, in the order in which its sender has said it, and in the same
// order as all others; and senders know under which sequences.
func TestEachClientHasEachMessageOnceWhileNodesComeAndGo(t *testing.T) {
	dir := t.TempDir()
	nats := freeAddress(t, backend)
	server := startNATSAt(t, nats, dir)
	var addrs []string
	var nodes []process
	for range 3 {
		addr := freeAddress(t, backend)
		addrs = append(addrs, addr)
		nodes = append(nodes, startNodeAt(t, addr, nats))
	}
	proxy, reload := startHAProxy(t, addrs)
	all := make([]*listener, *clients)
	for i := range all {
		all[i] = newListener(t, proxy, i%*rooms, fmt.Sprintf("client-%d", i), "")
	}
	awaitJoined(t, all, 1)
	talk := startTalk(t, all)
	talk.during(t, 1, func() { nodes[0].Process.Kill() })
	talk.during(t, 2, func() {
		end(t, nodes[1])
		startNodeAt(t, addrs[1], nats)
	})
	talk.during(t, 3, func() {
		reload()
		awaitJoined(t, all, 2)
	})
	talk.during(t, 4, func() {
		end(t, server)
		startNATSAt(t, nats, dir)
	})
	talk.saying.Wait()
	for i, l := range all {
		eventually(t, l.name+" has all messages of its room", func() bool {
			return l.has(func() bool { return len(l.said) >= *clients / *rooms * *each })
		})
		checkHeard(t, l, all[i%*rooms].said)
	}
	for room, l := range all[:*rooms] {
		checkRoom(t, l, talk.seqs)
		late := newListener(t, proxy, room, "late", "0")
		eventually(t, "one who is late gets all", func() bool { return late.has(func() bool { return len(late.said) >= len(l.said) }) })
		checkHeard(t, late, l.said)
		eventually(t, "all are present that are in the room", func() bool {
			return late.has(func() bool { return late.here == *clients / *rooms + 1 })
		})
	}
}

// awaitJoined waits until each of them has been let in so often.
func awaitJoined(t *testing.T, all []*listener, times int) {
	t.Helper()
	for _, l := range all {
		eventually(t, l.name+" is in its room", func() bool { return l.has(func() bool { return l.joined >= times }) })
	}
}

// A talk is what all clients say, each its messages from 0 on.
type talk struct {
	begun    []chan struct{} // by the number of the message: closed once it may be said
	saying   sync.WaitGroup
	accepted atomic.Int64

	mu   sync.Mutex        // guards following
	seqs map[string]uint64 // of what is accepted
}

func startTalk(t *testing.T, all []*listener) *talk {
	talk := &talk{seqs: make(map[string]uint64)}
	for range *each {
		talk.begun = append(talk.begun, make(chan struct{}))
	}
	ctx := t.Context()
	for _, l := range all {
		talk.saying.Go(func() {
			for n, begun := range talk.begun {
				select {
				case <-begun:
				case <-ctx.Done():
					return
				}
				text := fmt.Sprint(n)
				seq, err := l.Say(ctx, text)
				if err != nil {
					t.Errorf("%s says %s: %v", l.name, text, err)
					return
				}
				talk.mu.Lock()
				talk.seqs[l.name+" "+text] = seq
				talk.mu.Unlock()
				talk.accepted.Add(1)
			}
		})
	}
	return talk
}

// during has the messages of a quarter, from 1 to 4, said, and does something in the middle of that.
func (talk *talk) during(t *testing.T, quarter int, do func()) {
	t.Helper()
	from, to := *each*(quarter-1)/4, *each*quarter/4
	for _, begun := range talk.begun[from:to] {
		close(begun)
	}
	eventually(t, fmt.Sprintf("half of quarter %d is accepted", quarter), func() bool {
		return int(talk.accepted.Load()) >= *clients*(from+to)/2
	})
	do()
}

// checkHeard checks that l has heard what another one has in the same room, and nothing else.
func checkHeard(t *testing.T, l *listener, want []protocol.Event) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if diff := cmp.Diff(want, l.said); diff != "" {
		t.Errorf("%s has heard other things than the first in the room (-first +%s):\n%.2000s", l.name, l.name, diff)
	}
	if l.lost {
		t.Errorf("%s was told that something is lost", l.name)
	}
}

// checkRoom checks that what l has heard is what those in its room have said, in the order of each, and where they know it to be.
func checkRoom(t *testing.T, l *listener, seqs map[string]uint64) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	said := make(map[string]int) // by each
	last := uint64(0)
	for _, e := range l.said {
		if e.Seq <= last {
			t.Errorf("%s: %d comes behind %d", l.name, e.Seq, last)
		}
		last = e.Seq
		if want := fmt.Sprint(said[e.From]); e.Text != want {
			t.Errorf("%s: %s says %s, want %s", l.name, e.From, e.Text, want)
		}
		said[e.From]++
		if seq := seqs[e.From+" "+e.Text]; seq != e.Seq {
			t.Errorf("%s: %s of %s is %d, and was accepted as %d", l.name, e.Text, e.From, e.Seq, seq)
		}
	}
	if len(l.said) != *clients / *rooms * *each {
		t.Errorf("%s has heard %d messages, want %d", l.name, len(l.said), *clients / *rooms * *each)
	}
}
