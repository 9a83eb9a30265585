package stream

import (
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/opcode"
)

// read reads from the transport into p, at least one byte. An error is bounded, and the connection is as it was, or it has
// ended the connection.
func (rc *receiver) read(b transport.Bounds, p []byte) (int, error) {
	n, err := rc.tr().Read(b, p)
	if err != nil {
		return 0, rc.readFailed(err)
	}
	rc.came(n)
	return n, nil
}

// fill reads more bytes into the read buffer, at least one. Its error is as that of read.
func (rc *receiver) fill(b transport.Bounds) error {
	rc.wire.expectMore(false) // what there was has turned out to be control frames
	before := len(rc.buf.unread())
	if err := rc.buf.fill(rc.tr(), b); err != nil {
		return rc.readFailed(err)
	}
	rc.came(len(rc.buf.unread()) - before)
	return nil
}

// came notes that n bytes have come. They are a sign of life, but for those of a ping: a peer whose program does not receive
// may send pings all the same. Behind a ping, nextFrame tells.
func (rc *receiver) came(n int) {
	if rc.msg.rest > 0 || !isPing(rc.buf.unread()) {
		rc.tr().Alive()
	}
	rc.wire.trace.bytesReceived(int64(n))
}

// mayLose reports whether the peer may lose what was sent to it, if the transport is closed at once behind its close frame, and
// something comes all the same. It is known that something will, or may: what must not be there (RFC 6455, section 5.5.1), or the
// answer to a ping, which the peer owes until it has our close frame (section 5.5.2). Or the peer is slow to take what was sent,
// and a ping of its own would be enough.
func (rc *receiver) mayLose() bool {
	return rc.wire.pinged.Load() || len(rc.buf.unread()) > 0 || !rc.tr().Drained()
}

// isPing reports whether p begins with a ping.
func isPing(p []byte) bool { return len(p) > 0 && opcode.Opcode(p[0]&0xF) == opcode.Ping }

// readFailed tells what an error of the transport comes to.
func (rc *receiver) readFailed(err error) error {
	failed := err.(*transport.Error)
	switch failed.Kind {
	case transport.Bounded:
		return failed
	case transport.Idle:
		return rc.timedOut(ErrIdleTimeout)
	case transport.Unanswered:
		return rc.timedOut(ErrNoPong)
	default:
		return rc.end().lost(failed.Err)
	}
}

// isBounded reports whether err leaves the connection as it was.
func isBounded(err error) bool {
	failed, ok := err.(*transport.Error)
	return ok && failed.Kind == transport.Bounded
}

// unbounded returns err as users get it.
func unbounded(err error) error {
	if failed, ok := err.(*transport.Error); ok {
		return failed.Err
	}
	return err
}
