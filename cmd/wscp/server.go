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
	root   *os.Root
	rules  rules
	log    *log.Logger
	opts   []listen.Option
	places chan struct{} // has a value for each connection
}

// newServer returns a server for root, which is one of the hosts, or any if they are nil.
func newServer(root *os.Root, rules rules, hosts []string, log *log.Logger) *server {
	s := &server{root: root, rules: rules, log: log, places: make(chan struct{}, rules.connections)}
	s.opts = []listen.Option{listen.Subprotocols(putProtocol, getProtocol), stream.MaxMessageSize(stream.Unlimited), listen.OnError(s.refused)}
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
	var sweep sync.WaitGroup
	defer sweep.Wait()
	defer group.Shutdown(context.Background())
	defer cancel()
	if !s.rules.readOnly {
		sweep.Go(func() { removeLeftovers(ctx, s.root, s.log) })
	}
	if config != nil {
		ln = tls.NewListener(ln, config)
	}
	serve := func(r *http.Request, conn *stream.Conn[*stream.Reader]) error { return s.transfer(ctx, r, conn) }
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	web := &http.Server{
		Handler:        s.admit(listen.Handler(stream.Standard, serve, append(s.opts, listen.Join(&group))...)),
		Protocols:      &protocols,
		ReadTimeout:    handshakeTime,
		WriteTimeout:   handshakeTime,
		MaxHeaderBytes: 64 << 10,
		ErrorLog:       s.log,
	}
	defer web.Close()
	stop := context.AfterFunc(ctx, func() { web.Close() })
	defer stop()
	if err := web.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// admit lets in clients that show the token, as long as there are places.
func (s *server) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.rules.token.admits(r) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			s.reject(w, r, http.StatusUnauthorized, "the token is missing or wrong; wscp -token-file or "+tokenVariable+" gives it")
			return
		}
		select {
		case s.places <- struct{}{}:
			defer func() { <-s.places }()
			next.ServeHTTP(w, r)
		default:
			s.reject(w, r, http.StatusServiceUnavailable, "there are too many connections")
		}
	})
}

func (s *server) reject(w http.ResponseWriter, r *http.Request, status int, why string) {
	s.log.Printf("%s: answered %d %s", r.RemoteAddr, status, http.StatusText(status))
	listen.Reject(w, r, status, listen.RejectBody([]byte(why+"\n")))
}

// transfer serves the client at the other end of conn, and tells it how that went. The end of ctx interrupts it; that of the
// request's own may come of a client that has gone.
func (s *server) transfer(ctx context.Context, r *http.Request, conn *stream.Conn[*stream.Reader]) error {
	what := fmt.Sprintf("%s: %s %q", r.RemoteAddr, conn.Subprotocol(), r.RequestURI)
	err := exchange(ctx, conn, func() error { return s.do(ctx, r.URL.Path, conn) })
	if err != nil {
		s.log.Printf("%s: %v", what, explain(err))
	} else {
		s.log.Printf("%s: done", what)
	}
	return nil
}

// do does what the client wants: its subprotocol tells the direction, and the path of its URL the file.
func (s *server) do(ctx context.Context, path string, conn *stream.Conn[*stream.Reader]) error {
	name, err := localName(path)
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
