package listen

import (
	"sync"
	"time"
)

const (
	// patience is how long a handshake may take before it is slow, and gives way to the next one where there is no place.
	// Behind a proxy, whose clients have all of the request there, none takes that long.
	patience = time.Second

	// silence is how long a client may say nothing before its connection gives way. What an honest one says is on its way
	// when the connection is taken.
	silence = 100 * time.Millisecond

	// inLine is how many connections may be in line for each place.
	inLine = 16

	// shed is how many silent connections give way at once where descriptors are scarce.
	shed = 64
)

// A waitingRoom bounds the connections of a Listener that are pending: taken from the network, not ended, and not returned
// by Accept. So there is a bound for the goroutines and the memory, whoever connects.
//
// A connection is in line until its client has sent something, and there is a place for its handshake, which it keeps until
// Accept returns it. Where the line is too long, the oldest of those that have sent nothing gives way; where there is no
// place, the oldest handshake that is slow, for the next one in line, hosts taking turns; and both times one of the host that
// has the most. A connection that waits for a place does not give way, nor one whose request has come, and was not refused.
type waitingRoom struct {
	size    int           // places; constant
	changed chan struct{} // constant; has an element if there may be room since somebody looked

	mu       sync.Mutex  // guards following
	taken    int         // places
	silent   crowd       // in line, and nothing has come of them
	waiting  crowd       // in line for a place
	shaking  crowd       // their handshake goes on, up to the request, or was refused, in the order in which that began
	ripening *time.Timer // calls admit when a handshake becomes slow; nil: there is no need
	closed   bool
}

func newWaitingRoom(size int) *waitingRoom {
	return &waitingRoom{size: size, changed: make(chan struct{}, 1)}
}

// await waits until a connection can be taken, which is silent at first, or needs a place at once. It reports false if
// stop was first.
func (w *waitingRoom) await(silent bool, stop <-chan struct{}) bool {
	return w.until(stop, func() (wait time.Duration) {
		switch {
		case silent:
			_, wait = w.findInLine()
		case w.waiting.count > 0:
			wait = time.Hour
		default:
			_, wait = w.findPlace()
		}
		return wait
	})
}

// take puts p in line, and waits until it can. It reports false if stop was first, or the room is closed.
func (w *waitingRoom) take(p *place, stop <-chan struct{}) bool {
	return w.until(stop, func() time.Duration {
		gives, wait := w.findInLine()
		if wait > 0 || w.closed {
			return wait
		}
		if gives != nil {
			w.drop(gives)
		}
		if p.raw != nil {
			p.enter(&w.silent)
		} else {
			p.enter(&w.waiting)
			w.admit()
		}
		return 0
	})
}

// until calls try, which says how long to wait if nothing changes, until it says 0. It reports false if stop was first, or
// the room is closed.
func (w *waitingRoom) until(stop <-chan struct{}, try func() time.Duration) bool {
	for {
		w.mu.Lock()
		wait, closed := try(), w.closed
		w.mu.Unlock()
		if closed {
			return false
		}
		if wait == 0 {
			return true
		}
		timer := time.NewTimer(wait)
		select {
		case <-w.changed:
			timer.Stop()
		case <-timer.C:
		case <-stop:
			timer.Stop()
			return false
		}
	}
}

// findInLine returns the connection that gives way in line, or nil if none has to; or how long it takes until one does.
// Its caller holds mu, as that of the following.
func (w *waitingRoom) findInLine() (gives *place, wait time.Duration) {
	if w.silent.count+w.waiting.count < inLine*w.size {
		return nil, 0
	}
	return w.findSilent()
}

// findSilent returns the first connection to give way of those that are silent indeed, or nil if there is none; and how long
// it takes until it does. What has spoken unheard gets in line for a place.
func (w *waitingRoom) findSilent() (gives *place, wait time.Duration) {
	for {
		p := w.silent.first()
		switch {
		case p == nil:
			return nil, time.Hour
		case !hasFirst(p.raw):
			return p, max(0, silence-time.Since(p.since))
		}
		p.enter(&w.waiting)
		w.admit()
	}
}

// findPlace returns the connection whose place is given to another, or nil if one is free; or how long it takes until there
// is one.
func (w *waitingRoom) findPlace() (gives *place, wait time.Duration) {
	if w.taken < w.size {
		return nil, 0
	}
	p := w.shaking.first()
	if p == nil {
		return nil, time.Hour
	}
	return p, max(0, patience-time.Since(p.since))
}

// admit gives places to those that wait for one.
func (w *waitingRoom) admit() {
	for w.waiting.count > 0 && !w.closed {
		gives, wait := w.findPlace()
		if wait > 0 {
			w.ripen(wait)
			return
		}
		if gives != nil {
			w.drop(gives)
		}
		p := w.waiting.next()
		p.enter(&w.shaking)
		p.counted = true
		w.taken++
		close(p.admitted)
		w.change()
	}
}

// change has the one that waits look again.
func (w *waitingRoom) change() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// ripen has admit called after wait.
func (w *waitingRoom) ripen(wait time.Duration) {
	if w.ripening != nil {
		w.ripening.Reset(wait)
		return
	}
	w.ripening = time.AfterFunc(wait, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.admit()
	})
}

// drop puts p out, and closes its connection.
func (w *waitingRoom) drop(p *place) {
	p.dropped = true
	p.leave()
	closeBelow(p.conn)
}

// shedSilent drops some of the connections that have sent nothing, whose descriptors are wanted, once they give way. It
// reports whether there were any.
func (w *waitingRoom) shedSilent(stop <-chan struct{}) bool {
	n := 0
	w.until(stop, func() time.Duration {
		for n < shed {
			p, wait := w.findSilent()
			switch {
			case p == nil || wait > 0 && n > 0:
				return 0
			case wait > 0:
				return wait
			}
			w.drop(p)
			n++
		}
		return 0
	})
	return n > 0
}

func (w *waitingRoom) isClosed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closed
}

// close has all handshakes end that have come to no request, and takes no more.
func (w *waitingRoom) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if w.ripening != nil {
		w.ripening.Stop()
	}
	for _, c := range []*crowd{&w.silent, &w.waiting, &w.shaking} {
		c.each(func(p *place) { closeBelow(p.conn) })
	}
}
