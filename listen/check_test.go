package listen_test

import (
	"bufio"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// requests are put to a server that speaks the subprotocols v1 and v2.
var requests = []struct {
	section, name string
	request       string
	status        int
	complaint     string
}{
	{"4.2.1", "plain", proper, 101, ""},
	{"4.2.1", "order and case", requestLine + "sec-websocket-version:13\r\nSEC-WEBSOCKET-KEY: dGhlIHNhbXBsZSBub25jZQ== \r\nCONNECTION: keep-alive, uPGRADE\r\nupgrade: h2c, WebSocket\r\n" + host, 101, ""},
	{"4.2.1", "fields over several lines", requestLine + host + "Upgrade: h2c\r\n" + upgrade + "Connection: keep-alive\r\n" + connection + key + version, 101, ""},
	{"4.2.1", "absolute URI", strings.Replace(proper, "/a", "http://example.com/a", 1), 101, ""},
	{"4.2.1", "empty body", proper + "Content-Length: 0\r\n", 101, ""},

	{"4.2.1 item 1", "POST", strings.Replace(proper, "GET", "POST", 1), 405, "POST"},
	{"4.2.1 item 1", "HEAD", strings.Replace(proper, "GET", "HEAD", 1), 405, "HEAD"},
	{"4.2.1 item 1", "HTTP/1.0", strings.Replace(proper, "HTTP/1.1", "HTTP/1.0", 1), 505, "HTTP/1.0"},
	{"4.2.1 item 1", "HTTP/2", strings.Replace(proper, "HTTP/1.1", "HTTP/2.0", 1), 505, "HTTP/2.0"},
	{"4.2.1 item 1", "body", proper + "Content-Length: 1\r\n", 400, "body"},
	{"4.2.1 item 1", "chunked body", proper + "Transfer-Encoding: chunked\r\n", 400, "body"},

	{"4.2.1 item 2", "no host", requestLine + upgrade + connection + key + version, 400, "field Host"},
	{"4.2.1 item 2", "empty host", requestLine + "Host:\r\n" + upgrade + connection + key + version, 400, "field Host"},

	{"4.2.1 item 3", "no Upgrade", requestLine + host + connection + key + version, 426, "no field Upgrade"},
	{"4.2.1 item 3", "plain GET", requestLine + host, 426, "no field Upgrade"},
	{"4.2.1 item 3", "wrong Upgrade", requestLine + host + "Upgrade: h2c\r\n" + connection + key + version, 426, "does not name it"},
	{"4.2.1 item 3", "sign for kelvin in Upgrade", requestLine + host + "Upgrade: websoc\u212aet\r\n" + connection + key + version, 426, "does not name it"},

	{"4.2.1 item 4", "no Connection", requestLine + host + upgrade + key + version, 426, "field Connection"},
	{"4.2.1 item 4", "wrong Connection", requestLine + host + upgrade + "Connection: keep-alive\r\n" + key + version, 426, "field Connection"},

	{"4.2.1 item 5", "no key", requestLine + host + upgrade + connection + version, 400, "Sec-WebSocket-Key is missing"},
	{"4.2.1 item 5", "two keys", proper + key, 400, "more than one field Sec-WebSocket-Key"},
	{"4.2.1 item 5", "empty key", requestLine + host + upgrade + connection + version + "Sec-WebSocket-Key:\r\n", 400, "16 bytes"},
	{"4.2.1 item 5", "short key", requestLine + host + upgrade + connection + version + "Sec-WebSocket-Key: AAAA\r\n", 400, "16 bytes"},
	{"4.2.1 item 5", "long key", requestLine + host + upgrade + connection + version + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWVl\r\n", 400, "16 bytes"},
	{"4.2.1 item 5", "key not in base64", requestLine + host + upgrade + connection + version + "Sec-WebSocket-Key: dGhlIHNhbXBsZ?Bub25jZQ==\r\n", 400, "16 bytes"},

	{"4.2.1 item 5", "key whose last bits are not zero", requestLine + host + upgrade + connection + version + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n", 101, ""}, // RFC 4648, section 3.5: may be refused; the nonce is 16 bytes

	{"4.2.1 item 6", "no version", requestLine + host + upgrade + connection + key, 426, "Sec-WebSocket-Version is missing"},
	{"4.2.1 item 6", "version 8", requestLine + host + upgrade + connection + key + "Sec-WebSocket-Version: 8\r\n", 426, `"8" instead of 13`},
	{"4.2.1 item 6", "list of versions", requestLine + host + upgrade + connection + key + "Sec-WebSocket-Version: 13, 8\r\n", 426, "instead of 13"},
	{"4.2.1 item 6", "empty version", requestLine + host + upgrade + connection + key + "Sec-WebSocket-Version:\r\n", 426, `"" instead of 13`},
	{"4.2.1 item 6", "version with a sign", requestLine + host + upgrade + connection + key + "Sec-WebSocket-Version: +13\r\n", 426, "instead of 13"},
	{"4.2.1 item 6", "two versions", proper + version, 400, "more than one field Sec-WebSocket-Version"},

	{"4.2.1 item 7", "same origin", proper + "Origin: https://example.com\r\n", 101, ""},
	{"4.2.1 item 7", "other origin", proper + "Origin: https://example.org\r\n", 403, `"https://example.org"`},
	{"4.2.1 item 7", "two origins", proper + "Origin: https://example.com\r\nOrigin: https://example.com\r\n", 403, "more than one field Origin"},

	{"4.2.1 item 8", "subprotocol", proper + "Sec-WebSocket-Protocol: v2\r\n", 101, ""},
	{"4.2.1 item 8", "unknown subprotocol", proper + "Sec-WebSocket-Protocol: v3\r\n", 101, ""},
	{"4.2.1 item 8", "malformed subprotocol", proper + "Sec-WebSocket-Protocol: v 3\r\n", 400, "Sec-WebSocket-Protocol is malformed"},
	{"4.2.1 item 8", "subprotocol twice", proper + "Sec-WebSocket-Protocol: v3, v3\r\n", 400, "comes twice"},

	{"4.2.1 item 8", "subprotocol twice over two lines", proper + "Sec-WebSocket-Protocol: v1\r\nSec-WebSocket-Protocol: v1\r\n", 400, "comes twice"},
	{"4.2.1 item 8", "empty subprotocols", proper + "Sec-WebSocket-Protocol: , v1,,\r\n", 101, ""}, // RFC 9110, section 5.6.1.2

	{"4.2.1 item 9", "extension", proper + "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-foo\r\n", 101, ""},
	{"4.2.1 item 9", "malformed extension", proper + "Sec-WebSocket-Extensions: a;;b\r\n", 400, "Sec-WebSocket-Extensions is malformed"},
}

func parse(t testing.TB, request string) *http.Request {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(request)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRequestIsChecked(t *testing.T) {
	for _, tt := range requests {
		t.Run(tt.section+" "+tt.name, func(t *testing.T) {
			w := newFakeWriter("")
			conn, err := listen.Upgrade(w, parse(t, tt.request+"\r\n"), stream.Standard, listen.Subprotocols("v1", "v2"))
			if tt.status == http.StatusSwitchingProtocols {
				if err != nil {
					t.Fatal(err)
				}
				conn.Abort()
				return
			}
			var refused *listen.Error
			if !errors.As(err, &refused) || refused.StatusCode != tt.status || !strings.Contains(err.Error(), tt.complaint) {
				t.Fatalf("error is %v, want an Error with status %d and %q", err, tt.status, tt.complaint)
			}
			if got := w.Body.String(); w.Code != tt.status || got != refused.Err.Error()+"\n" {
				t.Errorf("response is %d %q", w.Code, got)
			}
			if got := w.Header().Get("Sec-WebSocket-Version"); (got == "13") != (tt.status == 426) { // section 4.4
				t.Errorf("Sec-WebSocket-Version is %q", got)
			}
			if got := w.Header().Get("Content-Type"); got != "text/plain; charset=utf-8" {
				t.Errorf("Content-Type is %q", got)
			}
			if w.conn.writes > 0 {
				t.Errorf("%q was sent past the HTTP server", w.conn.String())
			}
		})
	}
}

func TestRefusalTellsWhatIsAllowed(t *testing.T) {
	w := newFakeWriter("")
	listen.Upgrade(w, parse(t, requestLine+host+"\r\n"), stream.Standard)
	for name, want := range map[string]string{ // RFC 6455, section 4.4; RFC 9110, section 15.5.22
		"Upgrade":               "websocket",
		"Connection":            "close, Upgrade",
		"Sec-WebSocket-Version": "13",
	} {
		if got := strings.Join(w.Header().Values(name), ", "); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	w = newFakeWriter("")
	listen.Upgrade(w, parse(t, strings.Replace(proper, "GET", "PUT", 1)+"\r\n"), stream.Standard)
	if got := w.Header().Get("Allow"); got != "GET" {
		t.Errorf("Allow is %q, want GET", got)
	}
}

func TestRequestIsCheckedOverTheWire(t *testing.T) {
	l := listenLocally(t)
	for _, tt := range requests {
		t.Run(tt.section+" "+tt.name, func(t *testing.T) {
			c := connect(t, l.Addr(), tt.request+"\r\n")
			method, _, _ := strings.Cut(tt.request, " ")
			response, err := http.ReadResponse(c.r, &http.Request{Method: method})
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if response.StatusCode == http.StatusSwitchingProtocols {
				acceptFrom(t, l).Abort()
			}
			if response.StatusCode != tt.status {
				t.Errorf("status is %d, want %d", response.StatusCode, tt.status)
			}
			if got := response.Header.Get("Sec-WebSocket-Version"); (got == "13") != (tt.status == 426) {
				t.Errorf("Sec-WebSocket-Version is %q", got)
			}
		})
	}
	for name, request := range map[string]string{ // which package net/http refuses
		"two hosts":           proper + host,
		"a host with a space": strings.Replace(proper, "example.com", "example. com", 1),
	} {
		if response, _ := connect(t, l.Addr(), request+"\r\n").response(t); response.StatusCode != 400 {
			t.Errorf("%s: status is %d, want 400", name, response.StatusCode)
		}
	}
}

func TestSubprotocolIsTheServersFirstThatTheClientOffers(t *testing.T) { // RFC 6455, section 4.2.2
	tests := []struct {
		offered []string
		ours    []string
		want    string
	}{
		{nil, []string{"a"}, ""},
		{[]string{"a"}, nil, ""},
		{[]string{"b, a"}, []string{"a", "b"}, "a"},
		{[]string{"x, b", "a"}, []string{"a", "b"}, "a"},
		{[]string{"x, b"}, []string{"a", "b"}, "b"},
		{[]string{"A"}, []string{"a"}, ""},
	}
	for _, tt := range tests {
		r := parse(t, proper+"\r\n")
		r.Header["Sec-Websocket-Protocol"] = tt.offered
		w := newFakeWriter("")
		conn, err := listen.Upgrade(w, r, stream.Standard, listen.Subprotocols(tt.ours...))
		if err != nil {
			t.Fatal(err)
		}
		want := switching + "\r\n"
		if tt.want != "" {
			want = switching + "Sec-WebSocket-Protocol: " + tt.want + "\r\n\r\n"
		}
		if conn.Subprotocol() != tt.want || w.conn.String() != want {
			t.Errorf("%q for %q: chosen is %q, response %q", tt.ours, tt.offered, conn.Subprotocol(), w.conn.String())
		}
		conn.Abort()
	}
}

func TestOfferedSubprotocolsAreThoseOfTheRequest(t *testing.T) {
	tests := []struct {
		field []string
		want  []string
	}{
		{nil, nil},
		{[]string{"b, a"}, []string{"b", "a"}},
		{[]string{"x,, b", " a"}, []string{"x", "b", "a"}},
		{[]string{""}, nil},
		{[]string{"a b"}, nil},
		{[]string{"a", "a"}, nil},
	}
	for _, tt := range tests {
		r := parse(t, proper+"\r\n")
		r.Header["Sec-Websocket-Protocol"] = tt.field
		got := listen.OfferedSubprotocols(r)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q: %s", tt.field, diff)
		}
		conn, err := listen.Upgrade(newFakeWriter(""), r, stream.Standard)
		if (err == nil) != (got != nil || tt.field == nil) {
			t.Errorf("%q: Upgrade says %v", tt.field, err)
		}
		if err == nil {
			conn.Abort()
		}
	}
}

func TestIsWebSocket(t *testing.T) {
	tests := []struct {
		request string
		want    bool
	}{
		{proper, true},
		{requestLine + host + "upgrade: h2c, WebSocket\r\nconnection: keep-alive, upgrade\r\n", true},
		{requestLine + host, false},
		{requestLine + host + upgrade, false},
		{requestLine + host + connection, false},
		{requestLine + host + "Upgrade: h2c\r\n" + connection, false},
	}
	for _, tt := range tests {
		if got := listen.IsWebSocket(parse(t, tt.request+"\r\n")); got != tt.want {
			t.Errorf("%q: got %t", tt.request, got)
		}
	}
}
