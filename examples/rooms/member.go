package main

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strconv"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/examples/rooms/history"
	"github.com/litert/websocket/examples/rooms/protocol"
	"github.com/litert/websocket/stream"
)

// A member is a connection in a room.
type member struct {
	*stream.Socket
	name string
	room *room

	// guarded by room.mu
	at      uint64           // all up to here was sent, or is being sent
	live    bool             // what follows was in the tail of the room
	sending bool             // send runs, or has found that the connection has ended
	notice  *stream.Prepared // who is present, if it is to be told
}

var token = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`) // a part of a subject of NATS

// chat has conn be in a room until it ends. Its name is taken on trust; where there are users, take it from their session.
func (n *node) chat(r *http.Request, conn *stream.Conn[protocol.Message]) (err error) {
	ctx, name := r.Context(), r.FormValue("room")
	m := &member{Socket: conn.Socket, name: r.FormValue("name")}
	after, err := strconv.ParseUint(r.FormValue("after"), 10, 64)
	isNew := r.FormValue("after") == ""
	if !token.MatchString(m.name) || !token.MatchString(name) || err != nil && !isNew {
		return m.Shutdown(ctx, closecode.PolicyViolation, "names are up to 64 letters, digits, - and _; after is a number")
	}
	m.room, m.at = n.enter(name)
	defer n.exit(m.room)
	joined := protocol.Event{Kind: protocol.Joined}
	if !isNew {
		if joined.Lost, err = m.goBack(ctx, after); err != nil {
			return m.sendAway("messages cannot be read now", err)
		}
	}
	joined.Seq = m.at
	if err := m.WriteJSON(ctx, joined); err != nil {
		return err
	}
	m.join()
	defer m.leave()
	for msg, err := range conn.All(ctx) {
		switch {
		case errors.As(err, new(*stream.JSONError)) || err == nil && !token.MatchString(msg.ID):
			return m.Shutdown(ctx, closecode.PolicyViolation, "a message is JSON, with an ID of up to 64 letters, digits, - and _")
		case err != nil:
			return err
		}
		// Each is stored before the next is read: so they stay in order, and nobody says more than NATS stores.
		seq, err := n.say(ctx, name, m.name, msg)
		if err != nil {
			return m.sendAway("messages cannot be stored now", err)
		}
		if err := m.WriteJSON(ctx, protocol.Event{Kind: protocol.Accepted, ID: msg.ID, Seq: seq}); err != nil {
			return err
		}
	}
	return nil
}

// goBack has m begin behind a sequence, and reports whether something of what follows is lost.
func (m *member) goBack(ctx context.Context, after uint64) (lost bool, err error) {
	m.room.mu.Lock()
	base, last := m.room.base, m.at
	m.room.mu.Unlock()
	m.at = after
	if base <= after && after <= last {
		return false, nil
	}
	first, end, err := m.room.node.history.Bounds(ctx)
	if err == nil && after > end { // not only of what this node has not heard yet, but of a stream that is no more
		m.at = last
		return true, nil
	}
	return err == nil && after+1 < first, err
}

// sendAway has the client come back later, to any node.
func (m *member) sendAway(why string, err error) error {
	return errors.Join(err, m.Shutdown(context.Background(), closecode.TryAgainLater, protocol.Reason(why, m.room.node.spread)))
}

func (m *member) join() {
	m.room.mu.Lock()
	defer m.room.mu.Unlock()
	m.room.members[m] = true
	m.room.shown = protocol.Event{} // to be told again
	m.wake()
}

func (m *member) leave() {
	m.room.mu.Lock()
	defer m.room.mu.Unlock()
	delete(m.room.members, m)
}

// wake has m sent what there is. If what it was to be sent next has left the tail, it is too slow. The caller holds room.mu.
func (m *member) wake() {
	switch {
	case m.live && m.at < m.room.base:
		delete(m.room.members, m)
		go m.sendAway("this connection is too slow", nil)
	case !m.sending:
		m.sending = true
		go m.send()
	}
}

// send sends what there is for m, at first from the stream. It ends when there is no more, or the connection has ended, of which its
// receiver hears, too.
func (m *member) send() {
	const near = backlog / 2 // and not all of it, or the next message that is said would find m too slow
	for base, live := m.reached(m.at, near); !live; {
		seq, data, err := m.room.node.history.Next(context.Background(), m.room.name, m.at)
		switch {
		case errors.Is(err, history.ErrNone):
			base, live = m.reached(base, backlog) // all up to there was of other rooms, or is too old
		case err != nil:
			m.sendAway("messages cannot be read now", err)
			return
		case m.WritePrepared(context.Background(), toLine(seq, data).text) != nil:
			return
		default:
			base, live = m.reached(seq, near)
		}
	}
	for text := m.next(); text != nil; text = m.next() {
		if m.WritePrepared(context.Background(), text) != nil {
			return
		}
	}
}

// reached has m be at seq, and returns where the tail begins, and whether m is live, as the tail has all that follows, and that is
// no more than so many messages.
func (m *member) reached(seq uint64, most int) (base uint64, live bool) {
	m.room.mu.Lock()
	defer m.room.mu.Unlock()
	m.at = max(m.at, seq)
	m.live = m.live || m.at >= m.room.base && len(m.room.behind(m.at)) <= most
	return m.room.base, m.live
}

// next returns what m, which is live, is to be sent next, or nil.
func (m *member) next() (text *stream.Prepared) {
	m.room.mu.Lock()
	defer m.room.mu.Unlock()
	if !m.room.members[m] {
		return nil
	}
	if text, m.notice = m.notice, nil; text != nil {
		return text
	}
	if lines := m.room.behind(m.at); len(lines) > 0 {
		m.at = lines[0].seq
		return lines[0].text
	}
	m.sending = false
	return nil
}
