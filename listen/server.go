package listen

import (
	"context"
	"crypto/tls"
	"fmt"
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
	tls    *tls.Config // nil: none
	http   *http.Server
	cfg    *conf.Listen
	room   *waitingRoom
	ready  chan taken         // for the HTTP server
	ctx    context.Context    // of functions of the TLS configuration; ends with cancel
	closed <-chan struct{}    // when ctx has ended
	cancel context.CancelFunc // by stop
	served chan struct{}      // closed when the HTTP server has stopped

	// goroutines counts that which takes connections, one for each until the HTTP server has it, those of the HTTP server,
	// one for each connection that has not ended or been given away, and one for each handler.
	goroutines sync.WaitGroup

	roster roster // of the connections that the HTTP server has given away

	err error // why the HTTP server has stopped; set before served is closed
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
	s := &server{
		ln:     ln,
		cfg:    cfg,
		room:   newWaitingRoom(cfg.MaxPending),
		ready:  make(chan taken),
		served: make(chan struct{}),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.closed = s.ctx.Done()
	s.roster.perHost = cfg.MaxPerHost
	if cfg.TLS != nil {
		s.tls = onlyHTTP1(cfg.TLS)
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
		ErrorLog:          log.New(errorLog{s}, "", 0),
		ConnState:         s.count,
		ConnContext:       withPlace,

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
	s.goroutines.Add(1)
	go s.take()
	s.err = fmt.Errorf("listen: %w", s.http.Serve(readyListener{s.ln, s}))
	close(s.served)
}

// count keeps goroutines and the places of connections. A handler that takes its connection over is counted by serveHTTP,
// and takes the connection's place with it.
func (s *server) count(c net.Conn, state http.ConnState) {
	conn := c.(greeted).base()
	switch state {
	case http.StateNew:
		s.goroutines.Add(1)
	case http.StateClosed:
		defer s.goroutines.Done()
		conn.place.settle()
		s.reportEnd(conn)
	case http.StateHijacked:
		conn.givenAway = true
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

// failure tells why the HTTP server has stopped, which it has.
func (s *server) failure() error {
	if s.isClosed() {
		return errListenerClosed
	}
	return s.err
}

// stop ends the HTTP server and all handshakes. When it returns before ctx ends, no goroutine of them is left, and no
// connection comes any more.
func (s *server) stop(ctx context.Context) error {
	var err error
	if s.roster.close() {
		s.cancel()
		s.roster.hurry()
		s.room.close()
		err = s.http.Close()
	}
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		<-s.served
		s.goroutines.Wait()
	}()
	select {
	case <-idle:
	case <-ctx.Done(): // a function of the program does not return
	}
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	return nil
}

func (s *server) shutdown(ctx context.Context, reason string) error {
	err := s.stop(ctx)
	if _, cut := s.roster.shutdown(ctx, reason); cut != nil {
		return cut
	}
	return err
}

func (s *server) close() error {
	err := s.stop(context.Background())
	s.roster.abort()
	return err
}
