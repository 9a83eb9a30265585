package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"sync"
	"time"
)

// serverTLS is what a server has of TLS 1.3: a certificate that is made anew by each process.
var serverTLS = sync.OnceValues(func() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	certificate, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}},
		MinVersion:   tls.VersionTLS13,
	}, nil
})

// clientTLS returns what a client has of TLS 1.3. It takes any certificate, as it gets one that nobody knows; no job
// measures how a client opens connections.
func clientTLS() *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}
}

// secure returns conn as j has it: as it is, or with TLS on top.
func secure(conn net.Conn, j job) (net.Conn, error) {
	switch {
	case !j.TLS:
		return conn, nil
	case !j.Client: // the load
		return tls.Client(conn, clientTLS()), nil
	}
	config, err := serverTLS()
	return tls.Server(conn, config), err
}
