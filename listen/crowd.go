package listen

import "net/netip"

// A crowd is a set of places, grouped by the host of their clients. Each of its methods takes constant time. The zero
// crowd is empty.
type crowd struct {
	hosts map[netip.Addr]*party
	sizes []chain[party] // of the parties of each size, the one that has had it longest first
	most  int            // the size of the largest party
	turns chain[party]   // of the parties, in the order in which they take turns
	count int            // of the places
	spare *party         // that was the last one of a host, and is the next one's; nil: there is none
}

// A party is what of a crowd is of one host.
type party struct {
	host   netip.Addr
	places chain[place] // in the order in which they came
	inSize link[party]  // of crowd.sizes
	turn   link[party]  // of crowd.turns
}

// add adds p, which is in no crowd.
func (c *crowd) add(p *place) {
	g := c.hosts[p.host]
	if g == nil {
		g = c.newParty(p.host)
	}
	c.count++
	p.crowd, p.party = c, g
	g.places.append(&p.inParty, p)
	c.resized(g, g.places.count-1)
}

func (c *crowd) newParty(host netip.Addr) *party {
	if c.hosts == nil {
		c.hosts = make(map[netip.Addr]*party)
	}
	g := c.spare
	if c.spare = nil; g == nil {
		g = new(party)
	}
	g.host = host
	c.hosts[host] = g
	c.turns.append(&g.turn, g)
	return g
}

// remove removes p, which is in c.
func (c *crowd) remove(p *place) {
	g := p.party
	g.places.remove(&p.inParty)
	p.crowd, p.party = nil, nil
	c.count--
	c.resized(g, g.places.count+1)
}

// resized puts g, whose size was another by one, where those of its size are.
func (c *crowd) resized(g *party, before int) {
	now := g.places.count
	if before > 0 {
		c.sizes[before].remove(&g.inSize)
	}
	for len(c.sizes) <= now {
		c.sizes = append(c.sizes, chain[party]{})
	}
	if now > 0 {
		c.sizes[now].append(&g.inSize, g)
	} else {
		delete(c.hosts, g.host)
		c.turns.remove(&g.turn)
		c.spare = g
	}
	switch {
	case now > c.most:
		c.most = now
	case before == c.most && c.sizes[before].count == 0:
		c.most = now
	}
}

// first returns the place that came first of those of the host that has the most, or nil if the crowd is empty.
func (c *crowd) first() *place {
	if c.most == 0 {
		return nil
	}
	return c.sizes[c.most].first.of.places.first.of
}

// next returns the place that came first of those of the host whose turn it is. The crowd is not empty.
func (c *crowd) next() *place {
	g := c.turns.first.of
	c.turns.remove(&g.turn)
	c.turns.append(&g.turn, g)
	return g.places.first.of
}

// each calls do for each place.
func (c *crowd) each(do func(*place)) {
	for _, g := range c.hosts {
		for l := g.places.first; l != nil; l = l.next {
			do(l.of)
		}
	}
}
