package listen

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/gate"
	"github.com/litert/websocket/stream"
)

// A roster knows the connections that end together, those of a Listener or of a Group: from before the response that
// opens them until they have ended. The zero roster is empty.
type roster struct {
	perHost int // how many connections of one host may be open; 0: any number; constant

	mu      sync.Mutex // guards following
	closed  bool       // nobody enters any more
	hurried bool       // no response waits for its client any more
	members map[*member]struct{}
	hosts   map[netip.Addr]int // how many of them are of a host, if perHost says so
}

// A member is a connection that a roster knows. Methods of a nil member do nothing.
type member struct {
	// constant after enter
	roster  *roster
	host    netip.Addr // not valid: does not count
	onError func(*http.Request, error)

	settled gate.Latch // the handshake is over
	gone    gate.Latch // the roster has forgotten it

	// guarded by roster.mu
	conn    io.Closer      // that was taken over, until the response was sent
	socket  *stream.Socket // nil: the handshake goes on, or has failed
	uses    int            // until it is gone: the connection itself, and the function that serves it
	aborted bool
}

// enter makes a connection from host known, whose handshake is about to be answered, unless the roster is closed, or
// full for that host.
func (r *roster) enter(host netip.Addr, uses int, onError func(*http.Request, error)) (*member, *Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := &member{roster: r, onError: onError, uses: uses}
	switch {
	case r.closed:
		return nil, refusal(http.StatusServiceUnavailable, "the server is shutting down: %w", net.ErrClosed)
	case r.perHost > 0 && host.IsValid():
		if r.hosts[host] >= r.perHost {
			return nil, refusal(http.StatusTooManyRequests, "%d connections of this address are open, and no more may be", r.perHost)
		}
		if r.hosts == nil {
			r.hosts = make(map[netip.Addr]int)
		}
		r.hosts[host]++
		m.host = host
	}
	if r.members == nil {
		r.members = make(map[*member]struct{})
	}
	r.members[m] = struct{}{}
	return m, nil
}

// close has nobody enter any more, and reports whether it was the first to do so.
func (r *roster) close() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := !r.closed
	r.closed = true
	return first
}

// hurry cuts responses short that are being sent and wait for the client. A connection whose response was sent will still
// be opened, and end as all others.
func (r *roster) hurry() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hurried = true
	for m := range r.members {
		if m.conn != nil {
			cutAnswer(m.conn)
		}
	}
}

// cutAnswer ends what is written to conn, which is of a Listener.
func cutAnswer(conn io.Closer) {
	if c, ok := conn.(net.Conn); ok { // not a stream of HTTP/2
		c.SetWriteDeadline(longAgo)
	}
}

var longAgo = time.Unix(1, 0)

// shutdown closes the roster, ends all connections in an orderly way, for a reason that fits a close frame, and waits until their
// functions have returned. When ctx ends before, it aborts the remaining ones, and returns the error of ctx. It returns what a hook
// has panicked with, too.
func (r *roster) shutdown(ctx context.Context, reason string) (panicked any, err error) {
	r.close()
	var cut atomic.Bool
	endWith := func(end func(*member, context.Context) bool) any {
		panicked, all := r.each(ctx, func(m *member) {
			if !end(m, ctx) {
				cut.Store(true)
			}
		})
		if !all {
			cut.Store(true)
		}
		return panicked
	}
	panicked = endWith(func(m *member, ctx context.Context) bool { return m.shutdown(ctx, reason) })
	if behind := endWith((*member).awaitGone); panicked == nil {
		panicked = behind
	}
	if cut.Load() {
		err = ctx.Err()
	}
	return panicked, err
}

// abort drops all connections.
func (r *roster) abort() { r.each(context.Background(), (*member).abort) }

// each calls end for all members at once, and waits for all calls, or until soon after the end of ctx. It returns what a hook has
// panicked with, or nil, and whether all calls have returned.
func (r *roster) each(ctx context.Context, end func(*member)) (panicked any, all bool) {
	r.mu.Lock()
	members := make([]*member, 0, len(r.members))
	for m := range r.members {
		members = append(members, m)
	}
	r.mu.Unlock()
	var ends sync.WaitGroup
	first := make(chan any, 1)
	for _, m := range members {
		ends.Go(func() {
			if value := m.end(end); value != nil {
				select {
				case first <- value:
				default:
				}
			}
		})
	}
	all = awaitAll(ctx, &ends)
	select {
	case panicked = <-first:
	default:
	}
	return panicked, all
}

// end calls end. Whatever a hook does that is called meanwhile, m is not left open; its panic is told, and returned.
func (m *member) end(end func(*member)) (panicked any) {
	returned := false
	defer func() {
		if !returned {
			defer m.abortQuietly()
			panicked = recover()
			containPanic(m.onError, panicked)
		}
	}()
	end(m)
	returned = true
	return nil
}

// tookOver is called when the HTTP server has given conn away.
func (m *member) tookOver(conn io.Closer) {
	if m == nil {
		return
	}
	m.roster.mu.Lock()
	defer m.roster.mu.Unlock()
	m.conn = conn
	switch {
	case m.aborted:
		closeBelow(conn)
	case m.roster.hurried:
		cutAnswer(conn)
	}
}

// answered is called when the response was sent. From then on the connection is the engine's, and what ends it waits for opened.
func (m *member) answered() {
	if m == nil {
		return
	}
	m.roster.mu.Lock()
	defer m.roster.mu.Unlock()
	m.conn = nil
}

// opened ends the handshake.
func (m *member) opened(socket *stream.Socket) {
	if m == nil {
		return
	}
	m.roster.mu.Lock()
	m.socket = socket
	aborted := m.aborted
	m.roster.mu.Unlock()
	m.settled.Set()
	if aborted {
		socket.Abort()
	}
}

// failed ends the handshake of a connection that was not opened.
func (m *member) failed() {
	if m == nil {
		return
	}
	m.settled.Set()
	m.roster.mu.Lock()
	m.uses = min(m.uses, 1) // no function serves it
	m.roster.mu.Unlock()
	m.left()
}

// left is called when the connection has ended, and when the function that serves it has returned.
func (m *member) left() {
	if m == nil {
		return
	}
	r := m.roster
	r.mu.Lock()
	defer r.mu.Unlock()
	if m.uses--; m.uses != 0 {
		return
	}
	delete(r.members, m)
	if m.host.IsValid() {
		if r.hosts[m.host]--; r.hosts[m.host] == 0 {
			delete(r.hosts, m.host)
		}
	}
	m.gone.Set()
}

// shutdown ends the connection of m, and reports whether that was in time.
func (m *member) shutdown(ctx context.Context, reason string) bool {
	select {
	case <-m.settled.Wait():
	case <-ctx.Done():
		m.abort()
		return false
	}
	m.roster.mu.Lock()
	socket := m.socket
	m.roster.mu.Unlock()
	if socket != nil && socket.Shutdown(ctx, closecode.GoingAway, reason) != nil && ctx.Err() != nil {
		m.abort()
		return false
	}
	return true
}

// awaitGone waits until the connection of m has ended, and its function returned, and reports whether that was in time.
func (m *member) awaitGone(ctx context.Context) bool {
	select {
	case <-m.gone.Wait():
		return true
	case <-ctx.Done():
		m.abort()
		return m.gone.IsSet()
	}
}

// abort drops m, also if its handshake goes on.
func (m *member) abort() {
	m.roster.mu.Lock()
	m.aborted = true
	conn, socket := m.conn, m.socket
	m.roster.mu.Unlock()
	switch {
	case socket != nil:
		socket.Abort()
	case conn != nil:
		closeBelow(conn)
	}
}

// abortQuietly is abort behind a hook that has panicked already.
func (m *member) abortQuietly() {
	defer func() { recover() }()
	m.abort()
}
