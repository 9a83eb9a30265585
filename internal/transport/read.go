package transport

import (
	"context"
	"io"
	"time"

	"github.com/litert/websocket/internal/buffer"
)

// Read reads into p, which must not be empty, at least one byte; or it returns an [*Error]: Bounded, Idle or Unanswered,
// which leave the transport as it was, or Lost. One caller at a time may Read, Await or Discard. It does not keep p.
func (c *Conn) Read(b Bounds, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c.readLimit.begin(c, b)
	n, err := c.read(p)
	if err == error(errDry) {
		c.setBrief(false)
		return c.read(p)
	}
	return n, err
}

// Await is [Conn.Read] into a buffer from buffer.Take(size), which it takes only once there are bytes, if [Conn.AwaitsBare].
// The buffer, of which the first n bytes are what came, is the caller's. With an error there is none.
//
// The goroutine that waits is to keep its first, small stack: that is why read has few variables, and leaves what is rare
// to other functions.
func (c *Conn) Await(b Bounds, size int) (buf []byte, n int, err error) {
	c.readLimit.begin(c, b)
	if !c.AwaitsBare() {
		return c.awaitHolding(size)
	}
	c.await.size = int32(size)
	n, err = c.read(nil)
	buf, c.await.buf = c.await.buf, nil
	return buf, n, err
}

// awaitHolding is Await for what has to be read to be waited for. Below TLS there may be a socket: once that has brought
// nothing for a while, TLS has nothing either, and the rest of the wait is for the socket alone.
func (c *Conn) awaitHolding(size int) (buf []byte, n int, err error) {
	ctx := c.readLimit.ctx
	for {
		c.setBrief(c.CanAwait())
		buf = buffer.Take(size)
		if n, err = c.read(buf); err == nil {
			return buf, n, nil
		}
		buffer.Give(buf)
		if err != error(errDry) {
			return nil, 0, err
		}
		c.setBrief(false)
		if _, err = c.read(nil); err != nil {
			return nil, 0, err
		}
		c.readLimit.goOn(ctx, c.clock.came)
	}
}

// read reads into p, or with a nil p into a buffer that it leaves in c.await. The wait has begun. The error errDry says that it
// goes on, and that nothing has come for a while.
func (c *Conn) read(p []byte) (n int, err error) {
	for {
		if failed := c.readLimit.ready(c); failed != nil { // also if there is always something to read
			return 0, failed
		}
		switch {
		case c.readLimit.ctx.Done() != nil:
			n, err = c.readUntil(p)
		case p != nil:
			n, err = c.rwc.Read(p)
		case c.await.raw != nil:
			n, err = c.await.wait()
		default:
			n, err = c.waitAbove()
		}
		if n > 0 {
			c.clock.came = c.clock.moved()
			c.readLimit.end(c, c.clock.came)
			return n, nil
		}
		if failed := c.readFailed(err); failed != nil {
			return 0, failed
		}
		if c.isBrief() && isTimeout(err) {
			return 0, errDry
		}
	}
}

// readFailed tells what a read without bytes comes to. It returns nil if the wait goes on, as after a timeout without a
// reason.
func (c *Conn) readFailed(err error) error {
	l := &c.readLimit
	var failed *Error
	switch {
	case err == nil:
		err = io.ErrNoProgress
	case !isTimeout(err):
		failed = &Error{Kind: Lost, Err: err}
	default:
		failed = l.reason(c)
	}
	if failed == nil && l.isFutile(c, err) {
		failed = &Error{Kind: Lost, Err: err}
	}
	if failed == nil {
		return nil
	}
	l.end(c, c.clock.now())
	if failed.Kind == Unanswered {
		c.clock.answered() // it was told: another wait begins anew
	}
	return failed
}

// readUntil reads once, and not beyond the end of the context.
func (c *Conn) readUntil(p []byte) (int, error) {
	// A kick that comes late, behind this read, does no harm to the next one, as that sees no reason to end.
	defer context.AfterFunc(c.readLimit.ctx, func() { c.readLimit.kick(c) })()
	switch {
	case p != nil:
		return c.rwc.Read(p)
	case c.await.raw != nil:
		return c.await.wait()
	}
	return c.waitAbove()
}

// waitAbove reads once into a buffer that it leaves in c.await, where there is no socket to wait for.
func (c *Conn) waitAbove() (n int, err error) {
	if c.deadliner() == nil {
		return c.waitAboveTLS()
	}
	c.await.buf, n, err = c.deadliner().await(int(c.await.size))
	return n, err
}

// waitAboveTLS waits for TLS with a floor, and reads once into a buffer that it leaves in c.await; or for the socket below
// TLS without one, and reads nothing, which it returns as one byte.
func (c *Conn) waitAboveTLS() (n int, err error) {
	if f := c.floor(); f != nil {
		return c.waitAboveFloor(f)
	}
	if err := c.noSocket.lookout.wait(); err != nil {
		return 0, err
	}
	return 1, nil
}

// Discard reads and throws away what comes, until the peer has closed its side, the transport fails, or it is until. One
// caller at a time may Read, Await or Discard.
func (c *Conn) Discard(until time.Time) { c.DiscardTo(until, func([]byte) bool { return false }) }

// DiscardTo is [Conn.Discard] that ends, too, when last returns true for what has come, which it must not keep.
func (c *Conn) DiscardTo(until time.Time, last func(p []byte) bool) {
	buf := buffer.Take(buffer.Small)
	defer buffer.Give(buf)
	c.readLimit.fix(c, until)
	for futile := 0; futile < maxFutile && !expired(until); {
		n, err := c.rwc.Read(buf)
		switch {
		case n > 0:
			futile = 0
			c.clock.moved()
			if last(buf[:n]) {
				return
			}
		case err == nil:
			futile++
		case !isTimeout(err):
			return
		default: // it may be a late kick of the context of a Read before
			futile++
			c.readLimit.fix(c, until)
		}
	}
}
