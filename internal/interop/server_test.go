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
	url     string // of its WebSocket endpoint
	mux     *http.ServeMux
	conns   chan *stream.Conn[*stream.Reader]
	options atomic.Pointer[[]listen.Option] // of the next connection
}

func newServer(t *testing.T) *server { return startServer(t, (*httptest.Server).Start) }

// startServer returns a server that start starts. The handler stays until its connection has ended, as over HTTP/2 that ends
// with it.
func startServer(t *testing.T, start func(*httptest.Server)) *server {
	s := &server{mux: http.NewServeMux(), conns: make(chan *stream.Conn[*stream.Reader], 1)}
	s.mux.HandleFunc("/ws", func(w http.ResponseWriter, r *http.Request) {
		conn, err := listen.Upgrade(w, r, stream.Standard, *s.options.Load()...)
		if err != nil {
			t.Errorf("the handshake of the peer: %v", err)
			return
		}
		s.conns <- conn
		if r.ProtoMajor == 2 {
			<-conn.Done()
			conn.Close() // waits for the answer to a close frame, which the receiver sends
		}
	})
	h := httptest.NewUnstartedServer(s.mux)
	start(h)
	t.Cleanup(h.Close)
	s.url = webSocketURL(h.URL) + "/ws"
	return s
}

// prepare sets the options of the next connection, beside its subprotocol, and drops one that nobody wanted.
func (s *server) prepare(opts []stream.Option) {
	select {
	case conn := <-s.conns:
		conn.Abort()
	default:
	}
	all := []listen.Option{listen.Subprotocols(subprotocol)}
	for _, o := range opts {
		all = append(all, o)
	}
	s.options.Store(&all)
}

// webSocketURL makes a ws URL of an http one, and a wss URL of an https one.
func webSocketURL(url string) string { return "ws" + strings.TrimPrefix(url, "http") }
