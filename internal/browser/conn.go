package browser

import (
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/opcode"
)

// A Port is the browser's side of a connection. A [Conn] calls its methods one at a time, and holds a lock meanwhile: none
// may wait, or call the Conn.
type Port interface {
	// Room reports whether the browser may be given another message. If it may not, [Conn.Drained] is called once it may.
	Room() bool

	// Begin begins the next message. Its first frame has size bytes, and is the only one if whole is set.
	Begin(size int, whole bool) error

	// Add adds p to the message, and does not keep it.
	Add(p []byte) error

	// Send sends the message.
	Send(op opcode.Opcode) error

	// Ask has [Conn.Received] called with the next message, or [Conn.Closed], where the browser holds messages back until
	// then. It may be called while it was asked already.
	Ask()

	// Close begins the closing handshake, behind all that was sent: without a code, if that is [closecode.NoStatus].
	Close(code closecode.Code, reason string)

	// Abort ends the connection, whatever was sent before, but for a closing handshake, which goes on by itself. It is the
	// last call.
	Abort()
}

// A Payload is the payload of a received message, in the memory of the browser.
type Payload interface {
	Len() int
	CopyAt(p []byte, at int) // fills p with what is there from at on
}

// A Conn is a stream of frames, unmasked in both directions, over a [Port]. It is a [net.Conn] without addresses: one
// goroutine at a time may read, and one may write; everything else may be called by any goroutine at any time.
//
// A write waits while the browser has no room for another message, before the first byte of its frame is taken, and so a
// deadline leaves the stream as it was. A close frame does not wait.
type Conn struct {
	mu     sync.Mutex // guards following
	port   Port
	closed bool // by Close
	in     inbox
	out    outbox

	reading, writing side
}

// NewConn returns the Conn over port. What is received and not read is at most backlog bytes, or one message: with a further
// one, the connection ends, and Read returns overrun behind the messages before.
func NewConn(port Port, backlog int64, overrun error) *Conn {
	return &Conn{port: port, in: inbox{backlog: backlog, overrun: overrun}}
}

// Read reads frames: as many as there are, and p has room for.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if c.closed {
			return 0, net.ErrClosed
		}
		if n := c.in.read(p); n > 0 {
			return n, nil
		}
		if c.in.end != nil {
			return 0, c.in.end
		}
		if c.reading.isOver() {
			return 0, os.ErrDeadlineExceeded
		}
		c.port.Ask()
		c.reading.wait(&c.mu)
	}
}

// Write writes p, which has frames, or parts of such. One with a mask, or of a control frame that does not close, is refused.
func (c *Conn) Write(p []byte) (n int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n < len(p) {
		rest := p[n:]
		closes := c.out.isBetween() && isClose(rest[0])
		switch {
		case c.closed:
			return n, net.ErrClosed
		case c.out.ended && closes: // the browser has answered by itself
			return len(p), nil
		case c.out.ended:
			return n, errEnded
		case c.out.isBetween() && !closes && !c.port.Room():
			if c.writing.isOver() {
				return n, os.ErrDeadlineExceeded
			}
			c.writing.wait(&c.mu)
			continue
		}
		k, err := c.out.take(rest, c.port)
		n += k
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// Close ends the connection, and the calls that are under way. If no close frame was written, nor any came, the peer is told
// that the connection was cut, as far as browsers can: with [Aborted].
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	c.port.Abort()
	c.in.drop()
	c.reading.wake()
	c.writing.wake()
	return nil
}

// Received takes a message that has come.
func (c *Conn) Received(op opcode.Opcode, body Payload) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.receivedLocked(op, body)
}

func (c *Conn) receivedLocked(op opcode.Opcode, body Payload) {
	if c.closed || c.in.end != nil {
		return
	}
	if !c.in.add(op, body) {
		c.port.Close(substitute(closecode.MessageTooBig), "more has come than is received")
		c.finishedLocked()
	}
	c.reading.wake()
}

// Closed takes the end of the connection, behind all messages: the code and reason of the peer's close frame, or
// [closecode.Abnormal] if none came.
func (c *Conn) Closed(code closecode.Code, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closedLocked(code, reason)
}

func (c *Conn) closedLocked(code closecode.Code, reason string) {
	c.finishedLocked()
	c.in.close(code, reason)
	c.reading.wake()
}

// finishedLocked notes that nothing can be sent any more. There may be messages that have come and were not received.
func (c *Conn) finishedLocked() {
	c.out.ended = true
	c.writing.wake()
}

// Drained tells that there may be room for another message.
func (c *Conn) Drained() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writing.wake()
}

// SetReadDeadline sets the deadline of Read, also of one that is under way.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reading.setDeadline(t)
	return nil
}

// SetWriteDeadline sets the deadline of Write, also of one that is under way.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writing.setDeadline(t)
	return nil
}

var _ io.ReadWriteCloser = (*Conn)(nil)
