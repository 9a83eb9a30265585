package deflate

// A coroutine is a function that stands still wherever it yields, until it is resumed. Unlike one of [iter.Pull], it may
// be resumed by goroutines that are locked to their threads. Only one at a time may do so.
type coroutine struct {
	resumed  chan bool     // whether to go on
	paused   chan struct{} // it stands still; closed: it has ended
	goesOn   bool          // owned by the function
	panicked any           // with what the function has ended
}

// newCoroutine returns a coroutine that stands still before f. It is to be resumed until it has ended.
func newCoroutine(f func()) *coroutine {
	c := &coroutine{resumed: make(chan bool), paused: make(chan struct{})}
	go c.run(f)
	return c
}

func (c *coroutine) run(f func()) {
	defer close(c.paused)
	defer func() { c.panicked = recover() }()
	if c.goesOn = <-c.resumed; c.goesOn {
		f()
	}
}

// yield has f stand still. It returns false, then and from then on at once, if f is to end.
func (c *coroutine) yield() bool {
	if c.goesOn {
		c.paused <- struct{}{}
		c.goesOn = <-c.resumed
	}
	return c.goesOn
}

// resume has f go on until it yields, or end if goOn is false. It is not called once f has ended. A panic of f is the
// caller's.
func (c *coroutine) resume(goOn bool) {
	c.resumed <- goOn
	if _, yielded := <-c.paused; !yielded && c.panicked != nil {
		panic(c.panicked)
	}
}
