// Package wstest has what the tests of several packages need: pairs of connected transports of every kind, and a peer
// that speaks in single frames, right or wrong.
package wstest

import (
	"crypto/tls"
	"io"
	"net"
	"path/filepath"
	"testing"

	"github.com/litert/websocket/internal/transport"
)

// A Transport makes pairs of connected ends.
type Transport struct {
	Name string
	Pair func(testing.TB) (client, server io.ReadWriteCloser)
}

// Transports are all the kinds that a connection treats differently.
var Transports = []Transport{
	{"tcp", func(t testing.TB) (io.ReadWriteCloser, io.ReadWriteCloser) { a, b := TCP(t); return a, b }},
	{"unix", func(t testing.TB) (io.ReadWriteCloser, io.ReadWriteCloser) { a, b := Unix(t); return a, b }},
	{"tls", func(t testing.TB) (io.ReadWriteCloser, io.ReadWriteCloser) { a, b := TLS(t); return a, b }},
	{"pipe", func(t testing.TB) (io.ReadWriteCloser, io.ReadWriteCloser) { a, b := net.Pipe(); return a, b }},
	{"no deadlines", func(t testing.TB) (io.ReadWriteCloser, io.ReadWriteCloser) {
		a, b := TCP(t)
		return Bare{a}, Bare{b}
	}},
}

// Bare is a transport without deadlines.
type Bare struct{ io.ReadWriteCloser }

// TCP returns two ends of a TCP connection on loopback, which the test's end closes.
func TCP(t testing.TB) (client, server net.Conn) { return pair(t, "tcp", "127.0.0.1:0") }

// Unix returns two ends of a UNIX socket.
func Unix(t testing.TB) (client, server net.Conn) {
	return pair(t, "unix", filepath.Join(t.TempDir(), "s"))
}

func pair(t testing.TB, network, address string) (client, server net.Conn) {
	t.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		c, _ := ln.Accept()
		accepted <- c
	}()
	client, err = net.Dial(network, ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server = <-accepted
	if server == nil {
		t.Fatal("accept failed")
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

// TLS returns two ends of a TLS connection over TCP, after its handshake: the client's is made as this module makes one,
// and the server's as all others do.
func TLS(t testing.TB) (client, server *tls.Conn) {
	t.Helper()
	a, b := TCP(t)
	cert, roots := Certificate(t, "localhost")
	client = tls.Client(transport.UnderTLS(a), &tls.Config{RootCAs: roots, ServerName: "localhost"})
	server = tls.Server(b, &tls.Config{Certificates: []tls.Certificate{cert}, SessionTicketsDisabled: true}) // a close must not meet a ticket unread
	failed := make(chan error, 1)
	go func() { failed <- server.Handshake() }()
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	return client, server
}
