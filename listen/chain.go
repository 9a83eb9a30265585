package listen

// A chain is a list whose links are part of what is in it, so that it allocates nothing. The zero chain is empty.
type chain[T any] struct {
	first, last *link[T]
	count       int
}

// A link is the place in a chain of what it is of. It is in one chain at most.
type link[T any] struct {
	of         *T // set by append
	prev, next *link[T]
}

// append puts l, the link of t, behind the last one.
func (c *chain[T]) append(l *link[T], t *T) {
	*l = link[T]{of: t, prev: c.last}
	if c.last != nil {
		c.last.next = l
	} else {
		c.first = l
	}
	c.last = l
	c.count++
}

// remove takes l out, which is in c.
func (c *chain[T]) remove(l *link[T]) {
	if l.prev != nil {
		l.prev.next = l.next
	} else {
		c.first = l.next
	}
	if l.next != nil {
		l.next.prev = l.prev
	} else {
		c.last = l.prev
	}
	*l = link[T]{}
	c.count--
}
