package wstest

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	"github.com/litert/websocket/internal/selfsigned"
)

// Certificate returns a certificate that is valid for hosts, names or addresses, and the pool of roots that a client
// needs to trust it.
func Certificate(tb testing.TB, hosts ...string) (tls.Certificate, *x509.CertPool) {
	tb.Helper()
	cert, err := selfsigned.New(time.Hour, hosts...)
	if err != nil {
		tb.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert.Leaf)
	return cert, roots
}
