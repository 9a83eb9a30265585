package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/transfer"
	"github.com/litert/websocket/listen"
	_ "github.com/litert/websocket/listen/xconnect" // has HTTP/2 announce WebSocket
	"github.com/litert/websocket/stream"
)

const (
	// handshakeTime is how long a client may take for its request.
	handshakeTime = 10 * time.Second

	// aliveTime is how long a client may be silent before it is asked whether it is there. A pipe may be silent for long. The
	// client, which asks nothing, learns by that that the server is there, which may be busy with a sum or the disk.
	aliveTime = 15 * time.Second
)

// rules are what clients may do, and how many they may be.
type rules struct {
	transfer.Rules
	token       token
	connections int // at a time
}

// A server lets clients read and write the files in root.
type server struct {
	root    *os.Root
	rules   rules
	hosts   []string // that it is; nil: any
	log     *log.Logger
	opts    []listen.Option
	places  chan struct{} // has a value for each connection
	session string        // the cookie of browsers that have shown the token
}

// newServer returns a server for root, which is one of the hosts, or any if they are nil.
func newServer(root *os.Root, rules rules, hosts []string, log *log.Logger) *server {
	s := &server{root: root, rules: rules, hosts: hosts, log: log, places: make(chan struct{}, rules.connections), session: rand.Text()}
	s.opts = []listen.Option{
		listen.Subprotocols(transfer.PutProtocol, transfer.GetProtocol), listen.OnError(s.refused),
		stream.MaxMessageSize(stream.Unlimited), stream.KeepAlive(aliveTime),
	}
	if hosts != nil {
		s.opts = append(s.opts, listen.Hosts(hosts...))
	}
	return s
}

// refused logs why a client was not let in.
func (s *server) refused(r *http.Request, err error) { s.log.Printf("%s: %v", r.RemoteAddr, err) }

// serve serves clients on ln, until ctx ends. Transfers under way are interrupted then; serve returns when they have
// ended.
func (s *server) serve(ctx context.Context, ln net.Listener, config *tls.Config) error {
	ctx, cancel := context.WithCancel(ctx)
	var group listen.Group
	var sweeping sync.WaitGroup
	defer sweeping.Wait()
	defer cancel()
	if !s.rules.ReadOnly {
		sweeping.Go(func() { draft.Sweep(ctx, s.root, s.log) })
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	web := &http.Server{
		Handler:           s.handler(ctx, &group),
		Protocols:         &protocols,
		ReadHeaderTimeout: handshakeTime,
		IdleTimeout:       handshakeTime,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          s.log,
		TLSConfig:         config,
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerStream:     1 << 20,
			MaxReceiveBufferPerConnection: 16 << 20, // so that a slow transfer does not stop the others of its client
			SendPingTimeout:               aliveTime,
			WriteByteTimeout:              time.Minute,
		},
	}
	shutdown := sync.OnceFunc(func() {
		group.Shutdown(context.Background()) // before those over HTTP/2 are cut
		web.Close()
	})
	defer shutdown()
	defer context.AfterFunc(ctx, shutdown)()
	run := web.Serve
	if config != nil {
		run = func(ln net.Listener) error { return web.ServeTLS(ln, "", "") }
	}
	if err := run(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// handler returns what answers requests: those that show the token and ask for a host that this is.
func (s *server) handler(ctx context.Context, group *listen.Group) http.Handler {
	serve := func(r *http.Request, c transfer.Conn) error { return s.transfer(ctx, r, c) }
	opts := append(slices.Clip(s.opts), listen.Join(group))
	plain := listen.Handler(stream.Standard, serve, opts...)
	compressed := listen.Handler(stream.Standard, serve, append(opts, stream.Compression(stream.CompressionConfig{}))...)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case listen.IsWebSocket(r) && !s.admits(r):
			w.Header().Set("WWW-Authenticate", "Bearer")
			s.reject(w, r, http.StatusUnauthorized, "the token is missing or wrong; wscp -token-file or "+tokenVariable+" gives it")
		case listen.IsWebSocket(r) && r.Header.Get("Origin") != "": // browsers always offer to compress
			s.admit(w, r, plain)
		case listen.IsWebSocket(r):
			s.admit(w, r, compressed)
		case !s.isHost(r.Host):
			s.reject(w, r, http.StatusMisdirectedRequest, "this server has another name; wscp serve -host gives it one")
		default:
			s.servePage(w, r)
		}
	})
}

// isHost reports whether the server is the host, at whatever port.
func (s *server) isHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host, ok := plainHost(host)
	return s.hosts == nil || ok && slices.Contains(s.hosts, host)
}

// admit lets a client in that may be, as long as there are places.
func (s *server) admit(w http.ResponseWriter, r *http.Request, next http.Handler) {
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
		next.ServeHTTP(w, r)
	default:
		s.reject(w, r, http.StatusServiceUnavailable, "there are too many connections")
	}
}

func (s *server) reject(w http.ResponseWriter, r *http.Request, status int, why string) {
	s.log.Printf("%s: answered %d %s", r.RemoteAddr, status, http.StatusText(status))
	listen.Reject(w, r, status, listen.RejectBody([]byte(why+"\n")))
}

// transfer serves the client at the other end of c, and tells it how that went. The end of ctx interrupts it; that of the
// request's own may come of a client that has gone.
func (s *server) transfer(ctx context.Context, r *http.Request, c transfer.Conn) error {
	what := fmt.Sprintf("%s: %s %q", r.RemoteAddr, c.Subprotocol(), r.RequestURI)
	files := transfer.Server{Root: s.root, Rules: s.rules.Rules, Log: s.log}
	if err := files.Serve(ctx, c, r.URL.Path); err != nil {
		s.log.Printf("%s: %v", what, explain(err))
	} else {
		s.log.Printf("%s: done", what)
	}
	return nil
}
