package listen_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

func TestRefusalsOverHTTP2(t *testing.T) { // RFC 8441, sections 4 and 5
	var heard error
	address, config := startHTTP2(t, true, listen.Handler(stream.Standard, serveNothing, listen.Hosts("example.com"),
		listen.OnError(func(_ *http.Request, err error) { heard = err })))
	proper := []string{":method", "CONNECT", ":protocol", "websocket", ":scheme", "https", ":path", "/", ":authority", "example.com",
		"sec-websocket-version", "13"}
	with := func(fields ...string) []string { // changes, adds, or with "-" leaves out
		all := append([]string(nil), proper...)
	next:
		for i := 0; i < len(fields); i += 2 {
			for j := 0; j < len(all); j += 2 {
				if all[j] == fields[i] {
					if all[j+1] = fields[i+1]; fields[i+1] == "-" {
						all = append(all[:j], all[j+2:]...)
					}
					continue next
				}
			}
			all = append(all, fields[i], fields[i+1])
		}
		return all
	}
	tests := []struct {
		name   string
		ended  bool
		fields []string
		status int
		text   string
	}{
		{"another protocol", false, with(":protocol", "connect-udp"), 501, "Not Implemented"},
		{"no protocol", false, []string{":method", "CONNECT", ":authority", "example.com"}, 505, "extended CONNECT"},
		{"GET", true, with(":method", "GET", ":protocol", "-"), 505, "extended CONNECT"},
		{"Content-Length", false, with("content-length", "10"), 400, "Content-Length"},
		{"Content-Length of none", false, with("content-length", "0"), 400, "Content-Length"},
		{"end of the stream", true, with(), 400, "ended with the request"},
		{"no authority", false, with(":authority", "-"), 400, ":authority"},
		{"another host", false, with(":authority", "example.org"), 421, "example.org"},
		{"no version", false, with("sec-websocket-version", "-"), 400, "Sec-WebSocket-Version"},
		{"another version", false, with("sec-websocket-version", "8"), 400, "13"},
		{"another origin", false, with("origin", "https://example.org"), 403, "example.org"},
		{"origin without TLS", false, with("origin", "http://example.com"), 403, "http://example.com"},
		{"extensions", false, with("sec-websocket-extensions", "="), 400, "Sec-WebSocket-Extensions"},
		{"subprotocols", false, with("sec-websocket-protocol", "a b"), 400, "Sec-WebSocket-Protocol"},
		{"proper", false, with("origin", "https://example.com"), 200, ""},
		{"letters of the protocol", false, with(":protocol", "WebSocket"), 200, ""},
	}
	h := wstest.DialH2(t, address, config)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			heard = nil
			s := h.Request(tt.ended, tt.fields...)
			status, header := s.Response()
			if status != tt.status {
				t.Fatalf("status is %d, want %d", status, tt.status)
			}
			if status == 200 {
				s.Reset(wstest.H2Cancel)
				return
			}
			body, err := io.ReadAll(s)
			if err != nil && err != wstest.H2NoError || !strings.Contains(string(body), tt.text) {
				t.Errorf("body is %q, %v", body, err)
			}
			for _, name := range []string{"Connection", "Upgrade", "Sec-Websocket-Accept"} {
				if header.Get(name) != "" {
					t.Errorf("%s is %q", name, header.Get(name))
				}
			}
			if strings.Contains(tt.name, "version") && header.Get("Sec-WebSocket-Version") != "13" {
				t.Error("the version is not told")
			}
			var refused *listen.Error
			if !errors.As(heard, &refused) || refused.StatusCode != tt.status {
				t.Errorf("OnError heard %v", heard)
			}
		})
	}
}

func TestIsWebSocketOverHTTP2(t *testing.T) {
	request := func(major int, method, protocol string) *http.Request {
		r := httptest.NewRequest(method, "/", nil)
		r.ProtoMajor, r.Header = major, http.Header{":protocol": {protocol}}
		return r
	}
	for _, tt := range []struct {
		r    *http.Request
		want bool
	}{
		{request(2, "CONNECT", "websocket"), true},
		{request(2, "CONNECT", "connect-udp"), false},
		{request(2, "GET", "websocket"), false},
		{request(1, "CONNECT", "websocket"), false},
	} {
		if got := listen.IsWebSocket(tt.r); got != tt.want {
			t.Errorf("%s %v: %t", tt.r.Method, tt.r.Header, got)
		}
	}
}

func TestMiddlewareWithoutUnwrapIsToldOverHTTP2(t *testing.T) {
	errs := make(chan error, 1)
	h := dialHTTP2(t, true, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := listen.Upgrade(wrapped{w}, r, stream.Standard)
		errs <- err
	}))
	if status, _ := h.Connect("/").Response(); status != 501 {
		t.Errorf("status is %d", status)
	}
	var refused *listen.Error
	if err := <-errs; !errors.As(err, &refused) || !errors.Is(err, http.ErrNotSupported) || !strings.Contains(err.Error(), "listen_test.wrapped") {
		t.Errorf("error is %v", err)
	}
}
