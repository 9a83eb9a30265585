package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/litert/websocket/internal/selfsigned"
)

// A fingerprint is the SHA-256 sum of a certificate. It is a [flag.Value].
type fingerprint []byte

func (f *fingerprint) String() string { return hex.EncodeToString(*f) }

func (f *fingerprint) Set(text string) error {
	sum, err := hex.DecodeString(strings.ReplaceAll(text, ":", ""))
	if err != nil || len(sum) != sha256.Size {
		return errors.New("a fingerprint has 64 hexadecimal digits")
	}
	*f = sum
	return nil
}

var errFingerprint = errors.New("the server's certificate has another fingerprint")

// check returns an error if the server has another certificate.
func (f fingerprint) check(state tls.ConnectionState) error {
	if len(state.PeerCertificates) > 0 {
		if sum := sha256.Sum256(state.PeerCertificates[0].Raw); bytes.Equal(sum[:], f) {
			return nil
		}
	}
	return errFingerprint
}

// clientTLS returns how clients speak TLS.
func (s *settings) clientTLS(c console) (*tls.Config, error) {
	config := new(tls.Config)
	if err := s.ownPair(config); err != nil {
		return nil, err
	}
	if s.cacert != "" {
		pool, err := readPool(string(s.cacert))
		if err != nil {
			return nil, err
		}
		config.RootCAs = pool
	}
	switch {
	case len(s.fingerprint) > 0: // it tells all
		config.InsecureSkipVerify, config.VerifyConnection = true, s.fingerprint.check
	case s.insecure:
		fmt.Fprintln(c.err, "wscp: -insecure: the server may be anybody's, and what is sent may be read and changed on the way")
		config.InsecureSkipVerify = true
	}
	return config, nil
}

// serverTLS returns how a server with those hosts speaks TLS, or nil if it does not, and its certificate's fingerprint if it has
// made that itself.
func (s *settings) serverTLS(hosts []string) (config *tls.Config, made fingerprint, err error) {
	if s.cert == "" && !s.tls {
		return nil, nil, nil
	}
	config = new(tls.Config)
	if s.tls {
		pair, err := selfsigned.New(365*24*time.Hour, hosts...)
		if err != nil {
			return nil, nil, err
		}
		sum := sha256.Sum256(pair.Certificate[0])
		config.Certificates, made = []tls.Certificate{pair}, sum[:]
	}
	if err := s.ownPair(config); err != nil {
		return nil, nil, err
	}
	if s.cacert != "" {
		if config.ClientCAs, err = readPool(string(s.cacert)); err != nil {
			return nil, nil, err
		}
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return config, made, nil
}

// ownPair puts the certificate and its key into config that were given, if any.
func (s *settings) ownPair(config *tls.Config) error {
	if s.cert == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(string(s.cert), string(s.key))
	config.Certificates = []tls.Certificate{pair}
	return err
}

func readPool(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: there is no certificate in PEM in it", file)
	}
	return pool, nil
}
