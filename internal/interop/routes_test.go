//go:build interop

package interop_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/wstest"
)

// A route is how a client gets to the server at url: at the URL and with the options that it returns.
type route func(t *testing.T, url string) (string, []dial.Option)

func direct(_ *testing.T, url string) (string, []dial.Option) { return url, nil }

// behind returns the route over both: first goes to what second leads to.
func behind(first, second route) route {
	return func(t *testing.T, url string) (string, []dial.Option) {
		url, opts := second(t, url)
		url, more := first(t, url)
		return url, append(opts, more...)
	}
}

var routes = []struct {
	name   string
	route  route
	client string // of peers, which can take it as well as ours; empty: none
}{
	{"nginx", reverse(startNginx, false), "ws"},
	{"nginx with TLS", reverse(startNginx, true), "chromium"},
	{"HAProxy", reverse(startHAProxy, false), "ws"},
	{"HAProxy with TLS", reverse(startHAProxy, true), "chromium"},
	{"Caddy", reverse(startCaddy, false), "ws"},
	{"Caddy with TLS", reverse(startCaddy, true), "chromium"},
	{"CONNECT", throughCONNECT, ""},
	{"CONNECT to TLS", behind(throughCONNECT, reverse(startNginx, true)), ""},
	{"SOCKS5", throughSOCKS5, ""},
	{"SOCKS5 to TLS", behind(throughSOCKS5, reverse(startHAProxy, true)), ""},
}

func TestRoutes(t *testing.T) {
	for _, r := range routes {
		t.Run(r.name, func(t *testing.T) {
			t.Run("ourselves", func(t *testing.T) { withServer(t, ourselves, r.route, checks) })
			for _, p := range peers {
				if p.name == r.client {
					t.Run(p.name, func(t *testing.T) { withClient(t, p, r.route, checks) })
				}
			}
		})
	}
}

func TestRoutesWithCompression(t *testing.T) {
	compression = &settings[0]
	defer func() { compression = nil }()
	for _, r := range routes[:6] {
		t.Run(r.name, func(t *testing.T) { withServer(t, ourselves, r.route, checksOfCompression) })
	}
}

// reverse returns the route through a reverse proxy, which start starts.
func reverse(start func(t *testing.T, addr, certificate string, nodes ...string), secure bool) route {
	return func(t *testing.T, to string) (string, []dial.Option) {
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		addr := freeAddress(t)
		backend := u.Host
		u.Host = addr
		if !secure {
			start(t, addr, "", backend)
			awaitListener(t, addr)
			return u.String(), nil
		}
		cert, roots := wstest.Certificate(t, "127.0.0.1")
		start(t, addr, writeCertificate(t, cert), backend)
		awaitListener(t, addr)
		u.Scheme = "wss"
		return u.String(), []dial.Option{dial.TLSConfig(&tls.Config{RootCAs: roots})}
	}
}

// writeCertificate writes the certificate with its key to a file, and returns its name.
func writeCertificate(t *testing.T, cert tls.Certificate) string {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	p := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})
	p = append(p, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	return writeFile(t, "cert.pem", string(p))
}

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// freeAddress returns an address that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// awaitListener waits until somebody listens at addr.
func awaitListener(t *testing.T, addr string) {
	t.Helper()
	for until := time.Now().Add(hangs); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(until) {
			t.Fatalf("nobody listens: %v", err)
		}
	}
}

// The forward proxies want a password.
const proxyUser, proxyPassword = "alice", "secret"

// forward returns the options for the proxy at addr, past which nothing may be dialled.
func forward(scheme, addr string) []dial.Option {
	u := &url.URL{Scheme: scheme, User: url.UserPassword(proxyUser, proxyPassword), Host: addr}
	netDial := func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != addr {
			return nil, fmt.Errorf("%s is not the proxy", address)
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	return []dial.Option{dial.Proxy(http.ProxyURL(u)), dial.NetDial(netDial)}
}

const tinyproxyConf = `
Listen HOST
Port PORT
BasicAuth USER PASSWORD
`

func throughCONNECT(t *testing.T, to string) (string, []dial.Option) {
	addr := freeAddress(t)
	host, port, _ := net.SplitHostPort(addr)
	conf := strings.NewReplacer("HOST", host, "PORT", port, "USER", proxyUser, "PASSWORD", proxyPassword).Replace(tinyproxyConf)
	start(t, exec.Command("tinyproxy", "-d", "-c", writeFile(t, "tinyproxy.conf", conf)))
	awaitListener(t, addr)
	return to, forward("http", addr)
}

func throughSOCKS5(t *testing.T, to string) (string, []dial.Option) {
	addr := freeAddress(t)
	host, port, _ := net.SplitHostPort(addr)
	start(t, exec.Command("microsocks", "-i", host, "-p", port, "-u", proxyUser, "-P", proxyPassword))
	awaitListener(t, addr)
	return to, forward("socks5", addr)
}
