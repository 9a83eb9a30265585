package listen

import (
	"net"
	"net/netip"
)

// CanAwaitFirst says whether it is known of a socket that nothing has come.
const CanAwaitFirst = canAwaitFirst

// Known returns how many connections l keeps track of.
func (l *Listener[M]) Known() int { return l.server.roster.known() }

// Known returns how many connections g keeps track of.
func (g *Group) Known() int { return g.roster.known() }

func (r *roster) known() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.members)
}

// Pending returns how many connections of l are silent, and how many have begun their handshake.
func (l *Listener[M]) Pending() (n [2]int) {
	w := l.server.room
	w.mu.Lock()
	defer w.mu.Unlock()
	w.silent.each(func(*place) { n[0]++ })
	w.shaking.each(func(*place) { n[1]++ })
	return n
}

// SpeakDropped has conn, which is silent, give way when the first byte has just come, and reports whether it goes on to its handshake.
func SpeakDropped(conn net.Conn) bool {
	w := newWaitingRoom(1)
	p := w.newPlace(conn)
	w.take(p, nil)
	w.mu.Lock()
	w.drop(p)
	w.mu.Unlock()
	return p.spoke(nil)
}

// HostIn returns what counts as the host of a client.
func HostIn(remote string) netip.Addr { return hostIn(remote) }

// A Crowd is a set of places, grouped by host.
type Crowd struct{ c crowd }

// A Place is in a Crowd.
type Place = place

func (c *Crowd) Add(host netip.Addr) *Place {
	p := &place{host: host}
	c.c.add(p)
	return p
}

func (c *Crowd) Remove(p *Place) { c.c.remove(p) }

// First returns the place that comes first.
func (c *Crowd) First() *Place { return c.c.first() }

// Host returns the host of p.
func (p *place) Host() netip.Addr { return p.host }

// Queued returns how many connections of l wait for Accept.
func (l *Listener[M]) Queued() int { return len(l.queue) }
