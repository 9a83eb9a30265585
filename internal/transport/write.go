package transport

import (
	"context"
	"io"
	"net"
	"sync"
	"time"
)

const (
	// record is as much as a record of TLS holds (RFC 8446, section 5.1).
	record = 16 << 10

	// frameHeader is what stands before the payload of a frame of HTTP/2 (RFC 9113, section 4.1).
	frameHeader = 9
)

// Piece bounds a write to a transport that is no socket: it is what has to be taken within the idle timeout. Over TLS it
// fills a record. Without deadlines, the transport may be a stream of HTTP/2, whose frame then fills a record with its header: were
// it larger, its last bytes would take another record, and another system call.
func (c *Conn) Piece() int {
	if c.cut == asDeadline {
		return record - frameHeader
	}
	return record
}

// Write writes head and body, each of which may be empty, as one run of bytes, and returns how many of both the transport
// has taken; all of them, or there is an [*Error]: Bounded or Idle, which leave the transport as it was unless Broken is set,
// or Lost. One caller at a time may Write, TryWrite or SendFile. It neither changes nor keeps the slices.
func (c *Conn) Write(b Bounds, head, body []byte) (n int, err error) {
	l := load{head: head, body: body}
	sent, err := c.send(b, &l)
	return int(sent), err
}

// SendFile sends the next n bytes of f, which it must have, and returns how many have left: all of them, or there is an
// [*Error] as that of Write, or a Source one, also if the file has become shorter. The file then stands behind what has
// left, and so does the limit of an [io.LimitedReader] around it. One caller at a time may Write, TryWrite or SendFile.
func (c *Conn) SendFile(b Bounds, f *File, n int64) (sent int64, err error) {
	l := load{file: f, rest: n}
	sent, err = c.send(b, &l)
	return sent, err
}

// A load is what one call writes, as far as it has not left: two parts, or some of a file.
type load struct {
	head, body []byte
	file       *File // nil: head and body
	rest       int64 // of file
}

func (l *load) left() int64 { return int64(len(l.head)+len(l.body)) + l.rest }

// advance moves on behind n bytes.
func (l *load) advance(n int64) {
	if l.file != nil {
		l.rest -= n
		l.file.advance(n)
		return
	}
	k := min(int(n), len(l.head))
	l.head, l.body = l.head[k:], l.body[int(n)-k:]
}

// send hands l to the transport. If that is no socket, no deadline stands behind: what TLS writes by itself must not meet
// one. A floor sees to that itself.
func (c *Conn) send(b Bounds, l *load) (sent int64, err error) {
	w := &c.writeLimit
	w.begin(c, b)
	if b.Ctx.Done() == nil {
		sent, err = c.sendAll(l)
	} else {
		sent, err = c.sendUntil(b.Ctx, l)
	}
	w.ctx = nil
	if !c.vectored && c.floor() == nil {
		w.fix(c, time.Time{})
	}
	return sent, err
}

// sendUntil is sendAll, and not beyond the end of ctx.
func (c *Conn) sendUntil(ctx context.Context, l *load) (sent int64, err error) {
	kicked := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		c.writeLimit.kick(c)
		close(kicked)
	})
	defer func() {
		if !stop() {
			<-kicked // it must not hit the next write
		}
	}()
	return c.sendAll(l)
}

func (c *Conn) sendAll(l *load) (sent int64, err error) {
	if f := c.floor(); f != nil {
		return c.sendAboveTLS(f, l)
	}
	for err == nil && l.left() > 0 {
		if !c.vectored {
			c.writeLimit.armed.Store(false)
		}
		if err = c.writeLimit.ready(c); err == nil {
			var n int64
			n, err = c.sendSome(l)
			sent += n
		} else if c.cut == asDeadline && c.deadliner().wasCut() { // at the very end of the write before, which has not failed
			err.(*Error).Broken = true
		}
	}
	return sent, err
}

// sendSome sends some of l, and returns an error, an *Error, only if the wait has ended.
func (c *Conn) sendSome(l *load) (n int64, err error) {
	w := &c.writeLimit
	n, err = c.sendOnce(l)
	broken := err != nil && isTimeout(err) && c.brokenBy(err)
	if n > 0 {
		w.futile = 0
		l.advance(n)
		if now := c.clock.moved(); !broken { // of a wait that can go on
			w.anew(now)
		}
	}
	if n > 0 && (err == nil || l.left() == 0 && !broken) { // what has left as a whole has not failed
		return n, nil
	}
	if failed := c.writeEnded(err, broken); failed != nil {
		return n, failed
	}
	return n, nil
}

// writeEnded returns why the wait of a write has ended that has got err and may have moved nothing, or nil if it goes on, as
// after a timeout without a reason. Broken says that the timeout has broken the transport.
func (c *Conn) writeEnded(err error, broken bool) *Error {
	if failed := writeFailed(err); failed != nil {
		return failed
	}
	failed := c.writeLimit.reason(c)
	if failed == nil && (c.writeLimit.isFutile(c, err) || broken) {
		failed = &Error{Kind: Lost, Err: err}
	}
	if failed != nil {
		failed.Broken = broken
	}
	return failed
}

// writeFailed tells what an error of a write comes to, or that it took nothing and has none. It returns nil after a timeout.
func writeFailed(err error) *Error {
	failed, ok := err.(*Error)
	switch {
	case ok:
		return failed
	case err == nil:
		return &Error{Kind: Lost, Err: io.ErrShortWrite}
	case !isTimeout(err):
		return &Error{Kind: Lost, Err: err}
	}
	return nil
}

// brokenBy reports whether err, the timeout of a write, has broken the transport.
func (c *Conn) brokenBy(err error) bool {
	switch c.cut {
	case resumable:
		return false
	case asDeadline:
		return c.deadliner().wasCut()
	case asError:
		return !isTemporary(err)
	}
	return true
}

// sendOnce calls the transport once.
func (c *Conn) sendOnce(l *load) (int64, error) {
	p := l.head
	switch {
	case l.file != nil:
		return l.file.send(l.rest)
	case c.vectored && len(l.head) > 0 && len(l.body) > 0:
		return writeBoth(c.rwc, l.head, l.body)
	case len(p) == 0:
		p = l.body
	}
	if !c.vectored {
		p = p[:min(len(p), c.Piece())]
	}
	n, err := c.rwc.Write(p)
	return int64(n), err
}

// writeBoth writes head and body with one system call.
func writeBoth(w io.Writer, head, body []byte) (int64, error) {
	v := vectorPool.Get().(*vector)
	defer vectorPool.Put(v)
	v.parts = [2][]byte{head, body}
	v.rest = v.parts[:]
	n, err := v.rest.WriteTo(w)
	*v = vector{}
	return n, err
}

// A vector is the memory that writeBoth needs for its argument.
type vector struct {
	parts [2][]byte
	rest  net.Buffers
}

var vectorPool = sync.Pool{New: func() any { return new(vector) }}
