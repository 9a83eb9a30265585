package listen

import (
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// A place is that of one connection in a waitingRoom.
type place struct {
	room     *waitingRoom    // constant
	conn     net.Conn        // constant; as the listener below has returned it
	raw      syscall.RawConn // constant; tells when the first byte has come; nil: cannot
	host     netip.Addr      // constant; not valid: unknown, or none
	admitted chan struct{}   // constant; closed when the handshake may begin

	// guarded by room.mu
	crowd   *crowd // nil: the request has come, or the connection is out
	party   *party // of crowd
	inParty link[place]
	since   time.Time // when it entered the crowd
	counted bool      // in room.taken
	dropped bool
}

// newPlace returns a place for conn, which take has still to find. Only a socket of the system is asked for its address:
// what wraps one may have to wait for it.
func (w *waitingRoom) newPlace(conn net.Conn) *place {
	p := &place{room: w, conn: conn, admitted: make(chan struct{})}
	switch c := below(conn).(type) {
	case *net.TCPConn:
		p.host = hostOf(c.RemoteAddr())
		p.raw = silenceOf(c)
	case *net.UnixConn:
		p.raw = silenceOf(c)
	}
	return p
}

// silenceOf returns what tells when the first byte of c has come, or nil if the system cannot.
func silenceOf(c syscall.Conn) syscall.RawConn {
	if !canAwaitFirst {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// below returns the connection below all layers of TLS.
func below(conn net.Conn) net.Conn {
	for {
		t, ok := conn.(*tls.Conn)
		if !ok {
			return conn
		}
		conn = t.NetConn()
	}
}

// closeBelow closes conn without a farewell of TLS, which may have to wait, and sets the deadline for writing anew.
func closeBelow(conn io.Closer) error {
	if c, ok := conn.(net.Conn); ok { // not a stream of HTTP/2
		conn = below(c)
	}
	return conn.Close()
}

// enter moves p to c.
func (p *place) enter(c *crowd) {
	if p.crowd != nil {
		p.crowd.remove(p)
	}
	p.since = time.Now()
	c.add(p)
}

// leave puts p out.
func (p *place) leave() {
	if p.crowd != nil {
		p.crowd.remove(p)
	}
	if p.counted {
		p.counted = false
		p.room.taken--
	}
}

// spoke is called when the first byte has come, and waits until the handshake may begin. It reports false if the connection has given
// way before that was known, or stop was first.
func (p *place) spoke(stop <-chan struct{}) bool {
	w := p.room
	w.mu.Lock()
	if p.crowd == &w.silent {
		p.enter(&w.waiting)
		w.admit()
	}
	dropped := p.dropped // which what waits for a place is not
	w.mu.Unlock()
	if dropped {
		return false
	}
	select {
	case <-p.admitted:
		return true
	case <-stop:
		return false
	}
}

// requested is called when the request has come: the connection does not give way any more, unless it is refused. It
// reports false if it has given way before.
func (p *place) requested() bool {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if p.crowd != nil {
		p.crowd.remove(p)
	}
	return !p.dropped
}

// refused is called when the request was refused: the connection goes on up to the end of that, as slowly as its client wants.
func (p *place) refused() {
	w := p.room
	w.mu.Lock()
	defer w.mu.Unlock()
	p.enter(&w.shaking)
	w.admit()
	w.change()
}

// settle puts p out, if it is not: its connection has ended, or Accept returns it.
func (p *place) settle() {
	w := p.room
	w.mu.Lock()
	defer w.mu.Unlock()
	p.leave()
	w.admit()
	w.change()
}

func (p *place) wasDropped() bool {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	return p.dropped
}
