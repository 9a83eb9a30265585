package listen_test

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// isServer reports whether a server with the option Hosts takes a request for host.
func isServer(t testing.TB, host string, overTLS bool, patterns ...string) bool {
	t.Helper()
	r := parse(t, proper+"\r\n")
	r.Host = host
	if overTLS {
		r.TLS = new(tls.ConnectionState)
	}
	w := newFakeWriter("")
	conn, err := listen.Upgrade(w, r, stream.Standard, listen.Hosts(patterns...))
	if err == nil {
		conn.Abort()
		return true
	}
	if refused := new(listen.Error); !errors.As(err, &refused) || refused.StatusCode != 421 || w.Code != 421 {
		t.Errorf("%q: error is %v, want one with status 421", host, err)
	}
	return false
}

func TestHostsTellsWhichHostsTheServerIs(t *testing.T) { // RFC 9110, sections 7.4 and 15.5.20
	tests := []struct {
		pattern, host string
		want          bool
	}{
		{"example.com", "example.com", true},
		{"example.com", "EXAMPLE.com", true},
		{"EXAMPLE.com", "example.COM", true},
		{"example.com", "example.com.", true},
		{"example.com.", "example.com", true},
		{"example.com", "example.com:8443", true},
		{"example.com", "example.com.:8443", true},
		{"example.com", "example.com:80", true},
		{"example.com", "attacker.example", false},
		{"example.com", "example.com.attacker.example", false},
		{"example.com", "a.example.com", false},
		{"example.com", "example.com..", false},
		{"example.com", ".example.com", false},
		{"example.com", "example.com:", false},
		{"example.com", "example.com:0", false},
		{"example.com", "example.com:x", false},
		{"example.com", "example.com:80:80", false},
		{"example.com", "example.com@attacker.example", false},
		{"example.com", "attacker.example@example.com", false},
		{"example.com", "example.com/", false},
		{"example.com", "example.com, example.com", false},
		{"example.com", " example.com", false},
		{"example.com", ".", false},
		{"example.com", ":80", false},
		{"kexample.com", "\u212aexample.com", false},

		{"example.com:8443", "example.com:8443", true},
		{"example.com:8443", "example.com.:8443", true},
		{"example.com:8443", "example.com", false},
		{"example.com:8443", "example.com:443", false},
		{"example.com:443", "example.com", true},
		{"example.com:80", "example.com", true},
		{"example.com:80", "example.com:443", false},

		{"*.example.com", "a.example.com", true},
		{"*.example.com", "a.b.Example.com.", true},
		{"*.example.com", "a.example.com:8443", true},
		{"*.example.com", "example.com", false},
		{"*.example.com", ".example.com", false},
		{"*.example.com", "evilexample.com", false},
		{"*.example.com", "a.example.com.attacker.example", false},
		{"*.example.com", "attacker.example/.example.com", false},
		{"*.example.com", "attacker.example:80.example.com", false},
		{"*.example.com:8443", "a.example.com:8443", true},
		{"*.example.com:8443", "a.example.com", false},

		{"localhost", "localhost:5173", true},
		{"localhost:*", "localhost:5173", true},
		{"localhost:*", "localhost", true},
		{"localhost:*", "localhost.attacker.example", false},
		{"127.0.0.1", "127.0.0.1:8080", true},
		{"127.0.0.1", "127.0.0.2", false},
		{"127.0.0.1", "127.0.0.1.attacker.example", false},
		{"[::1]", "[::1]", true},
		{"[::1]", "[::1]:8080", true},
		{"[::1]", "[0:0:0:0:0:0:0:1]:8080", true},
		{"[0::1]:*", "[::1]:8080", true},
		{"[::1]:8080", "[::1]:8080", true},
		{"[::1]:8080", "[::1]", false},
		{"[::1]", "[::2]", false},
		{"[::1]", "::1", false},
		{"[::1]", "[::1", false},
		{"[::1]", "[::1].", false},
		{"[::1]", "[::1].:8080", false},
		{"[fe80::A]", "[FE80::a]", true},
		{"[::1]", "[::1]attacker.example", false},

		{"*", "attacker.example:8080", true},
		{"*", ".", false},
		{"*:8080", "attacker.example:8080", true},
		{"*:8080", "attacker.example", false},
	}
	for _, tt := range tests {
		if got := isServer(t, tt.host, false, "other.example", tt.pattern); got != tt.want {
			t.Errorf("a server that is %q is %q: %t", tt.pattern, tt.host, got)
		}
	}
}

func TestHostWithoutAPortIsAtThatOfItsScheme(t *testing.T) { // RFC 9110, section 4.2
	for pattern, want := range map[string]struct{ plain, overTLS bool }{
		"example.com:443":  {true, true},
		"example.com:80":   {true, false},
		"example.com:8080": {false, false},
		"example.com":      {true, true},
	} {
		if got := isServer(t, "example.com", false, pattern); got != want.plain {
			t.Errorf("%q: %t", pattern, got)
		}
		if got := isServer(t, "example.com", true, pattern); got != want.overTLS {
			t.Errorf("%q over TLS: %t", pattern, got)
		}
	}
}

func TestEveryHostIsTheServerWithoutHosts(t *testing.T) {
	for _, opts := range [][]listen.Option{nil, {listen.Hosts("example.org"), listen.Hosts("*")}} {
		conn, err := listen.Upgrade(newFakeWriter(""), parse(t, proper+"\r\n"), stream.Standard, opts...)
		if err != nil {
			t.Fatal(err)
		}
		conn.Abort()
	}
}

func TestMalformedHostPatternIsRefused(t *testing.T) {
	for _, pattern := range []string{
		"", " ", "https://example.com", "://example.com", "*://example.com", "example.com/", "user@example.com", "example.com:",
		"example.com:0", "example.com:65536", "example.com:x", "example.com:80:*", "example.com:8*", ":80", "exam*.com",
		"a.*.example.com", "*example.com", "example.*", "**", "*.", "*.*", "bücher.example", "[::1", "::1", "[example]",
		"[127.0.0.1]", "example.com,example.org", "example.com\r\n",
	} {
		w := newFakeWriter("")
		_, err := listen.Upgrade(w, parse(t, proper+"\r\n"), stream.Standard, listen.Hosts("example.com", pattern))
		var arg *stream.ArgumentError
		if !errors.As(err, &arg) || arg.Func != "listen.Hosts" || w.Code != 500 {
			t.Errorf("%q: error is %v, want an ArgumentError and status 500", pattern, err)
		}
	}
}

// The class of DNS rebinding: a page has its own name resolve to the loopback address, and is of the server's origin then.
func TestAPageWhoseNameWasReboundIsRefused(t *testing.T) {
	opts := []listen.Option{listen.Hosts("localhost", "127.0.0.1", "[::1]")}
	upgraded := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, err := listen.Upgrade(w, r, stream.Standard, opts...); err == nil {
			conn.Abort()
		}
	}))
	defer upgraded.Close()
	handler := httptest.NewServer(listen.Handler(stream.Standard, serveNothing, opts...))
	defer handler.Close()
	for name, addr := range map[string]net.Addr{
		"Listener": listenLocally(t, opts...).Addr(), "Handler": handler.Listener.Addr(), "Upgrade": upgraded.Listener.Addr(),
	} {
		_, port, _ := net.SplitHostPort(addr.String())
		request := func(host, origin string) string {
			return strings.Replace(proper, "example.com", host, 1) + origin + "\r\n"
		}
		for _, request := range []string{
			request("attacker.example:"+port, "Origin: http://attacker.example:"+port+"\r\n"),
			request("attacker.example", "Origin: http://attacker.example\r\n"),
			request("attacker.example", ""),
			request("attacker.example", "Origin: http://localhost:"+port+"\r\n"),
			request("localhost.attacker.example", ""),
			strings.Replace(proper, "/a", "http://attacker.example/", 1) + "\r\n", // which counts more than Host
			strings.Replace(request("localhost", ""), "/a", "http://attacker.example/", 1),
		} {
			if r, body := connect(t, addr, request).response(t); r.StatusCode != http.StatusMisdirectedRequest || strings.Contains(body, "127.0.0.1") {
				t.Errorf("%s, %q: answered %d %q", name, request, r.StatusCode, body)
			}
		}
		for _, host := range []string{"localhost:" + port, "127.0.0.1:" + port, "[::1]:" + port} {
			connect(t, addr, request(host, "Origin: http://"+host+"\r\n")).opened(t)
		}
	}
}
