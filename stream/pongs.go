package stream

import (
	"context"
	"sync"
	"time"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/opcode"
)

// pongs are the answers to the peer's pings that could not be sent at once. If they get too many, as where the peer does
// not read, only the latest is kept: no other needs one (RFC 6455, section 5.5.3).
type pongs struct {
	taken chan struct{} // capacity 1: due was taken, to be sent

	mu      sync.Mutex // guards following
	due     []byte     // each with a byte before it that tells its length
	sending bool
	stuck   bool // due was not taken for long
}

const (
	// pongsKept bounds what is kept of due, and pongsRoom the frames that are made of it: each byte may be an empty pong of
	// a client.
	pongsKept = 4 << 10
	pongsRoom = pongsKept * 6

	// pongPatience is how long due may be full while nothing is written before it counts as stuck, and not only as slow.
	// As long as something is, it is pongTries times that.
	pongPatience = 100 * time.Millisecond
	pongTries    = 10
)

// answer sees to it that the ping with data is answered. It does not wait until it is: two ends that wait for each other
// to read would do so for ever. The caller is the receiver.
func (c *control) answer(b transport.Bounds, data []byte) {
	p := c.pongs.Load()
	if p == nil {
		if c.putOffPong(data) {
			return
		}
		p = &pongs{taken: make(chan struct{}, 1)}
		c.pongs.Store(p)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.sending && c.putOffPong(data) {
		return
	}
	for len(p.due)+1+len(data) > pongsKept {
		if p.stuck {
			p.due = p.due[:0]
			break
		}
		p.awaitRoom(b, c.wire.tr)
	}
	p.due = append(append(p.due, byte(len(data))), data...)
	if !p.sending {
		p.sending = true
		go c.sendDue(p)
	}
}

// awaitRoom waits until due was taken, and gives up where that takes too long. The caller is the receiver and holds mu,
// but for the wait.
func (p *pongs) awaitRoom(b transport.Bounds, tr *transport.Conn) {
	p.mu.Unlock()
	stuck := p.isStuck(b, tr)
	p.mu.Lock()
	p.stuck = stuck
}

// isStuck waits until due was taken, and reports whether it has given that up, as it does when b ends.
func (p *pongs) isStuck(b transport.Bounds, tr *transport.Conn) bool {
	patience := time.NewTicker(pongPatience)
	defer patience.Stop()
	for range pongTries {
		last := tr.Moved() // by a write: it is the receiver that waits
		if p.awaitTaken(b, patience.C) {
			return false
		}
		if b.Err() != nil || tr.Moved() == last {
			break
		}
	}
	return true
}

// awaitTaken reports whether due was taken before b or the patience ended.
func (p *pongs) awaitTaken(b transport.Bounds, patience <-chan time.Time) bool {
	for {
		changed, expiry, stop := b.Deadline.Wait()
		select {
		case <-p.taken:
			stop()
			return true
		case <-changed: // there may be another deadline
			if stop(); b.Err() == nil {
				continue
			}
		case <-b.Ctx.Done():
			stop()
		case <-expiry:
			stop()
		case <-patience:
			stop()
		}
		return false
	}
}

// putOffPong reports whether the answer will be sent with what was put off.
func (c *control) putOffPong(data []byte) bool {
	w := c.wire
	if !w.gate.TryEnter() {
		return false
	}
	defer w.gate.Leave()
	if w.isShut() {
		return true // nothing can be sent any more
	}
	if !w.fits(int64(len(data))) {
		return false
	}
	w.flushSoon()
	w.turn.putOffPong(data)
	return true
}

// putOffPong puts off a pong, which fits, and goes out also if the turn is given up.
func (t *turn) putOffPong(data []byte) {
	t.putOff(&frame.Header{Fin: true, Opcode: opcode.Pong}, &payload{first: data})
	t.others = int32(len(t.w.batch))
	t.w.trace.controlSent(opcode.Pong, data)
}

// sendDue sends all that are due.
func (c *control) sendDue(p *pongs) {
	for p.areDue() {
		if _, err := c.wire.enter(transport.Bounds{Ctx: context.Background()}); err != nil {
			return // nor can any other be answered
		}
		t := &c.wire.turn
		if _, err := t.leave(c.sendPongs(t)); err != nil {
			return
		}
	}
}

// areDue reports whether the goroutine that sends the pongs has to go on.
func (p *pongs) areDue() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sending = len(p.due) > 0
	return p.sending
}

// take returns what is due, and makes room for others.
func (p *pongs) take() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	due := p.due
	p.due, p.stuck = nil, false
	select {
	case p.taken <- struct{}{}:
	default: // it was taken before, and the receiver has not waited for it
	}
	return due
}

// sendPongs sends what is due, with as few system calls as it can. Nothing is taken before there is room for all of it: what was
// put off is sent in any case, also if the turn is given up.
func (c *control) sendPongs(t *turn) error {
	p := c.pongs.Load()
	if p == nil {
		return nil
	}
	if err := t.makeRoom(pongsRoom); err != nil {
		return err
	}
	for due := p.take(); len(due) > 0; {
		n := 1 + int(due[0])
		t.putOffPong(due[1:n])
		due = due[n:]
	}
	return t.sendBatch()
}
