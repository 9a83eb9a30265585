package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

func (c console) serve(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:8080", "")
	cert := flags.String("cert", "", "")
	key := flags.String("key", "", "")
	args, err := parse(flags, args, 1)
	if err != nil {
		return err
	}
	if (*cert == "") != (*key == "") {
		return usageError("-cert and -key go together")
	}
	root, err := os.OpenRoot(args[0])
	if err != nil {
		return err
	}
	defer root.Close()
	ln, scheme, err := bind(*addr, *cert, *key)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "serving %s at %s://%v/\n", args[0], scheme, ln.Addr())
	return serve(ctx, ln, root, log.New(c.err, "", log.LstdFlags))
}

// bind listens at addr, with TLS if there is a certificate.
func bind(addr, cert, key string) (ln net.Listener, scheme string, err error) {
	if cert == "" {
		ln, err = net.Listen("tcp", addr)
		return ln, "ws", err
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, "", err
	}
	ln, err = tls.Listen("tcp", addr, &tls.Config{Certificates: []tls.Certificate{pair}})
	return ln, "wss", err
}

// A server lets clients read and write the files in root.
type server struct {
	root *os.Root
	log  *log.Logger

	// goroutines counts those of the HTTP server: one for each connection that it has not given away, and one for each
	// handler.
	goroutines sync.WaitGroup
}

// serve serves root until ctx ends. Transfers under way are interrupted then; serve returns when they have ended.
func serve(ctx context.Context, ln net.Listener, root *os.Root, log *log.Logger) error {
	s := &server{root: root, log: log}
	h := &http.Server{
		Handler:     s,
		ReadTimeout: 10 * time.Second, // of a request; it does not hold once the connection is upgraded
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnState:   s.count,
		ErrorLog:    log,
	}
	defer context.AfterFunc(ctx, func() { h.Close() })()
	err := h.Serve(ln)
	h.Close()
	s.goroutines.Wait()
	if ctx.Err() != nil && errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (s *server) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.goroutines.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.goroutines.Done()
	}
}

// ServeHTTP serves one connection, which is one transfer.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.goroutines.Add(1)
	defer s.goroutines.Done()
	ctx := r.Context()
	conn, err := listen.Upgrade(w, r, stream.Standard,
		listen.Subprotocols(putProtocol, getProtocol), stream.MaxMessageSize(stream.Unlimited))
	if err != nil {
		s.log.Printf("%s: %v", r.RemoteAddr, err)
		return
	}
	err = exchange(ctx, conn, func() error { return s.transfer(ctx, conn, r.URL.Path) })
	if err != nil {
		s.log.Printf("%s: %s %q: %v", r.RemoteAddr, conn.Subprotocol(), r.URL.Path, explain(err))
		return
	}
	s.log.Printf("%s: %s %q: done", r.RemoteAddr, conn.Subprotocol(), r.URL.Path)
}

func (s *server) transfer(ctx context.Context, conn *stream.Conn[*stream.Reader], path string) error {
	name, err := localName(path)
	if err != nil {
		return err
	}
	switch conn.Subprotocol() {
	case putProtocol:
		return save(s.root, name, func(dst io.Writer) error { return receive(ctx, conn, dst) })
	case getProtocol:
		return s.get(ctx, conn, name)
	}
	return &refusal{fmt.Errorf("neither %s nor %s was asked for", putProtocol, getProtocol)}
}

func (s *server) get(ctx context.Context, conn *stream.Conn[*stream.Reader], name string) error {
	file, length, err := open(name, s.root.Stat, s.root.Open)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := conn.WriteText(ctx, strconv.FormatInt(length, 10)); err != nil {
		return err
	}
	return send(ctx, conn, file)
}
