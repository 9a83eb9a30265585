package stream

import (
	"context"
	"errors"
	"net"
	"os"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
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
	defer c.writeGate.leave()
	if len(p) == 0 {
		return 0, nil
	}
	var err error
	if c.s.vectored && !c.s.compressible(len(p)) && c.enterWire() {
		err = c.send(p)
	} else {
		err = c.sendCopy(p)
	}
	if err != nil {
		return 0, c.explain(err)
	}
	return len(p), nil
}

// sendCopy has a goroutine send a copy of p: a deadline may break the transport, or what compresses, or the wait may be
// for somebody else.
func (c *netConn) sendCopy(p []byte) error {
	buf := takeBuffer(len(p))
	if len(buf) < len(p) {
		giveBuffer(buf)
		buf = make([]byte, len(p))
	}
	n := copy(buf, p)
	return c.handOver(func() error {
		defer giveBuffer(buf)
		return writeMessage(c.s, context.Background(), c.op, buf[:n])
	})
}

// enterWire makes the caller the one who may send a message, and a frame, if nobody else is.
func (c *netConn) enterWire() bool {
	s := c.s
	if !s.msgGate.tryEnter() {
		return false
	}
	if !s.wireGate.tryEnter() {
		s.msgGate.leave()
		return false
	}
	if s.Finished() {
		s.wireGate.leave()
		s.msgGate.leave()
		return false
	}
	return true
}

// send sends p over a transport that a deadline does not break. What has not left by then is copied, for a goroutine to
// send. The caller is at the wire.
func (c *netConn) send(p []byte) error {
	s := c.s
	size := len(p)
	if s.server && size > copySize {
		size = 0 // it is written from where it is
	}
	buf := takeBuffer(payloadAt + size)
	defer giveBuffer(buf)
	b, h := bounds{context.Background(), &c.writeDeadline}, frame.Header{Fin: true, Opcode: c.op, Length: int64(len(p))}
	if err := s.sendBatch(b); err != nil {
		return c.leaveWire(err)
	}
	f := s.beginFrame(b, h, buf)
	var header [frame.MaxHeaderLen]byte
	n := copy(header[:], buf[f.start:f.end])
	err := add(&f, p)
	if err == nil {
		err = f.flush()
	}
	if err != os.ErrDeadlineExceeded || s.sent == 0 {
		return c.leaveWire(err)
	}
	wire := append(header[:n:n], p...)
	frame.Mask(wire[n:], f.key, 0)
	rest := wire[s.sent:]
	return c.handOver(func() error {
		return c.leaveWire(s.send(bounds{ctx: context.Background()}, rest, nil))
	})
}

// leaveWire ends the message, and what enterWire began.
func (c *netConn) leaveWire(err error) error {
	defer c.s.msgGate.leave()
	if err = c.s.leaveWire(err); err == nil {
		c.s.trace.messageSent()
	}
	return err
}

// CloseWrite sends a close frame behind what was written.
func (c *netConn) CloseWrite() error {
	if err := c.enterWrite(); err != nil {
		return c.explain(err)
	}
	defer c.writeGate.leave()
	err := c.handOver(func() error {
		return c.s.sendClose(context.Background(), closecode.NormalClosure, "")
	})
	var failed *transportError
	if errors.As(err, &failed) {
		err = &cutError{"write failed", net.ErrClosed, failed.error}
	}
	return c.explain(err)
}

// enterWrite makes the caller the one who may hand over a frame: nothing is under way any more.
func (c *netConn) enterWrite() error {
	c.writeGate.enter(context.Background(), nil) // whoever is inside leaves at the same deadline
	err := c.await()
	if err != nil {
		c.writeGate.leave()
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
		case expired(c.writeDeadline.load()):
			return os.ErrDeadlineExceeded
		case !c.underWay:
			return nil
		}
		ctx, cancel := c.writeDeadline.context()
		select {
		case err := <-c.sent:
			c.underWay = false
			cancel()
			return err
		case <-ctx.Done():
		}
		cancel()
	}
}

// Close says good-bye and closes the transport.
func (c *netConn) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	c.setReadDeadline(past) // nobody is to wait for the good-bye
	c.setWriteDeadline(past)
	if c.sayGoodbye() != nil {
		return c.s.Abort()
	}
	return c.s.Close()
}

// sayGoodbye sends a close frame, unless there is a message before it.
func (c *netConn) sayGoodbye() error {
	if !c.writeGate.tryEnter() {
		return nil
	}
	defer c.writeGate.leave()
	select {
	case <-c.sent:
		c.underWay = false
	default:
	}
	if c.underWay {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.s.cfg.CloseTimeout)
	defer cancel()
	return c.s.sendClose(ctx, closecode.NormalClosure, "")
}
