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
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/size"
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

// rules are what clients may do.
type rules struct {
	token       token
	readOnly    bool
	keep        bool       // files are never replaced
	maxSize     size.Bytes // of a file that is put
	connections int        // at a time
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
		listen.Subprotocols(putProtocol, getProtocol), listen.OnError(s.refused),
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
	if !s.rules.readOnly {
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
	serve := func(r *http.Request, c conn) error { return s.transfer(ctx, r, c) }
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
func (s *server) transfer(ctx context.Context, r *http.Request, c conn) error {
	what := fmt.Sprintf("%s: %s %q", r.RemoteAddr, c.Subprotocol(), r.RequestURI)
	err := exchange(ctx, c, func() error { return s.do(ctx, r.URL.Path, c) })
	if err != nil {
		s.log.Printf("%s: %v", what, explain(err))
	} else {
		s.log.Printf("%s: done", what)
	}
	return nil
}

// do does what the client wants: its subprotocol tells the direction, and the path of its URL the file.
func (s *server) do(ctx context.Context, path string, c conn) error {
	name, isDir, err := asked(path)
	put := c.Subprotocol() == putProtocol
	switch {
	case c.Subprotocol() == "":
		return &draft.Refusal{Err: fmt.Errorf("neither %s nor %s was asked for", putProtocol, getProtocol)}
	case err != nil:
		return err
	case put && s.rules.readOnly:
		return &draft.Refusal{Err: errors.New("files can only be read here")}
	}
	var req request
	if err := receiveText(ctx, c, "the request", &req); err != nil {
		return err
	}
	quietly := account{observer: quiet{s.log}}
	if put {
		return s.take(ctx, name, isDir, req, receiver{conn: c, root: s.root, continues: req.Continue, keep: s.rules.keep, maxSize: s.rules.maxSize, account: quietly})
	}
	return s.give(ctx, name, isDir, req, sender{conn: c, account: quietly})
}

// take receives a file, or what is in a directory.
func (s *server) take(ctx context.Context, name string, isDir bool, req request, in receiver) error {
	dir := name
	if !isDir {
		dir = filepath.Dir(name)
	}
	if dir != "." && (isDir || req.Folder) {
		if err := s.root.MkdirAll(dir, 0o777); err != nil {
			return draft.Refuse(dir, err)
		}
	}
	if !isDir {
		return in.receiveAlone(ctx, name)
	}
	root, err := s.root.OpenRoot(name)
	if err != nil {
		return draft.Refuse(name, err)
	}
	defer root.Close()
	in.root = root
	return in.receiveDir(ctx, req.Names)
}

// give sends a file, or what is in a directory.
func (s *server) give(ctx context.Context, name string, isDir bool, req request, out sender) error {
	return out.send(ctx, req.Continue, func() error {
		if !isDir {
			src, err := open(name, s.root.Stat, readIn(s.root))
			if err != nil {
				return err
			}
			defer src.Close()
			return out.sendFile(ctx, src, "")
		}
		root, err := s.root.OpenRoot(name)
		if err != nil {
			return draft.Refuse(name, err)
		}
		defer root.Close()
		if err := out.sendDir(ctx, root, ".", ""); err != nil {
			return err
		}
		return out.end(ctx)
	})
}
