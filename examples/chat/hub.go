package main

import (
	"context"
	"sync"

	"github.com/litert/websocket/stream"
)

// backlog is how many messages may wait for a member. One that is further behind is dropped.
const backlog = 64

// A hub has the rooms that have members.
type hub struct {
	mu    sync.Mutex // guards following
	rooms map[string]map[*member]bool
}

func newHub() *hub { return &hub{rooms: make(map[string]map[*member]bool)} }

// A member is a connection in a room.
type member struct {
	socket *stream.Socket
	room   string
	queue  chan *stream.Prepared // what waits to be sent
}

func (h *hub) join(room string, socket *stream.Socket) *member {
	m := &member{socket, room, make(chan *stream.Prepared, backlog)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.rooms[room] == nil {
		h.rooms[room] = make(map[*member]bool)
	}
	h.rooms[room][m] = true
	return m
}

func (h *hub) leave(m *member) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.rooms[m.room], m)
	if len(h.rooms[m.room]) == 0 {
		delete(h.rooms, m.room)
	}
}

// say has all members of the room get msg. It waits for none of them.
func (h *hub) say(room string, msg *stream.Prepared) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for m := range h.rooms[room] {
		select {
		case m.queue <- msg:
		default:
			delete(h.rooms[room], m)
			m.socket.Abort() // its chat ends, and tells
		}
	}
}

// send sends what is said to m, until ctx ends or the connection does.
func (m *member) send(ctx context.Context) {
	for {
		select {
		case msg := <-m.queue:
			if m.socket.WritePrepared(ctx, msg) != nil {
				return // its chat hears of the end, too
			}
		case <-ctx.Done():
			return
		}
	}
}
