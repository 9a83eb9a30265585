package listen

import "net"

// A pendingListener takes a connection from the listener below it only if there is a place for it: fewer than the
// option MaxPending says are pending. So whoever connects, there is a bound for the goroutines and the memory.
type pendingListener struct {
	net.Listener
	server *server
}

func (l pendingListener) Accept() (net.Conn, error) {
	select {
	case l.server.pending <- struct{}{}:
	case <-l.server.closed:
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		l.server.settled()
	}
	return conn, err
}

// settled gives the place of a connection to the next one: it has ended, or Accept returns it.
func (s *server) settled() { <-s.pending }
