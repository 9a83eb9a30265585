package transport

import (
	"io"
	"os"
	"sync"
	"time"

	"github.com/litert/websocket/internal/buffer"
)

// A pump reads from what has no deadlines by a goroutine, so that its reader can stop waiting. The goroutine begins with the
// first wait and stays. It is one read ahead at most: it reads again once all that it has brought was taken, and what comes
// after the deadline is kept.
//
// The goroutine never reads into what belongs to the reader, who can be gone at the deadline. Instead await hands over what
// it has read into.
type pump struct {
	src io.Reader // constant after start

	mu       sync.Mutex // guards following
	turned   sync.Cond  // the goroutine waits until all is taken, or the reader until something has come: never both
	deadline time.Time
	alarm    alarm // rings the reader at the deadline
	running  bool  // there is the goroutine
	ended    bool  // it need not wait, as nothing will be taken

	full    bool   // a read was made, and what it has brought is not all taken
	brought []byte // a part of buf
	err     error  // of the read, behind what it has brought; the last one

	buf  []byte // what is read into: the goroutine's own until full
	idle []byte // the buf of a stream on which little comes: kept, as it is small
	room room
}

func (p *pump) start(src io.Reader) {
	p.src = src
	p.turned.L = &p.mu
	p.alarm.ring = p.rung
}

// Read returns what has come, or waits for it until the deadline. There is room for some in b.
func (p *pump) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.waitLocked(); err != nil {
		return 0, err
	}
	n := copy(b, p.brought)
	return n, p.tookLocked(n)
}

// await is Read into a buffer from package buffer, the caller's, which has n bytes. It is that into which they were read, or
// for few one from buffer.Take(size).
func (p *pump) await(size int) (buf []byte, n int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err = p.waitLocked(); err != nil {
		return nil, 0, err
	}
	switch n = len(p.brought); {
	case n == 0:
		return nil, 0, p.tookLocked(0)
	case n > idleRoom && &p.brought[0] == &p.buf[0]:
		buf, p.buf = p.buf[:cap(p.buf)], nil
	default:
		buf = buffer.Take(size)
		n = copy(buf, p.brought)
	}
	return buf, n, p.tookLocked(n)
}

// waitLocked waits until a read was made, or the deadline has come.
func (p *pump) waitLocked() error {
	for !p.full {
		if expired(p.deadline) {
			return os.ErrDeadlineExceeded
		}
		if !p.running {
			p.running = true
			go p.run()
		}
		p.turned.Wait()
	}
	return nil
}

// tookLocked notes that n bytes were taken, and returns the error of the read if there were none left.
func (p *pump) tookLocked(n int) error {
	if p.brought = p.brought[n:]; len(p.brought) > 0 {
		return nil
	}
	p.brought = nil // it keeps hold of what was handed over
	if p.err == nil {
		p.full = false
		p.turned.Signal()
		return nil
	}
	p.dropLocked()
	if n > 0 {
		return nil // the error is for the next Read
	}
	return p.err
}

// run reads until the transport ends.
func (p *pump) run() {
	p.mu.Lock()
	for p.err == nil && !p.full {
		buf := p.roomLocked()
		p.mu.Unlock()
		began := time.Since(epoch)
		n, err := p.src.Read(buf)
		waited := time.Since(epoch) - began
		p.mu.Lock()
		p.room.came(n, len(buf), waited)
		p.full, p.brought, p.err = true, buf[:n], err
		p.turned.Signal()
		for p.full && p.err == nil && !p.ended {
			p.turned.Wait()
		}
	}
	p.running = false
	if p.err != nil {
		p.alarm.stop()
	}
	p.mu.Unlock()
}

// roomLocked returns what the next read reads into.
func (p *pump) roomLocked() []byte {
	size := p.room.size()
	if len(p.buf) == size {
		return p.buf
	}
	p.dropLocked()
	if size > idleRoom {
		p.buf = buffer.Take(size)[:size]
		return p.buf
	}
	if p.idle == nil {
		p.idle = make([]byte, idleRoom)
	}
	p.buf = p.idle
	return p.buf
}

func (p *pump) dropLocked() {
	if len(p.buf) > idleRoom {
		buffer.Give(p.buf)
	}
	p.buf = nil
}

// SetReadDeadline sets the deadline of Read, also of one that is under way.
func (p *pump) SetReadDeadline(at time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deadline = at
	if expired(at) {
		p.turned.Signal()
	} else if p.err == nil {
		p.alarm.set(at)
	}
	return nil
}

// rung wakes the reader, who looks at the deadline, or rings again if it is too early for that.
func (p *pump) rung() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.alarm.rung()
	if expired(p.deadline) {
		p.turned.Signal()
	} else if p.err == nil {
		p.alarm.set(p.deadline)
	}
}

// end lets the goroutine go that waits for what it has brought to be taken, which it still can be.
func (p *pump) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	p.alarm.stop()
	p.turned.Signal()
}
