package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"sync"
	"time"

	"github.com/litert/websocket/examples/rooms/history"
	"github.com/litert/websocket/examples/rooms/protocol"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A node hears, in one order, all that is said at any node.
type node struct {
	id              string
	spread, refresh time.Duration
	patience        time.Duration // with clients and requests, when it ends
	history         *history.History

	mu    sync.Mutex       // guards following
	rooms map[string]*room // that have members here
	last  uint64           // sequence that was heard
}

func newNode() *node {
	return &node{id: rand.Text(), spread: 10 * time.Second, refresh: 2 * time.Second, patience: 20 * time.Second, rooms: make(map[string]*room)}
}

// connect has n hear what is said, by NATS at the urls, or in this process. It must be closed, after an error, too.
func (n *node) connect(ctx context.Context, urls, store string, replicas int) (err error) {
	if n.history, err = history.Open(ctx, urls, store, replicas); err != nil {
		return err
	}
	n.last = n.history.Last()
	return n.history.Follow(ctx, n.hear, n.meet)
}

func (n *node) close() {
	if n.history != nil {
		n.history.Close()
	}
}

func (n *node) hear(room string, seq uint64, data []byte) {
	n.mu.Lock()
	n.last = seq
	r := n.rooms[room]
	n.mu.Unlock()
	if r != nil {
		r.append(toLine(seq, data))
	}
}

// say has a message stored, and returns its sequence, which stays the same when it is said again. After an error it may be stored, or
// not.
func (n *node) say(ctx context.Context, room, from string, msg protocol.Message) (uint64, error) {
	data, err := json.Marshal(protocol.Event{Kind: protocol.Said, ID: msg.ID, From: from, Text: msg.Text})
	if err != nil {
		return 0, err
	}
	return n.history.Say(ctx, room, from+"."+msg.ID, data)
}

// A line is a message as members get it, encoded once for all of them.
type line struct {
	seq  uint64
	text *stream.Prepared
}

func toLine(seq uint64, data []byte) line {
	var e protocol.Event
	json.Unmarshal(data, &e) // is what say has marshalled
	e.Seq = seq
	return line{seq, prepare(e)}
}

// prepare encodes an event, which has nothing that JSON has not.
func prepare(e protocol.Event) *stream.Prepared {
	data, _ := json.Marshal(e)
	text, _ := stream.Prepare(opcode.Text, data)
	return text
}
