// Package wstest has what the tests of several packages need: pairs of connected transports of every kind, and a peer
// that speaks in single frames, right or wrong.
package wstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"
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

// TLS returns two ends of a TLS connection over TCP, after its handshake.
func TLS(t testing.TB) (client, server *tls.Conn) {
	t.Helper()
	a, b := TCP(t)
	serverConfig, clientConfig := TLSConfigs(t)
	client, server = tls.Client(a, clientConfig), tls.Server(b, serverConfig)
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

var certificate = sync.OnceValues(func() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "localhost"},
		DNSNames:              []string{"localhost", "example.com"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
})

// TLSConfigs returns a server's configuration for localhost, 127.0.0.1 and example.com, and that of a client who trusts it.
func TLSConfigs(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	cert, err := certificate()
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert.Leaf)
	return &tls.Config{Certificates: []tls.Certificate{cert}}, &tls.Config{RootCAs: roots, ServerName: "localhost"}
}
