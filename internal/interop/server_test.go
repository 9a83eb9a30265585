//go:build interop

package interop_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// A server is ours, for peers that are clients. It has one connection at a time.
type server struct {
	url   string // of its WebSocket endpoint
	mux   *http.ServeMux
	conns chan *stream.Conn[*stream.Reader]
	next  atomic.Pointer[nextConn]
}

// A nextConn is what is to be known of the next connection.
type nextConn struct {
	options []listen.Option
	ended   <-chan struct{} // closed when its transport is
}

func newServer(t *testing.T) *server { return startServer(t, (*httptest.Server).Start) }

// startServer returns a server that start starts. Over HTTP/2 the connection would end with the handler.
func startServer(t *testing.T, start func(*httptest.Server)) *server {
	s := &server{mux: http.NewServeMux(), conns: make(chan *stream.Conn[*stream.Reader], 1)}
	s.mux.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	s.mux.HandleFunc("/ws", func(w http.ResponseWriter, r *http.Request) {
		next := s.next.Load()
		conn, err := listen.Upgrade(w, r, stream.Standard, next.options...)
		if err != nil {
			t.Errorf("the handshake of the peer: %v", err)
			return
		}
		s.conns <- conn
		if r.ProtoMajor == 2 {
			<-next.ended
		}
	})
	h := httptest.NewUnstartedServer(s.mux)
	start(h)
	t.Cleanup(h.Close)
	s.url = webSocketURL(h.URL) + "/ws"
	return s
}

// prepare sets the options of the next connection, beside its subprotocol, and what tells of its end, and drops one that
// nobody wanted.
func (s *server) prepare(opts []stream.Option, ended <-chan struct{}) {
	select {
	case conn := <-s.conns:
		conn.Abort()
	default:
	}
	all := []listen.Option{listen.Subprotocols(subprotocol)}
	for _, o := range opts {
		all = append(all, o)
	}
	s.next.Store(&nextConn{all, ended})
}

// webSocketURL makes a ws URL of an http one, and a wss URL of an https one.
func webSocketURL(url string) string { return "ws" + strings.TrimPrefix(url, "http") }
