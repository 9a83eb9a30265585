package stream

import (
	"io"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
)

// serverCloses is how long a client waits, after both close frames, for the server to close the transport first: the end
// that does has to remember the connection for minutes (RFC 6455, section 7.1.1).
const serverCloses = time.Second

// farewell sends a close frame and closes the transport. Both together take no longer than the closing handshake may;
// it does not wait for the second part. To close a socket while the peer still sends would take the frame away from it:
// so, with linger, the sending side is closed first, and what comes is thrown away until the peer has closed its side, or
// it is time. The caller is the receiver, or there will be none.
func (e *ending) farewell(code closecode.Code, reason string, linger bool) {
	until := time.Now().Add(e.closeTimeout)
	told, lingers := false, false
	defer func() { // also where a hook panics
		if !lingers {
			e.drop(told)
		}
	}()
	told = e.sendClose(boundedBy(until), code, reason) == nil
	switch {
	case told && e.peerClosed.Load() && !e.wire().server:
		if patience := time.Now().Add(serverCloses); patience.Before(until) {
			until = patience
		}
	case !told || !linger:
		return
	case e.wire().tr.Released() != nil:
		e.awaitClose(until)
		return
	case e.wire().tr.CloseWrite(until) != nil:
		return
	}
	lingers = true
	go e.linger(until)
}

// linger throws away what comes until the peer has closed its side, or it is time, and closes the transport.
func (e *ending) linger(until time.Time) {
	e.wire().tr.Discard(until)
	e.drop(true)
}

// awaitClose throws away what comes up to the peer's close frame, or until the peer has closed its side, or it is time. It is for
// a stream of HTTP/2 whose end comes when the program returns from the handler: so that waits, and not a goroutine. The caller is
// the receiver.
func (e *ending) awaitClose(until time.Time) {
	rc := e.recv()
	if rc.closed {
		return
	}
	var f closeFinder
	if f.rest = rc.msg.rest; rc.msg.viewed {
		f.rest += rc.msg.pos
	}
	if !f.endsIn(rc.buf.unread()) {
		e.wire().tr.DiscardTo(until, f.endsIn)
	}
}

// A closeFinder looks for a close frame in what is thrown away. It knows where frames begin and end, and nothing else of them.
type closeFinder struct {
	rest   int64                    // what is left of the frame's payload
	closes bool                     // the frame is a close frame
	head   [frame.MaxHeaderLen]byte // the first n bytes of a header
	n      int
	lost   bool // where the next frame begins is not known
}

// endsIn reports whether a close frame ends in p, which is what comes next.
func (f *closeFinder) endsIn(p []byte) bool {
	for len(p) > 0 && !f.lost && !f.hasCome() {
		if f.rest > 0 {
			n := min(f.rest, int64(len(p)))
			f.rest -= n
			p = p[n:]
			continue
		}
		f.head[f.n] = p[0]
		f.n++
		p = p[1:]
		h, _, err := frame.Parse(f.head[:f.n])
		switch {
		case err == io.ErrUnexpectedEOF:
		case err != nil:
			f.lost = true
		default:
			f.rest, f.closes, f.n = h.Length, h.Opcode == opcode.Close, 0
		}
	}
	return f.hasCome()
}

func (f *closeFinder) hasCome() bool { return f.closes && f.rest == 0 }
