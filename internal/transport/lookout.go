package transport

import (
	"crypto/tls"
	"time"
)

// TLS that this module has not made has to be asked for bytes with a buffer. Once it has had none for a while, more can come
// of the socket below it alone, which is waited for without one.

// briefly is how long a buffer is held above TLS while nothing comes.
const briefly = time.Second

// lookOut finds the socket below t, if it is one. As long as t has not shaken hands, that must not meet the deadlines of a
// short wait, by which TLS would fail for good.
func (s *noSocket) lookOut(t *tls.Conn) {
	below, ok := s.below.(timed)
	if !ok || s.floor != nil || !t.ConnectionState().HandshakeComplete {
		return
	}
	if raw, _ := socketOf(below); raw != nil {
		s.lookout.bind(raw)
	}
}

// setBrief sets whether a read waits no longer than briefly at a time.
func (c *Conn) setBrief(brief bool) {
	if c.noSocket != nil && c.noSocket.brief.Swap(brief) != brief {
		c.readLimit.armed.Store(false)
	}
}

func (c *Conn) isBrief() bool { return c.noSocket != nil && c.noSocket.brief.Load() }
