package selfsigned_test

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	"github.com/litert/websocket/internal/selfsigned"
)

func TestAHandedOnCertificateIsTrustedForItsHosts(t *testing.T) {
	cert, err := selfsigned.New(time.Hour, "localhost", "127.0.0.1", "[::1]")
	if err != nil {
		t.Fatal(err)
	}
	text, err := selfsigned.PEM(cert)
	if err != nil {
		t.Fatal(err)
	}
	read, err := tls.X509KeyPair(text, text)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert.Leaf)
	for host, trusted := range map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true, "example.com": false, "127.0.0.2": false} {
		if _, err := read.Leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: roots}); (err == nil) != trusted {
			t.Errorf("%s: %v", host, err)
		}
	}
	late := x509.VerifyOptions{DNSName: "localhost", Roots: roots, CurrentTime: time.Now().Add(2 * time.Hour)}
	if _, err := read.Leaf.Verify(late); err == nil {
		t.Error("it is valid for longer than it says")
	}
}

func TestNoCertificateIsNoText(t *testing.T) {
	if text, err := selfsigned.PEM(tls.Certificate{}); err == nil {
		t.Errorf("it is %q", text)
	}
}
