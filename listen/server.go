package listen

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"

	"github.com/litert/websocket/internal/conf"
	"github.com/litert/websocket/stream"
)

// A server is a Listener without the type of its messages. It knows all connections from the moment when the HTTP
// server has given them away.
type server struct {
	// constant after newServer
	ln     net.Listener
	http   *http.Server
	cfg    *conf.Listen
	closed chan struct{} // closed by stop
	served chan struct{} // closed when the HTTP server has stopped

	// pending has an element for each connection that was taken from ln, has not ended, and was not returned by Accept.
	// It belongs to the HTTP server first, then to its peer until that is in the queue.
	pending chan struct{}

	// goroutines counts those of the HTTP server: one for each connection that has not ended or been given away, and
	// one for each handler.
	goroutines sync.WaitGroup

	mu    sync.Mutex // guards following
	peers map[*peer]struct{}
	err   error // why the HTTP server has stopped
}

// bind listens at address.
func bind(network, address string, cfg *conf.Listen) (net.Listener, error) {
	switch network {
	case "tcp", "tcp4", "tcp6", "unix":
	default:
		cfg.Reject(&stream.ArgumentError{Func: "listen.Listen", Reason: fmt.Sprintf("the network %q is not one of tcp, tcp4, tcp6 and unix", network)})
	}
	if cfg.Err != nil {
		return nil, cfg.Err
	}
	ln, err := net.Listen(network, address)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return ln, nil
}

// newServer returns a server on ln, which run starts.
func newServer(ln net.Listener, cfg *conf.Listen, serve http.HandlerFunc) *server {
	if cfg.TLS != nil {
		ln = tls.NewListener(ln, onlyHTTP1(cfg.TLS))
	}
	s := &server{
		ln:      ln,
		cfg:     cfg,
		closed:  make(chan struct{}),
		served:  make(chan struct{}),
		pending: make(chan struct{}, cfg.MaxPending),
		peers:   make(map[*peer]struct{}),
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	s.http = &http.Server{
		Handler:           serve,
		Protocols:         &protocols,
		ReadHeaderTimeout: cfg.HandshakeTimeout,
		ReadTimeout:       cfg.HandshakeTimeout,
		WriteTimeout:      cfg.HandshakeTimeout,
		MaxHeaderBytes:    cfg.MaxHeader,
		ErrorLog:          log.New(io.Discard, "", 0),
		ConnState:         s.count,

		DisableGeneralOptionsHandler: true, // it keeps the connection
	}
	return s
}

// onlyHTTP1 returns config without HTTP/2, over which there is no WebSocket here.
func onlyHTTP1(config *tls.Config) *tls.Config {
	config = config.Clone()
	config.NextProtos = slices.DeleteFunc(slices.Clone(config.NextProtos), func(p string) bool { return p == "h2" })
	if !slices.Contains(config.NextProtos, "http/1.1") {
		config.NextProtos = append(config.NextProtos, "http/1.1")
	}
	return config
}

func (s *server) run() {
	err := s.http.Serve(pendingListener{s.ln, s})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = fmt.Errorf("listen: %w", err)
	close(s.served)
}

// count keeps goroutines and pending. A handler that takes its connection over is counted by serveHTTP, and takes the
// connection's place with it.
func (s *server) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.goroutines.Add(1)
	case http.StateClosed:
		s.settled()
		s.goroutines.Done()
	case http.StateHijacked:
		s.goroutines.Done()
	}
}

func (s *server) isClosed() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}

// failure tells why the HTTP server has stopped.
func (s *server) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isClosed() {
		return errListenerClosed
	}
	return s.err
}
