//go:build linux

package main

import (
	"crypto/tls"
	"crypto/x509"
	"time"

	"github.com/litert/websocket/internal/selfsigned"
)

// newIdentity makes a certificate for the address of the server, and returns it with its key, in PEM: so it can be handed to
// another program.
func newIdentity() ([]byte, error) {
	cert, err := selfsigned.New(1000*time.Hour, serverAddress.String())
	if err != nil {
		return nil, err
	}
	return selfsigned.PEM(cert)
}

// tlsOf returns what a server and a client need for it.
func tlsOf(identity []byte) (server, client *tls.Config, err error) {
	cert, err := tls.X509KeyPair(identity, identity)
	if err != nil {
		return nil, nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(identity)
	return &tls.Config{Certificates: []tls.Certificate{cert}}, &tls.Config{RootCAs: roots}, nil
}
