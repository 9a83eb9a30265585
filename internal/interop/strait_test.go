//go:build interop

package interop_test

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
)

// A strait is the way to a server, which lets no more than some bytes of clients through, and can be cut.
type strait struct {
	mu     sync.Mutex // guards following
	to     string     // the server
	rest   int64      // that may go through
	passed int64
	opened chan struct{} // closed when there may be more
	conns  map[net.Conn]bool
}

// newStrait returns a strait to an address, and its own address, for as long as the test runs.
func newStrait(t *testing.T, to string, rest int64) (s *strait, address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s = &strait{to: to, rest: rest, opened: make(chan struct{}), conns: make(map[net.Conn]bool)}
	ctx, cancel := context.WithCancel(context.Background())
	var accepting, running sync.WaitGroup
	accepting.Go(func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", s.server())
			if err != nil {
				client.Close()
				continue
			}
			s.add(client, server)
			running.Go(func() {
				defer s.drop(client, server)
				io.Copy(client, server)
			})
			running.Go(func() {
				defer s.drop(client, server)
				s.pass(ctx, server, client)
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		accepting.Wait()
		cancel()
		s.cut()
		running.Wait()
	})
	return s, ln.Addr().String()
}

// pass copies what a client sends, as far as it may go through.
func (s *strait) pass(ctx context.Context, server io.Writer, client io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		for part := buf[:n]; len(part) > 0; {
			may, opened := s.take(int64(len(part)))
			if may == 0 {
				select {
				case <-opened:
					continue
				case <-ctx.Done():
					return
				}
			}
			if _, err := server.Write(part[:may]); err != nil {
				return
			}
			part = part[may:]
		}
	}
}

// take takes up to n bytes of what may go through.
func (s *strait) take(n int64) (may int64, opened <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	may = min(n, s.rest)
	s.rest -= may
	s.passed += may
	return may, s.opened
}

// open lets so many bytes more through.
func (s *strait) open(more int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest += more
	close(s.opened)
	s.opened = make(chan struct{})
}

// server returns the address of the server.
func (s *strait) server() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.to
}

// lead has later connections lead to another server.
func (s *strait) lead(to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = to
}

// through returns how much has gone through.
func (s *strait) through() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.passed
}

// cut breaks all connections, as a network does.
func (s *strait) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		conn.Close()
	}
}

func (s *strait) add(conns ...net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range conns {
		s.conns[conn] = true
	}
}

// drop closes connections.
func (s *strait) drop(conns ...net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range conns {
		conn.Close()
		delete(s.conns, conn)
	}
}
