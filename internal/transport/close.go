package transport

import (
	"cmp"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/litert/websocket/internal/gate"
)

// closing bounds how long the Close of a transport of an unknown kind is waited for: it may want to say a farewell to a peer
// that does not read.
const closing = 100 * time.Millisecond

// CloseWrite closes the sending side alone, if the transport can, so that the peer reads the end of what was sent. It takes
// no longer than until, which is an error that matches [os.ErrDeadlineExceeded]; what is left of it then ends when the
// connection is closed. The error is [errors.ErrUnsupported] if the transport cannot. The caller must not write any more.
func (c *Conn) CloseWrite(until time.Time) error {
	half, ok := c.given().(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	if c.vectored {
		return half.CloseWrite()
	}
	return c.sayFarewell(time.Until(until), half.CloseWrite)
}

// Released returns a channel that is closed behind Close or Cut, when what New was given uses nothing any more that is not its own,
// or nil if that does not tell: the end of a stream of HTTP/2 comes when its handler returns, and takes from the peer what that has
// not read. It cannot close its sending side alone.
func (c *Conn) Released() <-chan struct{} {
	if c.releaser() == nil {
		return nil
	}
	return c.noSocket.released.Wait()
}

// A releaser tells when it was closed, and uses nothing any more that is not its own. The type of its method is internal, so that
// no transport of another module is one by chance.
type releaser interface{ Released() *gate.Latch }

// releaser returns what New was given if it is one, or nil.
func (c *Conn) releaser() releaser {
	t, _ := c.given().(releaser)
	return t
}

// Close closes the connection, which ends all calls that are under way. TLS says its farewell first, for at most grace. Any
// goroutine may call it at any time, also again.
func (c *Conn) Close(grace time.Duration) {
	if t, ok := c.given().(*tls.Conn); ok {
		c.sayFarewell(grace, t.CloseWrite)
	}
	c.Cut()
}

// sayFarewell closes the sending side, and takes no longer than d.
func (c *Conn) sayFarewell(d time.Duration, closeWrite func() error) error {
	return c.noSocket.farewell.within(d, func() error {
		err := closeWrite()
		if f := c.floor(); f != nil {
			return cmp.Or(err, f.finish())
		}
		return err
	})
}

// Cut closes the connection at once, which ends all calls that are under way, and never waits for the peer. Any goroutine
// may call it at any time, also again.
func (c *Conn) Cut() {
	if c.noSocket != nil {
		c.noSocket.dropped.Set()
	}
	c.cutOff()
}

// cutOff is Cut for what closes the connection before its owner does, to end a write.
func (c *Conn) cutOff() {
	if c.noSocket != nil {
		c.noSocket.end(c)
	}
	below := c.below()
	if c.closesSoon {
		if !c.closed.Swap(true) {
			below.Close()
		}
		return
	}
	if c.noSocket.closing.within(closing, c.release) == nil {
		return
	}
	if t, ok := below.(interface{ NetConn() net.Conn }); ok { // it wraps TLS, whose farewell is cut short
		if !c.closed.Swap(true) {
			cutBelow(t.NetConn())
		}
	}
}

// release closes what is below, and waits until it uses nothing any more, where it tells.
func (c *Conn) release() error {
	err := c.below().Close()
	if t := c.releaser(); t != nil {
		<-t.Released().Wait()
		<-c.noSocket.dropped.Wait()
		c.noSocket.released.Set()
	}
	return err
}

// below returns what is closed: the connection below TLS.
func (c *Conn) below() io.Closer {
	if c.noSocket != nil {
		return c.noSocket.below
	}
	return c.rwc
}

// cutBelow ends what is written to t, which is closed by what is above it, or else here.
func cutBelow(t net.Conn) {
	if t.SetWriteDeadline(past) != nil {
		t.Close()
	}
}

// A noSocket is what a transport needs that is no socket of the system. To close it may wait for the peer.
type noSocket struct {
	below     io.Closer   // what is closed: below TLS
	deadliner *deadliner  // above what New was given; nil: that has deadlines
	floor     *floor      // between TLS and below; nil: there is none
	lookout   lookout     // of below, where that is a socket below TLS of others
	brief     atomic.Bool // what waits above that holds a buffer, and waits no longer than briefly at a time
	watch     watch       // over writes, where there is no floor
	dropped   gate.Latch  // Close or Cut was called
	released  gate.Latch  // and a releaser uses nothing any more
	closing   ending      // of all
	farewell  ending      // of the sending side
}

// end stops what waits for time or for who reads, as the transport is closed.
func (s *noSocket) end(c *Conn) {
	if s.deadliner != nil {
		s.deadliner.pump.end()
	}
	if s.floor == nil {
		go s.watch.end(c) // another call may hold arming while it waits for the transport
	}
}

// An ending is a call that is made once, and waited for no longer than each caller likes to. It goes on by itself.
type ending struct {
	once  sync.Once
	ended chan struct{}
	err   error // set before ended is closed
}

// within lets end be called, which is the same for all callers, and returns its error, or [os.ErrDeadlineExceeded] if that
// takes longer than d. If d is none, it is not called.
func (e *ending) within(d time.Duration, end func() error) error {
	if d <= 0 {
		return os.ErrDeadlineExceeded
	}
	e.once.Do(func() {
		e.ended = make(chan struct{})
		go func() {
			e.err = end()
			close(e.ended)
		}()
	})
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-e.ended:
		return e.err
	case <-timer.C:
		return os.ErrDeadlineExceeded
	}
}
