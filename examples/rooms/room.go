package main

import (
	"encoding/json"
	"maps"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/litert/websocket/examples/rooms/protocol"
)

const (
	backlog  = 256 // messages that a member may be behind
	maxNames = 50  // that are told of those who are present
)

// A room is one that has members at this node.
type room struct {
	node *node
	name string
	uses int // guarded by node.mu
	stop chan struct{}

	mu      sync.Mutex // guards following
	members map[*member]bool
	base    uint64 // the tail has all that was said behind it
	tail    []line
	nodes   map[string]presence // by their IDs
	shown   protocol.Event      // who was present when the members were told
}

// A presence is what a node tells of its members, again and again: it may end without a word.
type presence struct {
	Node  string
	Count int
	Names []string

	heard time.Time
}

// enter returns a room, for which exit has to be called, and what was heard until now.
func (n *node) enter(name string) (r *room, last uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if r = n.rooms[name]; r == nil {
		r = &room{node: n, name: name, base: n.last, stop: make(chan struct{}),
			members: make(map[*member]bool), nodes: make(map[string]presence)}
		n.rooms[name] = r
		go r.announce()
	}
	r.uses++
	return r, n.last
}

func (n *node) exit(r *room) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if r.uses--; r.uses == 0 {
		delete(n.rooms, r.name)
		close(r.stop)
	}
}

// append has all members get l. It waits for none of them.
func (r *room) append(l line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tail = append(r.tail, l); len(r.tail) > backlog {
		r.base, r.tail = r.tail[0].seq, r.tail[1:]
	}
	for m := range r.members {
		m.wake()
	}
}

// behind returns the part of the tail behind seq. The caller holds mu.
func (r *room) behind(seq uint64) []line {
	return r.tail[sort.Search(len(r.tail), func(i int) bool { return r.tail[i].seq > seq }):]
}

// announce tells other nodes, and the members, who is present.
func (r *room) announce() {
	beat := time.NewTicker(r.node.refresh)
	defer beat.Stop()
	for {
		select {
		case <-beat.C:
			r.mu.Lock()
			names := make(map[string]bool)
			for m := range r.members {
				names[m.name] = true
			}
			mine := presence{Node: r.node.id, Count: len(r.members), Names: some(names), heard: time.Now()}
			r.nodes[mine.Node] = mine // as NATS may be away
			r.show()
			r.mu.Unlock()
			data, _ := json.Marshal(mine) // has nothing that JSON has not
			r.node.history.Tell(r.name, data)
		case <-r.stop:
			return
		}
	}
}

// meet takes what a node, perhaps this one, tells of its members.
func (n *node) meet(room string, data []byte) {
	p := presence{heard: time.Now()}
	n.mu.Lock()
	r := n.rooms[room]
	n.mu.Unlock()
	if r != nil && json.Unmarshal(data, &p) == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.nodes[p.Node] = p
	}
}

// show has the members told who is present, if that has changed. The caller holds mu.
func (r *room) show() {
	e, names := protocol.Event{Kind: protocol.Present}, make(map[string]bool)
	for id, p := range r.nodes {
		if time.Since(p.heard) > 3*r.node.refresh {
			delete(r.nodes, id)
			continue
		}
		e.Count += p.Count
		for _, name := range p.Names {
			names[name] = true
		}
	}
	e.Names = some(names)
	if e.Count != r.shown.Count || !slices.Equal(e.Names, r.shown.Names) {
		r.shown = e
		text := prepare(e)
		for m := range r.members {
			m.notice = text
			m.wake()
		}
	}
}

// some returns the first names.
func some(names map[string]bool) []string {
	sorted := slices.Sorted(maps.Keys(names))
	return sorted[:min(len(sorted), maxNames)]
}
