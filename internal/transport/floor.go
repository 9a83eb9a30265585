package transport

import (
	"io"
	"net"
	"sync"

	"github.com/litert/websocket/internal/buffer"
)

// UnderTLS returns what is to stand below TLS in the place of c, so that a [Conn] over that TLS waits without a buffer, and
// writes several records at once. If c is no socket of the system, or the system cannot wait for it, that is c itself.
func UnderTLS(c net.Conn) net.Conn {
	t, ok := c.(timed)
	if !ok {
		return c
	}
	raw, _ := socketOf(t)
	if raw == nil {
		return c
	}
	f := &floor{Conn: c}
	f.await.bind(raw)
	f.await.size = buffer.Small
	return f
}

// A floor is a socket below TLS. All that TLS reads and writes passes through it, so that neither wait has to be within TLS:
// bytes that have come are kept for it, and what it writes can be gathered.
type floor struct {
	net.Conn
	unbound func() // takes the deadline of writes away; set by New

	// owned by the caller of Read, which TLS has one of at a time
	await awaiting
	came  []byte // what has come and TLS has not read; a part of await.buf
	dry   bool   // behind came, TLS gets errDry rather than waits

	mu        sync.Mutex // guards following
	gathering bool       // what TLS writes is left to the caller of gather
	cut       bool       // some of what was gathered was not written: nothing may follow
	gathered  []byte     // of a buffer from the pool, or larger
}

// NetConn returns the socket, as that of a TLS connection does.
func (f *floor) NetConn() net.Conn { return f.Conn }

// errDry is why TLS gets nothing to read. It forgets it, as it is temporary.
var errDry net.Error = dryError{}

type dryError struct{}

func (dryError) Error() string   { return "transport: nothing has come" }
func (dryError) Timeout() bool   { return true }
func (dryError) Temporary() bool { return true }

// Read is for TLS.
func (f *floor) Read(p []byte) (int, error) {
	switch {
	case len(f.came) > 0:
		n := copy(p, f.came)
		if f.came = f.came[n:]; len(f.came) == 0 {
			buffer.Give(f.await.buf)
			f.came, f.await.buf = nil, nil
		}
		return n, nil
	case f.dry:
		return 0, errDry
	}
	return f.Conn.Read(p)
}

// wait waits until there is something for TLS to read.
func (f *floor) wait() error {
	n, err := f.await.wait()
	if err == nil {
		f.came = f.await.buf[:n]
	}
	return err
}

// waitAboveTLS reads once into a buffer that it leaves in c.await. TLS is asked first, as it may have more than it has handed
// out, and waited for without its knowledge.
func (c *Conn) waitAboveTLS() (n int, err error) {
	f := c.floor()
	for {
		buf := buffer.Take(int(c.await.size))
		f.dry = err != io.EOF // it is for TLS to say what an end means
		n, err = c.rwc.Read(buf)
		f.dry = false
		if n > 0 {
			c.await.buf = buf
			return n, nil
		}
		buffer.Give(buf)
		if err != error(errDry) {
			return 0, err
		}
		if err = f.wait(); err != nil && err != io.EOF {
			return 0, err
		}
	}
}

// Write is for TLS.
func (f *floor) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.cut:
		return 0, net.ErrClosed
	case f.gathering:
		f.gatherLocked(p)
		return len(p), nil
	}
	if f.unbound != nil {
		f.unbound() // TLS would not get over that of a Write before
	}
	return f.Conn.Write(p) // what TLS says by itself
}

func (f *floor) gatherLocked(p []byte) {
	if need := len(f.gathered) + len(p); need > cap(f.gathered) {
		before := f.gathered
		if need <= buffer.Large {
			f.gathered = buffer.Take(need)[:0]
		} else {
			f.gathered = make([]byte, 0, need)
		}
		f.gathered = append(f.gathered, before...)
		buffer.Give(before)
	}
	f.gathered = append(f.gathered, p...)
}

// gather leaves what TLS writes from now on to the caller, until that has flushed it: records of n bytes together.
func (f *floor) gather(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gathering = true
	f.gathered = buffer.Take(n + n/32 + recordRoom)[:0]
}

// giveUp has nothing follow what was written.
func (f *floor) giveUp() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cut = true
}

// take returns what was gathered, which is the caller's, to be given back; if it is nil, no more is gathered.
func (f *floor) take() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.gathered
	f.gathered, f.gathering = nil, p != nil
	return p
}

const (
	// maxGathered is how much of what is written is gathered: with what TLS adds to its records, it fits a large buffer.
	maxGathered = 224 << 10

	// recordRoom is room for what TLS adds to a few records.
	recordRoom = 256
)

// sendAboveTLS is sendAll with what TLS makes of l put together.
func (c *Conn) sendAboveTLS(f *floor, l *load) (sent int64, err error) {
	for err == nil && l.left() > 0 {
		if err = c.writeLimit.ready(c); err != nil {
			break
		}
		var n int
		f.gather(int(min(l.left(), maxGathered)))
		n, err = c.writeGathered(l)
		sent += int64(n)
		for p := f.take(); p != nil; p = f.take() {
			if err == nil {
				err = c.flush(f, p)
			}
			if err != nil {
				f.giveUp()
			}
			buffer.Give(p)
		}
	}
	return sent, err
}

// writeGathered gives TLS some of l, which waits for nothing but TLS itself.
func (c *Conn) writeGathered(l *load) (n int, err error) {
	for err == nil && n < maxGathered && l.left() > 0 {
		p := l.head
		if len(p) == 0 {
			p = l.body
		}
		var k int
		k, err = c.rwc.Write(p[:min(len(p), maxGathered-n)])
		l.advance(int64(k))
		n += k
	}
	if err != nil {
		err = &Error{Kind: Lost, Err: err}
	}
	return n, err
}

// flush writes what TLS has made. An error is an *Error; TLS cannot go on behind one.
func (c *Conn) flush(f *floor, p []byte) error {
	w := &c.writeLimit
	for len(p) > 0 {
		if failed := w.ready(c); failed != nil { // what TLS has said by itself may have taken the deadline away
			failed.(*Error).Broken = true
			return failed
		}
		n, err := f.Conn.Write(p)
		if p = p[n:]; n > 0 {
			w.futile = 0
			w.anew(c.clock.moved())
		}
		if len(p) == 0 {
			break
		}
		failed := writeFailed(err)
		if failed == nil {
			failed = w.reason(c)
			if failed == nil && n == 0 && w.isFutile(c, err) {
				failed = &Error{Kind: Lost, Err: err}
			}
		}
		if failed != nil {
			failed.Broken = true
			return failed
		}
	}
	return nil
}
