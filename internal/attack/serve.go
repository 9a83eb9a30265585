package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/selfsigned"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// options are those that a careful program has, and limits that an attack soon reaches.
var options = []stream.Option{
	stream.MaxMessageSize(maxMessage),
	stream.CloseTimeout(time.Second),
	stream.Compression(stream.CompressionConfig{}),
}

const (
	maxMessage = 1 << 20
	maxPending = 256
	briefIdle  = 300 * time.Millisecond // of those targets that are Brief
)

// allModes is the kind of victim that has each receive mode.
const allModes = "all"

// servesModes returns what has the receive modes of a kind of victim served by a Listener and by a Handler each, the
// first of them also over TLS, and with an idle timeout that one can wait for.
func servesModes(kind string) func() ([]target, error) {
	return func() (all []target, err error) {
		cert, err := selfsigned.New(24 * time.Hour)
		if err != nil {
			return nil, err
		}
		config := &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}}
		kinds := []target{{First: true}, {First: true, Secure: true}, {First: true, Brief: true}}
		for _, p := range places {
			if kind != allModes && kind != p.mode {
				continue
			}
			for _, t := range kinds {
				t.Mode, t.Path = p.mode, "/"
				for _, t.Server = range []string{"listener", "handler"} {
					if err := p.serve(&t, config); err != nil {
						return nil, err
					}
					all = append(all, t)
				}
			}
			kinds = []target{{}}
		}
		return all, nil
	}
}

// serve serves what t is to be, and completes it.
func (p place) serve(t *target, config *tls.Config) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	t.Address, t.Name = ln.Addr().String(), t.Server+", "+t.Mode
	t.Host = t.Address
	opts := []listen.Option{listen.MaxPending(maxPending), listen.Hosts("127.0.0.1")}
	for _, o := range options {
		opts = append(opts, o)
	}
	if t.Secure {
		t.Name += ", TLS"
		ln = tls.NewListener(ln, config)
	}
	if t.Brief {
		t.Name += ", short idle timeout"
		opts = append(opts, stream.IdleTimeout(briefIdle))
	}
	if t.Server == "listener" {
		return p.listen(ln, opts...)
	}
	server := &http.Server{
		Handler:           p.handle(opts...),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(panics{}, "", 0),
	}
	go server.Serve(ln)
	return nil
}

// dialInMode does what is ordered.
func dialInMode(ctx context.Context, o Order) (out Outcome) {
	for _, p := range places {
		if p.mode == o.Mode {
			out = p.dial(ctx, o.URL, dialOptions(o.Within)...)
		}
	}
	return out
}

// dialOptions have credentials, which are for one server alone.
func dialOptions(idle time.Duration) []dial.Option {
	opts := []dial.Option{
		dial.Proxy(nil),
		dial.Redirects(5),
		stream.IdleTimeout(idle),
		dial.Header(http.Header{"X-Api-Key": {secret}, "Cookie": {"session=" + secret}, "Authorization": {"Bearer " + secret}}),
	}
	for _, o := range options {
		opts = append(opts, o)
	}
	return opts
}

// secret is what must not be told to anyone but the server of an Order.
const secret = "a secret"

// panics hands on what a http.Server logs, if that is a panic: all else is about what attackers do.
type panics struct{}

func (panics) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(panicked)) {
		return os.Stderr.Write(p)
	}
	return len(p), nil
}

// panicked is what the words of every panic have in them.
const panicked = "panic"
