package listen

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/stream"
)

// A peer is a connection that the HTTP server has given away.
type peer struct {
	server *server
	conn   net.Conn
	socket *stream.Socket // nil during the handshake; guarded by server.mu
}

// accept performs the handshake, of which o is then, and returns the connection as a peer that the server knows.
func (s *server) accept(w http.ResponseWriter, r *http.Request, o *offer) (*peer, error) {
	conn, err := o.begin(w, r, s.cfg)
	if err != nil {
		return nil, err
	}
	p := &peer{server: s, conn: conn}
	if !s.add(p) {
		p.discard()
		return nil, errListenerClosed
	}
	if err := o.answer(conn, s.cfg); err != nil {
		p.discard()
		return nil, err
	}
	return p, nil
}

// add makes p known, unless the server is closed.
func (s *server) add(p *peer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isClosed() {
		return false
	}
	s.peers[p] = struct{}{}
	return true
}

// opened ends the handshake of p.
func (p *peer) opened(socket *stream.Socket) {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	p.socket = socket
}

// forget is called when the connection of p has ended.
func (p *peer) forget() {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	delete(p.server.peers, p)
}

// discard gives p up, whose handshake has failed.
func (p *peer) discard() {
	p.forget()
	p.conn.Close()
	p.server.settled()
}

// stop ends the HTTP server and all handshakes. When it returns, no goroutine of them is left, and no peer comes any
// more.
func (s *server) stop() error {
	var err error
	if s.markClosed() {
		err = s.http.Close()
	}
	<-s.served
	s.goroutines.Wait()
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	return nil
}

// markClosed closes closed, and reports whether it was the first to do so. Responses that are being sent and wait for
// the client are cut short; a connection whose response was sent will still be opened, and end as all others.
func (s *server) markClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isClosed() {
		return false
	}
	close(s.closed)
	for p := range s.peers {
		if p.socket == nil {
			p.conn.SetWriteDeadline(time.Unix(1, 0))
		}
	}
	return true
}

func (s *server) shutdown(ctx context.Context) error {
	err := s.stop()
	var cut atomic.Bool
	s.each(func(socket *stream.Socket) {
		if socket.Shutdown(ctx, closecode.GoingAway, "") != nil && ctx.Err() != nil {
			cut.Store(true)
		}
	})
	if cut.Load() {
		return ctx.Err()
	}
	return err
}

func (s *server) close() error {
	err := s.stop()
	s.each(func(socket *stream.Socket) { socket.Abort() })
	return err
}

// each calls end for all open connections at once, and waits for all calls.
func (s *server) each(end func(*stream.Socket)) {
	s.mu.Lock()
	sockets := make([]*stream.Socket, 0, len(s.peers))
	for p := range s.peers {
		sockets = append(sockets, p.socket)
	}
	s.mu.Unlock()
	var ends sync.WaitGroup
	for _, socket := range sockets {
		ends.Go(func() { end(socket) })
	}
	ends.Wait()
}
