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
	next  atomic.Pointer[[]listen.Option] // of the next connection
}

func newServer(t *testing.T) *server { return startServer(t, (*httptest.Server).Start) }

// startServer returns a server that start starts. Over HTTP/2 a connection ends with its handler.
func startServer(t *testing.T, start func(*httptest.Server)) *server {
	s := &server{mux: http.NewServeMux(), conns: make(chan *stream.Conn[*stream.Reader], 1)}
	s.mux.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	s.mux.HandleFunc("/ws", func(w http.ResponseWriter, r *http.Request) {
		conn, err := listen.Upgrade(w, r, stream.Standard, *s.next.Load()...)
		if err != nil {
			t.Errorf("the handshake of the peer: %v", err)
			return
		}
		s.conns <- conn
		if r.ProtoMajor == 2 {
			<-conn.Done()
		}
	})
	h := httptest.NewUnstartedServer(s.mux)
	start(h)
	t.Cleanup(func() {
		s.abortUnwanted()
		h.Close()
	})
	s.url = webSocketURL(h.URL) + "/ws"
	return s
}

// abortUnwanted drops a connection that nobody wanted.
func (s *server) abortUnwanted() {
	select {
	case conn := <-s.conns:
		conn.Abort()
	default:
	}
}

// prepare sets the options of the next connection, beside its subprotocol.
func (s *server) prepare(opts []stream.Option) {
	s.abortUnwanted()
	all := []listen.Option{listen.Subprotocols(subprotocol)}
	for _, o := range opts {
		all = append(all, o)
	}
	s.next.Store(&all)
}

// webSocketURL makes a ws URL of an http one, and a wss URL of an https one.
func webSocketURL(url string) string { return "ws" + strings.TrimPrefix(url, "http") }
