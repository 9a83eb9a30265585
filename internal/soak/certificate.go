package main

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"time"

	"github.com/litert/websocket/internal/selfsigned"
)

// certificateFile has the certificate of all servers, and its key.
const certificateFile = "certificate.pem"

// makeCertificate makes one for the loopback address, in dir.
func makeCertificate(dir string) error {
	cert, err := selfsigned.New(1000*time.Hour, "127.0.0.1")
	if err != nil {
		return err
	}
	text, err := selfsigned.PEM(cert)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, certificateFile), text, 0o600)
}

// loadCertificate returns that in dir, and what has clients trust it.
func loadCertificate(dir string) (tls.Certificate, *x509.CertPool, error) {
	name := filepath.Join(dir, certificateFile)
	cert, err := tls.LoadX509KeyPair(name, name)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert.Leaf)
	return cert, roots, nil
}
