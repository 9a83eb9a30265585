package transport

import (
	"errors"
	"time"

	"github.com/litert/websocket/internal/buffer"
)

// SetWriteDeadline is for TLS, whose own deadlines must not meet a flush.
func (f *floor) SetWriteDeadline(t time.Time) error {
	if f.conn != nil {
		return nil
	}
	return f.Conn.SetWriteDeadline(t)
}

// maxUnsaid bounds how much of what TLS says by itself is kept: a peer can ask for any number of answers, and read none.
const maxUnsaid = 8 << 10

// Write is for TLS.
func (f *floor) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.cut:
		return 0, errCut
	case f.conn == nil:
		return f.Conn.Write(p)
	case len(f.gathered)+len(p) > buffer.Large:
		f.cut = true
		return 0, errCut
	}
	f.gatherLocked(p)
	if !f.gathering {
		f.sayLocked()
	}
	return len(p), nil
}

var errCut = errors.New("transport: the peer does not read what TLS writes")

// sayLocked writes as much of what is gathered as the socket takes without a wait. An error of the socket is left to what is
// written next.
func (f *floor) sayLocked() {
	n, _ := tryWrite(f.await.raw, f.gathered)
	f.gathered = f.gathered[:copy(f.gathered, f.gathered[n:])]
	f.cut = len(f.gathered) > maxUnsaid
	if len(f.gathered) == 0 {
		buffer.Give(f.gathered)
		f.gathered = nil
	}
}

// gatherLocked gathers p, for which there is room in a large buffer.
func (f *floor) gatherLocked(p []byte) {
	if need := len(f.gathered) + len(p); need > cap(f.gathered) {
		f.growLocked(need)
	}
	f.gathered = append(f.gathered, p...)
}

// growLocked takes a buffer of at least n bytes for what is gathered.
func (f *floor) growLocked(n int) {
	before := f.gathered
	f.gathered = append(buffer.Take(n)[:0], before...)
	buffer.Give(before)
}

// gather leaves what TLS writes from now on to the caller, until that has flushed it: records of n bytes together.
func (f *floor) gather(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gathering = true
	f.growLocked(len(f.gathered) + n + n/32 + recordRoom)
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
	f.flushing.Lock()
	defer f.flushing.Unlock()
	for err == nil && l.left() > 0 {
		if err = c.writeLimit.ready(c); err != nil {
			break
		}
		var n int
		f.gather(int(min(l.left(), maxGathered)))
		n, err = c.writeGathered(l)
		sent += int64(n)
		if failed := f.flush(func(p []byte) error { return c.writeOut(f, p) }); failed != nil && err == nil {
			err = failed
		}
	}
	return sent, err
}

// flush has write write what was gathered, until there is no more; if TLS has failed, that is why. It returns the error of
// write, behind which nothing follows.
func (f *floor) flush(write func([]byte) error) (err error) {
	for p := f.take(); p != nil; p = f.take() {
		if err == nil {
			if err = write(p); err != nil {
				f.giveUp()
			}
		}
		buffer.Give(p)
	}
	return err
}

// finish waits until all that TLS has written has left, or the socket is closed.
func (f *floor) finish() error {
	f.flushing.Lock()
	defer f.flushing.Unlock()
	f.conn.writeLimit.fix(f.conn, time.Time{})
	return f.flush(func(p []byte) error {
		_, err := f.Conn.Write(p)
		return err
	})
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

// writeOut writes what TLS has made. An error is an *Error; TLS cannot go on behind one.
func (c *Conn) writeOut(f *floor, p []byte) error {
	w := &c.writeLimit
	for len(p) > 0 {
		if failed := w.ready(c); failed != nil {
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
		if failed := c.writeEnded(err, false); failed != nil {
			failed.Broken = true
			return failed
		}
	}
	return nil
}
