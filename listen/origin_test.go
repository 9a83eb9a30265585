package listen_test

import (
	"errors"
	"testing"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

func allowed(t testing.TB, host, origin string, opts ...listen.Option) bool {
	t.Helper()
	r := parse(t, proper+"\r\n")
	r.Host = host
	r.Header.Set("Origin", origin)
	w := newFakeWriter("")
	conn, err := listen.Upgrade(w, r, stream.Standard, opts...)
	if err == nil {
		conn.Abort()
		return true
	}
	if refused := new(listen.Error); !errors.As(err, &refused) || refused.StatusCode != 403 {
		t.Errorf("%q: error is %v, want one with status 403", origin, err)
	}
	return false
}

func TestOnlyTheSameOriginIsAllowedByDefault(t *testing.T) { // RFC 6455, section 10.2; RFC 6454
	tests := []struct {
		host, origin string
		want         bool
	}{
		{"example.com", "http://example.com", true},
		{"example.com", "https://example.com", true}, // a proxy may have put TLS on top
		{"example.com", "https://EXAMPLE.com", true},
		{"Example.COM", "https://example.com", true},
		{"example.com:443", "https://example.com", true},
		{"example.com:80", "http://example.com", true},
		{"example.com", "https://example.com:443", true},
		{"example.com:8080", "http://example.com:8080", true},
		{"[::1]:8080", "http://[::1]:8080", true},
		{"[::1]", "http://[::1]", true},
		{"[0:0:0:0:0:0:0:1]", "http://[::1]", true},
		{"127.0.0.1:8080", "http://127.0.0.1:8080", true},

		{"example.com", "https://example.org", false},
		{"example.com", "https://www.example.com", false},
		{"www.example.com", "https://example.com", false},
		{"example.com", "https://example.com.evil.example", false},
		{"example.com", "https://evilexample.com", false},
		{"example.com", "https://example.com:8443", false},
		{"example.com:8443", "https://example.com", false},
		{"example.com:80", "https://example.com", false},
		{"example.com:443", "http://example.com", false},
		{"[::1]:8080", "http://[::2]:8080", false},
		{"example.com", "chrome-extension://example.com", false},
		{"example.com", "file://example.com", false},
		{"example.com", "null", false},
		{"null", "null", false},
		{"example.com", "", false},
		{"example.com", "example.com", false},
		{"example.com", "//example.com", false},
		{"example.com", "https://", false},
		{"example.com", "https://example.com/", false},
		{"example.com", "https://example.com https://evil.example", false},
		{"example.com", "https://evil.example https://example.com", false},
		{"example.com", "https://example.com@evil.example", false},
		{"example.com", "https://user@example.com", false},
		{"example.com", "https://evil.example/example.com", false},
		{"example.com", "https://example.com:x", false},
		{"example.com", "https://example.com:", false},
		{"kexample.com", "https://\u212aexample.com", false},
	}
	for _, tt := range tests {
		if got := allowed(t, tt.host, tt.origin); got != tt.want {
			t.Errorf("page of %q to %q: allowed is %t", tt.origin, tt.host, got)
		}
	}
}

func TestOriginsAllowsMore(t *testing.T) {
	tests := []struct {
		pattern, origin string
		want            bool
	}{
		{"example.com", "http://example.com", true},
		{"example.com", "https://example.com", true},
		{"EXAMPLE.com", "https://Example.COM", true},
		{"example.com", "https://example.com:443", true},
		{"example.com", "https://example.com:8443", false},
		{"example.com", "https://a.example.com", false},
		{"example.com", "ftp://example.com", false},
		{"example.com", "chrome-extension://example.com", false},
		{"example.com", "null", false},
		{"example.com:8443", "https://example.com:8443", true},
		{"example.com:8443", "https://example.com", false},
		{"example.com:443", "https://example.com", true},
		{"example.com:443", "http://example.com", false},
		{"localhost:*", "http://localhost:5173", true},
		{"localhost:*", "http://localhost", true},
		{"localhost:*", "http://localhost.example", false},
		{"[::1]:*", "http://[::1]:5173", true},
		{"[::1]", "http://[::1]:5173", false},
		{"[0::1]", "http://[::1]", true},
		{"https://example.com", "https://example.com", true},
		{"https://example.com", "http://example.com", false},
		{"https://example.com", "http://example.com:443", false},
		{"*.example.com", "https://a.example.com", true},
		{"*.example.com", "https://a.b.example.com", true},
		{"*.example.com", "https://example.com", false},
		{"*.example.com", "https://.example.com", false},
		{"*.example.com", "https://evilexample.com", false},
		{"*.example.com", "https://a.example.com.evil.example", false},
		{"*.example.com", "https://evil.example/.example.com", false},
		{"*.example.com", "https://evil.example?.example.com", false},
		{"*.example.com", "https://evil.example#.example.com", false},
		{"*.example.com", "https://a.example.com:8443", false},
		{"https://*.example.com:8443", "https://a.example.com:8443", true},
		{"https://*.example.com:8443", "http://a.example.com:8443", false},
		{"https://*", "https://example.org", true},
		{"https://*", "http://example.org", false},
		{"https://*", "https://example.org:8443", false},
		{"*:8080", "http://example.org:8080", true},
		{"*:*", "http://example.org:8080", true},
		{"*:*", "null", false},
		{"chrome-extension://abcdef", "chrome-extension://abcdef", true},
		{"chrome-extension://abcdef", "chrome-extension://fedcba", false},
		{"chrome-extension://*", "chrome-extension://fedcba", true},
		{"null", "null", true},
		{"null", "http://null", false},
		{"*", "http://example.org:8080", true},
		{"*", "null", true},
		{"*", "chrome-extension://abcdef", true},
		{"*", "what is this", true},
	}
	for _, tt := range tests {
		if got := allowed(t, "server.example", tt.origin, listen.Origins("other.example", tt.pattern)); got != tt.want {
			t.Errorf("%q and a page of %q: allowed is %t", tt.pattern, tt.origin, got)
		}
	}
	if !allowed(t, "server.example", "https://server.example", listen.Origins("other.example")) {
		t.Error("the request's own host is refused")
	}
	if allowed(t, "server.example", "https://a.example", listen.Origins("a.example"), listen.Origins("b.example")) {
		t.Error("the first Origins has an effect beside the last")
	}
}

func TestMalformedOriginPatternIsRefused(t *testing.T) {
	for _, pattern := range []string{
		"", " ", "https://", "://example.com", "wss://example.com", "1a://example.com", "ht*://example.com", "*://example.com",
		"https://example.com/", "example.com/a", "user@example.com", "example.com?", "example.com:", "example.com:0",
		"example.com:65536", "example.com:x", "example.com:80:*", "example.com:8*", ":80", "exam*.com", "a.*.example.com",
		"*example.com", "example.*", "**", "*.", "*.*", "*.*.example.com", "bücher.example", "[::1", "::1", "[example]",
		"example.com,example.org", "example.com\r\n",
	} {
		w := newFakeWriter("")
		_, err := listen.Upgrade(w, parse(t, proper+"\r\n"), stream.Standard, listen.Origins("example.com", pattern))
		var arg *stream.ArgumentError
		if !errors.As(err, &arg) || arg.Func != "listen.Origins" || w.Code != 500 {
			t.Errorf("%q: error is %v, want an ArgumentError and status 500", pattern, err)
		}
	}
}
