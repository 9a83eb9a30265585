package listen_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/listen"
)

func TestReject(t *testing.T) {
	plain := func(status int, length string) http.Header {
		return http.Header{
			"Connection":             {"close"},
			"Content-Type":           {"text/plain; charset=utf-8"},
			"Content-Length":         {length},
			"X-Content-Type-Options": {"nosniff"},
		}
	}
	with := func(h http.Header, fields ...string) http.Header {
		for i := 0; i < len(fields); i += 2 {
			h.Set(fields[i], fields[i+1])
		}
		return h
	}
	upgradeRequired := with(plain(426, "17"), "Upgrade", "websocket", "Sec-WebSocket-Version", "13")
	upgradeRequired.Add("Connection", "Upgrade")
	tests := []struct {
		name   string
		status int
		opts   []listen.RejectOption
		want   int
		header http.Header
		body   string
	}{
		{"default", 0, nil, 400, plain(400, "12"), "Bad Request\n"},
		{"status", 403, nil, 403, plain(403, "10"), "Forbidden\n"},
		{"upgrade required", 426, nil, 426, upgradeRequired, "Upgrade Required\n"},
		{"redirect", 307, []listen.RejectOption{listen.RejectHeader(http.Header{"Location": {"/b"}})}, 307,
			with(plain(307, "19"), "Location", "/b"), "Temporary Redirect\n"},
		{"no refusal", 200, nil, 500, plain(500, "22"), "Internal Server Error\n"},
		{"switching protocols", 101, nil, 500, plain(500, "22"), "Internal Server Error\n"},
		{"negative", -1, nil, 500, plain(500, "22"), "Internal Server Error\n"},
		{"too high", 1000, nil, 500, plain(500, "22"), "Internal Server Error\n"},
		{"body", 401, []listen.RejectOption{listen.RejectBody([]byte("go away"))}, 401, plain(401, "7"), "go away"},
		{"no body", 401, []listen.RejectOption{listen.RejectBody(nil)}, 401, plain(401, "0"), ""},
		{"header and body", 503, []listen.RejectOption{
			listen.RejectHeader(http.Header{"content-type": {"application/json"}, "Retry-After": {"9"}, "Content-Length": {"99"}}),
			listen.RejectBody([]byte("{}")),
		}, 503, with(plain(503, "2"), "Content-Type", "application/json", "Retry-After", "9"), "{}"},
		{"last one wins", 400, []listen.RejectOption{listen.RejectBody([]byte("a")), listen.RejectBody([]byte("b"))}, 400, plain(400, "1"), "b"},
	}
	for _, tt := range tests {
		w := httptest.NewRecorder()
		listen.Reject(w, parse(t, proper+"\r\n"), tt.status, tt.opts...)
		if w.Code != tt.want || w.Body.String() != tt.body {
			t.Errorf("%s: response is %d %q, want %d %q", tt.name, w.Code, w.Body.String(), tt.want, tt.body)
		}
		if diff := cmp.Diff(tt.header, w.Header()); diff != "" {
			t.Errorf("%s: header (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestRejectOverTheWire(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		listen.Reject(w, r, 403, listen.RejectHeader(http.Header{"X": {"a\r\nY: b"}, "X Y": {"c"}, "Transfer-Encoding": {"chunked"}}))
	}))
	defer server.Close()
	defer http.DefaultClient.CloseIdleConnections()
	response, body := connect(t, server.Listener.Addr(), proper+"\r\n").response(t)
	if response.StatusCode != 403 || body != "Forbidden\n" || response.Header.Get("Y") != "" || response.Header.Get("X Y") != "" {
		t.Errorf("response is %d %v %q", response.StatusCode, response.Header, body)
	}
	response, err := http.Head(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != 403 {
		t.Errorf("status is %d, want 403", response.StatusCode)
	}
}
