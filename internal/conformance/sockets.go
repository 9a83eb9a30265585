package conformance

import (
	"net"
	"sync"
)

// sockets makes connected TCP sockets. All of them come from one listener: to bind one for each case takes longer and
// longer, while the ports of the cases before are in TIME_WAIT.
type sockets struct {
	ln net.Listener

	mu sync.Mutex // held by the one whose connection is accepted next
}

func newSockets() (*sockets, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	return &sockets{ln: ln}, err
}

// pair returns the two ends of a new connection.
func (s *sockets) pair() (client, server *net.TCPConn, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	dialled, err := net.Dial("tcp", s.ln.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	accepted, err := s.ln.Accept()
	if err != nil {
		dialled.Close()
		return nil, nil, err
	}
	return dialled.(*net.TCPConn), accepted.(*net.TCPConn), nil
}

// A single is a listener that has one connection to give.
type single struct {
	addr   net.Addr
	conn   chan net.Conn
	closed chan struct{}
	close  func()
}

func newSingle(conn net.Conn) *single {
	l := &single{addr: conn.LocalAddr(), conn: make(chan net.Conn, 1), closed: make(chan struct{})}
	l.close = sync.OnceFunc(func() { close(l.closed) })
	l.conn <- conn
	return l
}

func (l *single) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conn:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *single) Addr() net.Addr { return l.addr }

func (l *single) Close() error {
	l.close()
	return nil
}
