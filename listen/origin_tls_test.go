package listen_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// Over TLS the scheme of a page counts: a page that came without it may be anybody's on the way, and is of another
// origin (RFC 6454, section 4), whatever it is called.
func TestOverTLSOnlyPagesOverHTTPSAreOfTheSameOrigin(t *testing.T) {
	tests := []struct {
		host, origin string
		status       int
	}{
		{"example.com", "https://example.com", 101},
		{"example.com", "https://example.com:443", 101},
		{"example.com:443", "https://example.com", 101},
		{"EXAMPLE.com:8443", "https://example.COM:8443", 101},
		{"example.com:80", "https://example.com:80", 101},
		{"[::1]:8443", "https://[::1]:8443", 101},

		{"example.com", "http://example.com", 403},
		{"example.com", "http://example.com:443", 403},
		{"example.com", "http://example.com:80", 403},
		{"example.com:443", "http://example.com", 403},
		{"example.com:443", "http://example.com:443", 403},
		{"example.com:80", "http://example.com", 403},
		{"example.com:80", "https://example.com", 403},
		{"example.com:8443", "http://example.com:8443", 403},
		{"example.com", "https://example.com:8443", 403},
		{"example.com", "HTTP://example.com", 403},
	}
	upgraded := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, err := listen.Upgrade(w, r, stream.Standard); err == nil {
			conn.Abort()
		}
	}))
	defer upgraded.Close()
	cert, _ := wstest.Certificate(t, "example.com")
	listener := listenLocally(t, listen.TLSConfig(&tls.Config{Certificates: []tls.Certificate{cert}}))
	for server, addr := range map[string]string{"Upgrade": upgraded.Listener.Addr().String(), "Listener": listener.Addr().String()} {
		for _, tt := range tests {
			conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
			if err != nil {
				t.Fatal(err)
			}
			request := strings.Replace(proper, "example.com", tt.host, 1) + "Origin: " + tt.origin + "\r\n\r\n"
			response, _ := newClient(t, conn, request).response(t)
			if response.StatusCode != tt.status {
				t.Errorf("%s, page of %q to %q: status is %d, want %d", server, tt.origin, tt.host, response.StatusCode, tt.status)
			}
		}
	}
	r := parse(t, proper+"Origin: http://example.com\r\n\r\n")
	r.TLS = new(tls.ConnectionState)
	conn, err := listen.Upgrade(newFakeWriter(""), r, stream.Standard, listen.Origins("http://example.com"))
	if err != nil {
		t.Fatalf("what Origins allows: %v", err)
	}
	conn.Abort()
}
