package listen_test

import (
	"bufio"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/litert/websocket/internal/handshake"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// Whatever the request, there is either a connection, and the request was proper, or an Error, and the client was told.
func FuzzRequest(f *testing.F) {
	for _, tt := range requests {
		f.Add(tt.request + "\r\n" + helloFrame)
	}
	for _, offer := range []string{
		"permessage-deflate; client_max_window_bits", "permessage-deflate; server_max_window_bits=10; client_no_context_takeover",
		"permessage-deflate; unknown, permessage-deflate; server_max_window_bits=8", "permessage-deflate; server_max_window_bits=16", "x; y=z",
	} {
		f.Add(proper + "Sec-WebSocket-Extensions: " + offer + "\r\n\r\n")
	}
	f.Fuzz(func(t *testing.T, request string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(request)))
		if err != nil {
			return
		}
		w := newFakeWriter("")
		conn, err := listen.Upgrade(w, r, stream.Standard, listen.Subprotocols("v1", "v2"), listen.Origins("*.example.com"),
			stream.Compression(stream.CompressionConfig{Deflate: stream.Deflate{ServerNoContextTakeover: true, ClientMaxWindowBits: 12}}))
		if err != nil {
			var refused *listen.Error
			if !errors.As(err, &refused) || refused.StatusCode != w.Code || w.Code < 400 || w.Body.Len() == 0 || w.conn.writes > 0 {
				t.Errorf("error is %v, response %d %q %q", err, w.Code, w.Body.String(), w.conn.String())
			}
			return
		}
		defer conn.Abort()
		response, err := http.ReadResponse(bufio.NewReader(&w.conn.Buffer), r)
		if err != nil || w.conn.Len() > 0 {
			t.Fatalf("response cannot be read: %v, with %q behind it", err, w.conn.String())
		}
		key := r.Header.Get("Sec-Websocket-Key")
		if r.Method != "GET" || !handshake.ValidKey(key) || response.Header.Get("Sec-Websocket-Accept") != handshake.Accept(key) {
			t.Errorf("accepted %q", request)
		}
		if p := conn.Subprotocol(); p != response.Header.Get("Sec-Websocket-Protocol") || p != "" && p != "v1" && p != "v2" {
			t.Errorf("subprotocol is %q", p)
		}
		checkExtension(t, conn.Handshake().Deflate, r.Header, response.Header)
	})
}

// checkExtension checks that the answer is to an offer, and says what was agreed on.
func checkExtension(t *testing.T, agreed *stream.Deflate, offered, answered http.Header) {
	t.Helper()
	answer := answered[handshake.FieldExtensions]
	if agreed == nil {
		if answer != nil {
			t.Errorf("nothing was agreed on, and the answer is %q", answer)
		}
		return
	}
	offers, err := handshake.ParseExtensions(offered[handshake.FieldExtensions])
	if err != nil || !slices.ContainsFunc(offers, func(e handshake.Extension) bool { return e.Name == handshake.DeflateName }) {
		t.Errorf("agreed on %+v, where the offers are %v, %v", agreed, offers, err)
	}
	list, err := handshake.ParseExtensions(answer)
	if err != nil || len(list) != 1 {
		t.Fatalf("the answer is %q: %v", answer, err)
	}
	widest := handshake.Deflate{ServerMaxWindowBits: handshake.MaxWindowBits, ClientMaxWindowBits: handshake.MaxWindowBits}
	if got, err := handshake.AgreeDeflate(list[0], widest); err != nil || stream.Deflate(got) != *agreed || !agreed.ServerNoContextTakeover {
		t.Errorf("the answer %q means %+v to the client, %v, and %+v here", answer, got, err, agreed)
	}
}

// No origin is allowed by a pattern for hosts below another one, unless it ends as the pattern does.
func FuzzOrigin(f *testing.F) {
	for _, s := range []string{"https://a.example.com", "https://example.com", "null", "https://a.example.com:8443", "https://evil/.example.com", "x://[::1]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, origin string) {
		r := parse(t, proper+"\r\n")
		r.Host = "server.example"
		r.Header["Origin"] = []string{origin}
		conn, err := listen.Upgrade(newFakeWriter(""), r, stream.Standard, listen.Origins("https://*.example.com"))
		if err != nil {
			return
		}
		defer conn.Abort()
		scheme, rest, _ := strings.Cut(strings.ToLower(origin), "://")
		switch name := strings.TrimSuffix(strings.TrimSuffix(rest, ":443"), ":80"); {
		case name == "server.example":
		case scheme == "https" && strings.HasSuffix(name, ".example.com") && !strings.ContainsAny(name, "/@?#\\: "):
		default:
			t.Errorf("%q is allowed", origin)
		}
	})
}

// No host is the server because of a pattern for hosts below another one, unless it ends as the pattern does.
func FuzzHost(f *testing.F) {
	for _, s := range []string{"a.example.com", "example.com", "a.example.com.:8443", "evil/.example.com", "[::1]", "[0::1]:80", "a.example.com:80:80", "."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, host string) {
		r := parse(t, proper+"\r\n")
		r.Host = host
		w := newFakeWriter("")
		conn, err := listen.Upgrade(w, r, stream.Standard, listen.Hosts("*.example.com", "[::1]"))
		if err != nil {
			if w.Code != 421 && host != "" {
				t.Errorf("%q: status is %d", host, w.Code)
			}
			return
		}
		defer conn.Abort()
		name, port, hasPort := strings.Cut(host, ":")
		if strings.HasPrefix(host, "[") {
			name, port, hasPort = host, "", false
			if i := strings.LastIndex(host, "]:"); i >= 0 {
				name, port, hasPort = host[:i+1], host[i+2:], true
			}
		}
		if n, err := strconv.Atoi(port); hasPort && (err != nil || n < 1 || n > 65535) {
			t.Errorf("%q has no port", host)
		}
		if strings.HasPrefix(name, "[") {
			if addr, err := netip.ParseAddr(strings.Trim(name, "[]")); err != nil || addr != netip.IPv6Loopback() {
				t.Errorf("%q is the server", host)
			}
			return
		}
		name = strings.ToLower(strings.TrimSuffix(name, "."))
		if !strings.HasSuffix(name, ".example.com") || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-._") != "" {
			t.Errorf("%q is the server", host)
		}
	})
}
