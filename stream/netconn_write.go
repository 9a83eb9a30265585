package stream

import (
	"context"
	"os"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/buffer"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/opcode"
)

// A deadline must not cut a frame: no other could follow. So what is left of a frame at the deadline, or all of it if
// the transport cannot be interrupted, is left to a goroutine, as it would be left to the kernel if there were none
// between.

// Write sends p as one message.
func (c *netConn) Write(p []byte) (int, error) {
	if c.op == opcode.Text && !isUTF8(p) {
		return 0, &ArgumentError{"NetConn.Write", "the text is not UTF-8"}
	}
	if err := c.enterWrite(); err != nil {
		return 0, c.explain(err)
	}
	defer c.writeGate.Leave()
	if len(p) == 0 {
		return 0, nil
	}
	var err error
	if c.enterWire(len(p)) {
		err = c.send(p)
	} else {
		err = c.sendCopy(p)
	}
	if err != nil {
		return 0, c.explain(err)
	}
	return len(p), nil
}

// sendCopy has a goroutine send a copy of p: a deadline may break the transport, or what compresses, or another goroutine
// is to be waited for.
func (c *netConn) sendCopy(p []byte) error {
	buf := buffer.Take(len(p))
	if len(buf) < len(p) {
		buffer.Give(buf)
		buf = make([]byte, len(p))
	}
	n := copy(buf, p)
	return c.handOver(func() error {
		defer buffer.Give(buf)
		return c.s.send.write(context.Background(), c.op, &payload{first: buf[:n]})
	})
}

// enterWire makes the caller the one that may send a message of n bytes, and a frame, if no other is, and a deadline does
// not break the transport; or cannot, as the frame will be put off.
func (c *netConn) enterWire(n int) bool {
	m, w := &c.s.send, &c.s.wire
	direct := w.tr.Vectored()
	if !direct && !c.putsOff(n) || m.zip.compresses(int64(n)) || !m.gate.TryEnter() {
		return false
	}
	if !w.tryEnter(transport.Bounds{Ctx: context.Background(), Deadline: &c.writeDeadline}) {
		m.gate.Leave()
		return false
	}
	if !direct && !w.fits(int64(n)) {
		c.leaveWire(nil, false)
		return false
	}
	return true
}

// putsOff reports whether a message of n bytes may be put off.
func (c *netConn) putsOff(n int) bool {
	return n <= batchFrame && (c.writeGate.Awaited() || c.s.wire.moreToCome.Load())
}

// send sends p, or puts it off: always so over a transport that a deadline breaks. What has not left by the deadline is
// copied, for a goroutine to send.
func (c *netConn) send(p []byte) (err error) {
	t, late, panicked := &c.s.wire.turn, false, true
	defer func() { // also where a hook panics
		if !late {
			err = c.leaveWire(err, !panicked)
		}
	}()
	h := frame.Header{Fin: true, Opcode: c.op}
	err = t.whole(&h, &payload{first: p, more: c.writeGate.Awaited() || !c.s.wire.tr.Vectored()})
	panicked = false
	if !isBounded(err) || t.sent == 0 {
		return err
	}
	late = true
	rest := t.remainder(&h, p)
	t.b = transport.Bounds{Ctx: context.Background()}
	return c.handOver(func() error { return c.leaveWire(t.sendRest(rest), true) })
}

// leaveWire ends the message, and what enterWire began. Without an error, the message counts as sent if done is set.
func (c *netConn) leaveWire(err error, done bool) error {
	defer c.s.send.gate.Leave()
	if _, err = c.s.wire.turn.leave(err); err == nil && done {
		c.s.wire.trace.messageSent()
	}
	return err
}

// CloseWrite sends a close frame behind what was written.
func (c *netConn) CloseWrite() error {
	if err := c.enterWrite(); err != nil {
		return c.explain(err)
	}
	defer c.writeGate.Leave()
	return c.explain(c.handOver(func() error {
		return c.s.CloseWrite(context.Background(), closecode.NormalClosure, "")
	}))
}

// enterWrite makes the caller the one that may hand over a frame: nothing is under way any more.
func (c *netConn) enterWrite() error {
	c.writeGate.Enter(context.Background(), nil) // a caller inside leaves at the same deadline
	err := c.await()
	if err != nil {
		c.writeGate.Leave()
	}
	return err
}

// handOver has a goroutine send a frame, and waits for it until the deadline. After that it is still under way.
func (c *netConn) handOver(send func() error) error {
	c.underWay = true
	go func() { c.sent <- send() }()
	if err := c.await(); err != os.ErrDeadlineExceeded {
		return err
	}
	return nil
}

// await waits until nothing is under way, and returns how that ended, or that the deadline came before.
func (c *netConn) await() error {
	for {
		switch {
		case c.closed.Load():
			return errClosed
		case c.writeDeadline.Expired():
			return os.ErrDeadlineExceeded
		case !c.underWay:
			return nil
		}
		if done, err := c.awaitSent(); done {
			return err
		}
	}
}

// awaitSent waits until the frame that is under way was sent, or the deadline has come or changed.
func (c *netConn) awaitSent() (done bool, err error) {
	changed, expiry, stop := c.writeDeadline.Wait()
	defer stop()
	if c.closed.Load() { // since the check before
		return false, nil
	}
	select {
	case err := <-c.sent:
		c.underWay = false
		return true, err
	case <-changed:
	case <-expiry:
	}
	return false, nil
}

// past is a deadline that has expired.
var past = time.Unix(1, 0)

// Close says good-bye and closes the transport.
func (c *netConn) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	c.setReadDeadline(past) // no call is to wait for the good-bye
	c.setWriteDeadline(past)
	if c.sayGoodbye() != nil {
		return c.s.Abort()
	}
	return c.s.Close()
}

// sayGoodbye sends a close frame, unless there is a message before it.
func (c *netConn) sayGoodbye() error {
	if !c.writeGate.TryEnter() {
		return nil
	}
	defer c.writeGate.Leave()
	select {
	case <-c.sent:
		c.underWay = false
	default:
	}
	if c.underWay {
		return nil
	}
	return c.s.end.sendClose(boundedBy(time.Now().Add(c.s.end.closeTimeout)), closecode.NormalClosure, "")
}
