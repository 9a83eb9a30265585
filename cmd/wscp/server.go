package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// handshakeTime is how long a client may take for its request.
const handshakeTime = 10 * time.Second

// rules are what clients may do.
type rules struct {
	token       token
	readOnly    bool
	keep        bool // files are never replaced
	maxSize     size // of a file that is put
	connections int  // at a time
}

// A server lets clients read and write the files in root.
type server struct {
	root  *os.Root
	rules rules
	reach reach
	log   *log.Logger
	opts  []listen.Option

	mu        sync.Mutex // guards following
	open      int        // connections
	closed    bool       // no more are let in
	transfers sync.WaitGroup
}

func newServer(root *os.Root, rules rules, reach reach, log *log.Logger) *server {
	opts := []listen.Option{listen.Subprotocols(putProtocol, getProtocol), stream.MaxMessageSize(stream.Unlimited)}
	return &server{root: root, rules: rules, reach: reach, log: log, opts: opts}
}

// serve serves clients on ln, until ctx ends. Transfers under way are interrupted then; serve returns when they have
// ended.
func (s *server) serve(ctx context.Context, ln net.Listener, config *tls.Config) error {
	ctx, cancel := context.WithCancel(ctx)
	defer s.transfers.Wait()
	defer cancel()
	if !s.rules.readOnly {
		s.transfers.Go(func() { removeLeftovers(ctx, s.root, s.log) })
	}
	if config != nil {
		ln = tls.NewListener(ln, config)
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	web := &http.Server{
		Handler:        s,
		Protocols:      &protocols,
		ReadTimeout:    handshakeTime,
		WriteTimeout:   handshakeTime,
		MaxHeaderBytes: 64 << 10,
		BaseContext:    func(net.Listener) context.Context { return ctx },
		ErrorLog:       s.log,
	}
	defer s.close()
	defer web.Close()
	stop := context.AfterFunc(ctx, func() { web.Close() })
	defer stop()
	if err := web.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// enter takes a place for a connection, if there is one, until leave gives it back.
func (s *server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.open == s.rules.connections {
		return false
	}
	s.open++
	s.transfers.Add(1)
	return true
}

func (s *server) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	s.transfers.Done()
}

func (s *server) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

// ServeHTTP serves one client, or refuses it.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !s.reach.allows(r.Host):
		s.reject(w, r, http.StatusMisdirectedRequest, "wscp serve -host tells the names of the server")
	case !s.rules.token.admits(r):
		w.Header().Set("WWW-Authenticate", "Bearer")
		s.reject(w, r, http.StatusUnauthorized, "the token is missing or wrong; wscp -token-file or "+tokenVariable+" gives it")
	case !s.enter():
		s.reject(w, r, http.StatusServiceUnavailable, "there are too many connections")
	default:
		defer s.leave()
		conn, err := listen.Upgrade(w, r, stream.Standard, s.opts...)
		if err != nil {
			s.log.Printf("%s: %v", r.RemoteAddr, err)
			return
		}
		s.transfer(r.Context(), conn)
	}
}

func (s *server) reject(w http.ResponseWriter, r *http.Request, status int, why string) {
	s.log.Printf("%s: refused: %d %s", r.RemoteAddr, status, http.StatusText(status))
	w.Header().Set("Connection", "close")
	listen.Reject(w, r, status, listen.RejectBody([]byte(why+"\n")))
}

// transfer serves the client at the other end of conn.
func (s *server) transfer(ctx context.Context, conn *stream.Conn[*stream.Reader]) {
	what := fmt.Sprintf("%v: %s %q", conn.RemoteAddr(), conn.Subprotocol(), conn.Handshake().Resource)
	if err := exchange(ctx, conn, func() error { return s.do(ctx, conn) }); err != nil {
		s.log.Printf("%s: %v", what, explain(err))
		return
	}
	s.log.Printf("%s: done", what)
}

// do does what the client wants: its subprotocol tells the direction, and the path of its URL the file.
func (s *server) do(ctx context.Context, conn *stream.Conn[*stream.Reader]) error {
	resource, err := url.ParseRequestURI(conn.Handshake().Resource)
	if err != nil {
		return &refusal{err}
	}
	name, err := localName(resource.Path)
	if err != nil {
		return err
	}
	switch conn.Subprotocol() {
	case putProtocol:
		return s.take(ctx, conn, name)
	case getProtocol:
		return s.give(ctx, conn, name)
	}
	return &refusal{fmt.Errorf("neither %s nor %s was asked for", putProtocol, getProtocol)}
}

// take receives a file.
func (s *server) take(ctx context.Context, conn *stream.Conn[*stream.Reader], name string) error {
	if s.rules.readOnly {
		return &refusal{errors.New("files can only be read here")}
	}
	a, err := receiveAnnouncement(ctx, conn)
	if err != nil {
		return err
	}
	if size(a.Length) > s.rules.maxSize {
		return &refusal{fmt.Errorf("%q: %v is more than the %v that a file may have", name, size(a.Length), s.rules.maxSize)}
	}
	return save(s.root, name, saving{a.Executable, s.rules.keep}, func(dst io.Writer) error {
		return receiveFile(ctx, conn, a.Length, dst, io.Discard)
	})
}

// give sends the file, and waits for no longer than the idle timeout until the client has it.
func (s *server) give(ctx context.Context, conn *stream.Conn[*stream.Reader], name string) error {
	src, err := open(name, s.root.Stat, func(name string) (*os.File, error) {
		return s.root.OpenFile(name, os.O_RDONLY|largeFile, 0)
	})
	if err != nil {
		return err
	}
	defer src.Close()
	answer := hear(ctx, conn)
	if err := sendFile(ctx, conn, src, io.Discard); err != nil {
		return err
	}
	return checkAnswer(<-answer)
}
