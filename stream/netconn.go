package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/gate"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/opcode"
)

// NetConn returns conn as a [net.Conn], a plain stream of bytes, for tunnels: SSH, TLS, gRPC or HTTP through a
// WebSocket. The peer may be another NetConn, or anything that sends and takes messages with the opcode op, which is
// Binary, or Text for peers that want that. A nil conn or another opcode is an [*ArgumentError].
//
// Read runs on from message to message; empty ones are skipped. It waits until there are bytes, and takes along what has
// come of the messages behind: an error that is found there is that of the next Read. A message with the other opcode is
// not of the stream, and fails the connection with code 1003 and a [*ProtocolError]. At the orderly end that a [CloseError]
// can be, Read returns [io.EOF] itself; other ends are as in [Conn.Receive].
//
// Write sends p as one message in one frame, and nothing if p is empty. With opcode Text each Write must be UTF-8 on
// its own, or it is an [*ArgumentError]. [MaxMessageSize] of the peer bounds a Write. One of up to 4 KiB may be put off as
// [Socket.WriteText] says: while another Write waits, or what has come was not read. It then counts as taken.
//
// Deadlines work as those of a socket of the system do, also on calls that wait already: after an error that matches
// [os.ErrDeadlineExceeded] the connection is as it was, and goes on once there is another deadline. Nothing is lost. A
// Write whose deadline comes when its frame may have begun returns success at once, as if a kernel had taken all of p:
// what is left of it is copied, and goes out in the background. The next Write waits for that, and returns its error.
// Over a TCP or UNIX socket, and without [Compression], that costs nothing until then; otherwise each Write that is not put
// off copies p, and has a goroutine.
//
// The idle timeout of the connection is none of these deadlines: it ends the connection ([IdleTimeout] turns it off,
// [KeepAlive] keeps the connection from being idle). No error but that of a deadline matches [os.ErrDeadlineExceeded]
// or is a timeout, so that a program that tries again after a timeout does not do so for ever.
//
// Close sends a close frame with code 1000, for which it waits up to [CloseTimeout], and closes the transport. It gives
// up what a Write may have left in the background. After it, Read and Write return an error that matches
// [net.ErrClosed].
//
// The result has a method CloseWrite, as [*net.TCPConn] has. It sends the close frame and leaves reading open, up to
// the close frame of the peer; then Read returns io.EOF. But WebSocket knows no connection that is open one way: most
// peers, and this package, answer a close frame at once, and send nothing behind. So it is for a program that has all answers,
// or wants what is on its way.
//
// All methods may be called by any goroutine at any time; Reads are done one after the other, and so are Writes. The
// NetConn must be the only one that receives from conn, and that sends messages over it. Pings are free.
func NetConn(conn *Conn[*Reader], op opcode.Opcode) (net.Conn, error) {
	switch {
	case conn == nil:
		return nil, &ArgumentError{"NetConn", "the connection is nil"}
	case !op.IsMessage():
		return nil, &ArgumentError{"NetConn", fmt.Sprintf("a message cannot begin with opcode %v", op)}
	}
	return &netConn{s: conn.Socket, op: op, sent: make(chan error, 1)}, nil
}

// A netConn reads the messages of a connection as a stream, and writes a stream as messages.
type netConn struct {
	s      *Socket       // constant after NetConn
	op     opcode.Opcode // constant after NetConn
	closed atomic.Bool

	readDeadline  transport.Deadline
	writeDeadline transport.Deadline

	// owned by the receiver
	begun bool   // a message has begun, and its end was not seen
	gen   uint64 // of that message

	// writeGate admits one Write or CloseWrite, which owns underWay.
	writeGate gate.Gate
	underWay  bool       // a goroutine is sending a frame
	sent      chan error // its outcome
}

// Read reads what comes next, whichever message it is in.
func (c *netConn) Read(p []byte) (int, error) {
	n, err := c.readInTurn(p)
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) && !c.closed.Load():
		return n, io.EOF
	}
	return n, c.explain(err)
}

// readInTurn is read for a caller that becomes the receiver.
func (c *netConn) readInTurn(p []byte) (int, error) {
	rc := &c.s.recv
	b := transport.Bounds{Ctx: context.Background(), Deadline: &c.readDeadline}
	if err := rc.enter(b, toGoOn, 0); err != nil {
		return 0, err
	}
	defer rc.leave()
	return c.read(b, p)
}

// read is Read for the receiver: once there are bytes, it goes on with what is in the read buffer, and waits for nothing.
// An error behind them stays for the next Read. While there is more, what is answered may go out together.
func (c *netConn) read(b transport.Bounds, p []byte) (n int, err error) {
	n, err = c.readSome(b, p)
	goesOn := err == nil && c.goesOn()
	for goesOn && n < len(p) {
		k, err := c.readSome(b, p[n:])
		n += k
		goesOn = err == nil && c.goesOn()
	}
	c.s.wire.expectMore(goesOn || c.s.recv.moreFrames())
	return n, err
}

// goesOn reports whether the next bytes of the stream are in the read buffer, and to read them does nothing else: to fail
// the connection, to answer a ping, and to call a hook, which may panic, is for a Read that has no bytes to return yet.
func (c *netConn) goesOn() bool {
	rc := &c.s.recv
	m, unread := &rc.msg, rc.buf.unread()
	switch {
	case c.op == opcode.Text, m.compressed, rc.wire.trace.seesFrames():
		return false // it may turn out not to be text, or not to inflate
	case m.rest > 0:
		return len(unread) > 0
	}
	h, n, err := frame.Parse(unread)
	return err == nil && n < len(unread) && h.Length > 0 && !h.RSV1 && !h.Opcode.IsControl() && h.Check(rc.rules()) == nil &&
		(h.Opcode == c.op || m.open) && !rc.isTooLong(h)
}

// readSome reads what comes next, at least one byte.
func (c *netConn) readSome(b transport.Bounds, p []byte) (int, error) {
	rc := &c.s.recv
	for {
		switch {
		case c.closed.Load():
			return 0, errClosed
		case c.readDeadline.Expired():
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case c.begun && rc.gen.Load() != c.gen:
			return 0, ErrStale
		}
		if c.begun {
			n, err := rc.readMessage(b, c.gen, p)
			if err != io.EOF {
				return n, err
			}
			c.begun = false
		}
		if rc.end().hasEnded() {
			return 0, rc.end().reason()
		}
		if err := c.beginMessage(b); err != nil {
			return 0, err
		}
	}
}

// beginMessage waits for the next message.
func (c *netConn) beginMessage(b transport.Bounds) error {
	rc := &c.s.recv
	c.gen = rc.newGeneration()
	if err := rc.nextMessage(b); err != nil {
		return unbounded(err)
	}
	rc.handOut(nil, c.gen)
	if op := rc.msg.op; op != c.op {
		err := fmt.Errorf("%v message in a stream of %v messages", op, c.op)
		return rc.end().fail(&ProtocolError{closecode.UnsupportedData, err}, closecode.UnsupportedData, err.Error())
	}
	c.begun = true
	return nil
}

func (c *netConn) LocalAddr() net.Addr  { return c.s.LocalAddr() }
func (c *netConn) RemoteAddr() net.Addr { return c.s.RemoteAddr() }

func (c *netConn) SetDeadline(t time.Time) error {
	if c.closed.Load() {
		return errClosed
	}
	c.setReadDeadline(t)
	c.setWriteDeadline(t)
	return nil
}

func (c *netConn) SetReadDeadline(t time.Time) error {
	if c.closed.Load() {
		return errClosed
	}
	c.setReadDeadline(t)
	return nil
}

func (c *netConn) SetWriteDeadline(t time.Time) error {
	if c.closed.Load() {
		return errClosed
	}
	c.setWriteDeadline(t)
	return nil
}

func (c *netConn) setReadDeadline(t time.Time) {
	c.s.wire.tr.SetDeadline(&c.readDeadline, t)
}

func (c *netConn) setWriteDeadline(t time.Time) {
	c.s.wire.tr.SetDeadline(&c.writeDeadline, t)
}

// explain makes err what a user of a net.Conn expects.
func (c *netConn) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case c.closed.Load():
		return errClosed
	case err == os.ErrDeadlineExceeded:
		return err
	}
	return &finalError{err}
}

// A finalError is why a net.Conn does not go on. It matches all that its cause matches, but it is no timeout: there is
// no deadline to lift.
type finalError struct{ cause error }

func (e *finalError) Error() string   { return e.cause.Error() }
func (e *finalError) Timeout() bool   { return false }
func (e *finalError) Temporary() bool { return false }

func (e *finalError) Is(target error) bool {
	return target != os.ErrDeadlineExceeded && errors.Is(e.cause, target)
}

// As takes the place of Unwrap, through which errors.Is would find a timeout.
func (e *finalError) As(target any) bool { return errors.As(e.cause, target) }
