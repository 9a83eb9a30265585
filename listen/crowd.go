package listen

import (
	"container/list"
	"net/netip"
)

// A crowd is a set of places, grouped by the host of their clients. Each of its methods takes constant time. The zero
// crowd is empty.
type crowd struct {
	hosts map[netip.Addr]*party
	sizes []*list.List // of the parties of each size, the one that has had it longest first
	most  int          // the size of the largest party
	turns list.List    // of the parties, in the order in which they take turns
	count int          // of the places
}

// A party is what of a crowd is of one host.
type party struct {
	host   netip.Addr
	places list.List     // in the order in which they came
	inSize *list.Element // of crowd.sizes
	turn   *list.Element // of crowd.turns
}

// add adds p, which is in no crowd.
func (c *crowd) add(p *place) {
	g := c.hosts[p.host]
	if g == nil {
		if c.hosts == nil {
			c.hosts = make(map[netip.Addr]*party)
		}
		g = &party{host: p.host}
		c.hosts[p.host] = g
		g.turn = c.turns.PushBack(g)
	}
	c.count++
	p.crowd, p.inParty = c, g.places.PushBack(p)
	c.resized(g, g.places.Len()-1)
}

// remove removes p, which is in c.
func (c *crowd) remove(p *place) {
	g := c.hosts[p.host]
	g.places.Remove(p.inParty)
	p.crowd, p.inParty = nil, nil
	c.count--
	c.resized(g, g.places.Len()+1)
}

// resized puts g, whose size was another by one, where those of its size are.
func (c *crowd) resized(g *party, before int) {
	now := g.places.Len()
	if before > 0 {
		c.sizes[before].Remove(g.inSize)
	}
	for len(c.sizes) <= now {
		c.sizes = append(c.sizes, list.New())
	}
	if now > 0 {
		g.inSize = c.sizes[now].PushBack(g)
	} else {
		delete(c.hosts, g.host)
		c.turns.Remove(g.turn)
	}
	switch {
	case now > c.most:
		c.most = now
	case before == c.most && c.sizes[before].Len() == 0:
		c.most = now
	}
}

// first returns the place that came first of those of the host that has the most, or nil if the crowd is empty.
func (c *crowd) first() *place {
	if c.most == 0 {
		return nil
	}
	return c.sizes[c.most].Front().Value.(*party).places.Front().Value.(*place)
}

// next returns the place that came first of those of the host whose turn it is. The crowd is not empty.
func (c *crowd) next() *place {
	turn := c.turns.Front()
	c.turns.MoveToBack(turn)
	return turn.Value.(*party).places.Front().Value.(*place)
}

// each calls do for each place.
func (c *crowd) each(do func(*place)) {
	for _, g := range c.hosts {
		for e := g.places.Front(); e != nil; e = e.Next() {
			do(e.Value.(*place))
		}
	}
}
