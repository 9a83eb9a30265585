package dial_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"weak"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/stream"
)

// A token is a value that a function or context refers to, and nothing else.
type token [64]byte

// leftovers are what is left of an opening handshake, if somebody keeps it: a function for each that tells whether it is
// still there.
type leftovers struct {
	mu   sync.Mutex // guards following
	kept map[string]func() bool
	over bool // nothing is written down any more
}

// watch writes down p, which is called name.
func watch[T any](l *leftovers, name string, p *T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	if l.kept == nil {
		l.kept = make(map[string]func() bool)
	}
	w := weak.Make(p)
	l.kept[fmt.Sprintf("%s %d", name, len(l.kept))] = func() bool { return w.Value() != nil }
}

// token returns a value that it watches.
func (l *leftovers) token(name string) *token {
	v := new(token)
	watch(l, name, v)
	return v
}

// left returns the names of those that somebody keeps.
func (l *leftovers) left() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	maps.DeleteFunc(l.kept, func(_ string, isKept func() bool) bool { return !isKept() })
	return slices.Sorted(maps.Keys(l.kept))
}

// A watchedConn writes down where the handshake reads to, and from where it writes.
type watchedConn struct {
	net.Conn
	*leftovers
}

func (c watchedConn) Read(p []byte) (int, error) {
	watch(c.leftovers, "read buffer", &p[0])
	return c.Conn.Read(p)
}

func (c watchedConn) Write(p []byte) (int, error) {
	watch(c.leftovers, "written buffer", &p[0])
	return c.Conn.Write(p)
}

// options returns options that refer to what is watched.
func (l *leftovers) options(t *testing.T, via *url.URL, address string, config *tls.Config) []dial.Option {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	watch(l, "jar", jar)
	dialling, choosing, checking := l.token("NetDial"), l.token("Proxy"), l.token("CheckRedirect")
	return []dial.Option{
		dial.CookieJar(jar),
		dial.TLSConfig(config),
		dial.Redirects(1),
		dial.CheckRedirect(func(_, _ *url.URL, h http.Header) error {
			watch(l, "header of a redirect", &h["X-Api-Key"][0])
			runtime.KeepAlive(checking)
			return nil
		}),
		dial.Header(http.Header{"X-Api-Key": {"x"}}),
		dial.NetDial(func(ctx context.Context, network, to string) (net.Conn, error) {
			runtime.KeepAlive(dialling)
			if via == nil {
				to = address
			}
			conn, err := new(net.Dialer).DialContext(ctx, network, to)
			if err == nil && config == nil { // crypto/tls has buffers of its own, and keeps them
				conn = watchedConn{conn, l}
			}
			return conn, err
		}),
		dial.Proxy(func(r *http.Request) (*url.URL, error) {
			runtime.KeepAlive(choosing)
			watch(l, "request to choose the proxy by", r)
			return via, nil
		}),
	}
}

func TestConnectionKeepsNothingOfTheHandshake(t *testing.T) {
	cert, roots := wstest.Certificate(t, "a.example", "127.0.0.1")
	secured := &tls.Config{Certificates: []tls.Certificate{cert}}
	client := &tls.Config{RootCAs: roots}
	for _, tt := range []struct {
		name, url, proxy string
		config           *tls.Config
	}{
		{"plain", "ws://user:pw@a.example/", "", nil},
		{"TLS", "wss://user:pw@a.example/", "", client},
		{"HTTP proxy", "ws://a.example/", "http", nil},
		{"HTTPS proxy", "wss://a.example/", "https", client},
		{"SOCKS proxy", "ws://a.example/", "socks5", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(&site{status: 302, redirects: map[string]string{"ws://a.example/": "/b", "wss://a.example/": "/b"}})
			if strings.HasPrefix(tt.url, "wss") {
				server.TLS = secured.Clone()
				server.StartTLS()
			} else {
				server.Start()
			}
			defer server.Close()
			address := server.Listener.Addr().String()
			var via *url.URL
			switch tt.proxy {
			case "http":
				p := startProxy(t, nil, address, (*proxyServer).http)
				p.reply = "+HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" // which comes with the proxy's own response
				via = p.url(tt.proxy, nil)
			case "https":
				via = startProxy(t, secured, address, (*proxyServer).http).url(tt.proxy, nil)
			case "socks5":
				via = startProxy(t, nil, address, (*proxyServer).socks).url(tt.proxy, nil)
			}
			l := new(leftovers)
			ctx := context.WithValue(testContext(t), token{}, l.token("context"))
			conn, err := dial.Dial(ctx, tt.url, stream.Standard, l.options(t, via, address, tt.config)...)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Abort()
			left := l.left()
			for deadline := time.Now().Add(5 * time.Second); len(left) > 0 && time.Now().Before(deadline); left = l.left() {
				runtime.GC()
			}
			if len(left) > 0 {
				t.Errorf("kept are %q", left)
			}
			receiveHello(t, conn)
		})
	}
}
