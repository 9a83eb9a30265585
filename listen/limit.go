package listen

import (
	"net"
	"sync"
)

// A limiter bounds how many connections of a listener are in the middle of their opening handshake: it accepts no
// further ones meanwhile, which wait in the queue of the system.
type limiter struct {
	net.Listener
	slots  chan struct{} // one for each connection in its handshake
	closed chan struct{}
	close  func() error // of the Listener, once
}

func newLimiter(ln net.Listener, n int) *limiter {
	l := &limiter{Listener: ln, slots: make(chan struct{}, n), closed: make(chan struct{})}
	l.close = sync.OnceValue(func() error {
		close(l.closed)
		return ln.Close()
	})
	return l
}

func (l *limiter) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		l.done()
	}
	return conn, err
}

// done says that an accepted connection has finished its handshake, in whatever way.
func (l *limiter) done() { <-l.slots }

func (l *limiter) Close() error { return l.close() }
