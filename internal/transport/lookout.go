package transport

import "time"

// TLS that this module has not made has to be asked for bytes with a buffer. Once it has had none for a while, more can come
// of the socket below it alone, which is waited for without one.

// briefly is how long a buffer is held above TLS while nothing comes.
const briefly = time.Second

// lookOut finds the socket below TLS, if it is one.
func (s *noSocket) lookOut() {
	if t, ok := s.below.(timed); ok && s.floor == nil {
		if raw, _ := socketOf(t); raw != nil {
			s.lookout.bind(raw)
		}
	}
}

// setBrief sets whether a read waits no longer than briefly at a time.
func (c *Conn) setBrief(brief bool) {
	if c.noSocket != nil && c.noSocket.brief.Swap(brief) != brief {
		c.readLimit.armed.Store(false)
	}
}

func (c *Conn) isBrief() bool { return c.noSocket != nil && c.noSocket.brief.Load() }
