package dial_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

func TestCredentialsAreForTheirOriginAlone(t *testing.T) {
	const user, bearer, other = "Basic dXNlcjpwdw==", "Bearer x", "Basic YTpi"
	header := http.Header{"Authorization": {bearer}, "Cookie": {"c=1"}}
	tests := []struct {
		name, url string
		header    http.Header
		redirects map[string]string
		want      []visit
	}{
		{"relative", "ws://user:pw@a.example/", nil, map[string]string{"ws://a.example/": "x"},
			[]visit{{"ws://a.example/", user, ""}, {"ws://a.example/x", user, ""}}},
		{"same origin", "ws://user:pw@a.example/", nil, map[string]string{"ws://a.example/": "http://A.example:80/x"},
			[]visit{{"ws://a.example/", user, ""}, {"ws://A.example/x", user, ""}}},
		{"same origin, other user", "ws://user:pw@a.example/", nil, map[string]string{"ws://a.example/": "ws://a:b@a.example/x"},
			[]visit{{"ws://a.example/", user, ""}, {"ws://a.example/x", other, ""}}},
		{"other port", "ws://user:pw@a.example/", header, map[string]string{"ws://a.example/": "ws://a.example:81/x"},
			[]visit{{"ws://a.example/", bearer, "c=1"}, {"ws://a.example:81/x", "", ""}}},
		{"other port, user", "ws://user:pw@a.example/", nil, map[string]string{"ws://a.example/": "//a.example:81/x"},
			[]visit{{"ws://a.example/", user, ""}, {"ws://a.example:81/x", "", ""}}},
		{"from 80 to 443", "ws://user:pw@a.example/", header, map[string]string{"ws://a.example/": "wss://a.example/x"},
			[]visit{{"ws://a.example/", bearer, "c=1"}, {"wss://a.example/x", bearer, "c=1"}}},
		{"other host", "ws://user:pw@a.example/", nil, map[string]string{"ws://a.example/": "//b.example/"},
			[]visit{{"ws://a.example/", user, ""}, {"ws://b.example/", "", ""}}},
		{"other host, header", "ws://a.example/", header, map[string]string{"ws://a.example/": "//b.example/"},
			[]visit{{"ws://a.example/", bearer, "c=1"}, {"ws://b.example/", "", ""}}},
		{"other host, other user", "ws://a.example/", header, map[string]string{"ws://a.example/": "//a:b@b.example/"},
			[]visit{{"ws://a.example/", bearer, "c=1"}, {"ws://b.example/", other, ""}}},
		{"host below", "ws://a.example/", header, map[string]string{"ws://a.example/": "//b.a.example/"},
			[]visit{{"ws://a.example/", bearer, "c=1"}, {"ws://b.a.example/", "", ""}}},
		{"back again", "ws://user:pw@a.example/", header, map[string]string{"ws://a.example/": "//b.example/", "ws://b.example/": "//a.example/x"},
			[]visit{{"ws://a.example/", bearer, "c=1"}, {"ws://b.example/", "", ""}, {"ws://a.example/x", "", ""}}},
	}
	for _, tt := range tests {
		s, opts := newSite(t, tt.redirects)
		opts = append(opts, dial.Header(tt.header), dial.Redirects(5))
		for range 2 { // the options are as they were
			conn, err := dial.Dial(testContext(t), tt.url, stream.Standard, opts...)
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
				continue
			}
			conn.Abort()
			if diff := cmp.Diff(tt.want, s.visits()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.name, diff)
			}
		}
	}
}

// What stays with its origin, and what goes along to every server.
func TestFieldsOfTheHeaderStayWithTheirOrigin(t *testing.T) {
	along := http.Header{
		"Accept": {"a"}, "Accept-Language": {"de"}, "Cache-Control": {"no-cache"}, "Origin": {"https://app.example"},
		"Pragma": {"no-cache"}, "User-Agent": {"test"},
	}
	stays := http.Header{
		"Authorization": {"Bearer x"}, "Cookie": {"c=1"}, "Proxy-Authorization": {"Basic x"}, "X-Api-Key": {"x", "y"},
		"Referer": {"https://app.example/?token=x"}, "X-Forwarded-For": {"192.0.2.1"}, "Unheard-Of": {"x"},
	}
	both := along.Clone()
	maps.Copy(both, stays)
	tests := []struct {
		from, to string
		same     bool
	}{
		{"ws://a.example/", "x", true},
		{"ws://a.example/", "ws://a.example:80/x", true},
		{"ws://a.example/", "http://A.EXAMPLE/x", true},
		{"ws://a.example:81/", "/x", true},
		{"ws://a.example:81/", "ws://a.example:81/x", true},
		{"wss://a.example/", "https://a.example:443/x", true},
		{"wss://a.example:444/", "//a.example:444/x", true},
		{"ws://a.example/", "wss://a.example/x", true},
		{"ws://a.example/", "wss://a.example:444/x", false},
		{"ws://a.example:81/", "wss://a.example/x", false},
		{"ws://a.example:81/", "wss://b.example/x", false},
		{"ws://a.example/", "wss://b.example/x", false},
		{"ws://a.example/", "ws://a.example:81/x", false},
		{"ws://a.example:81/", "ws://a.example/x", false},
		{"wss://a.example/", "wss://a.example:444/x", false},
		{"ws://a.example/", "//b.example/x", false},
		{"ws://a.example/", "//b.a.example/x", false},
		{"ws://b.a.example/", "//a.example/x", false},
		{"ws://a.example/", "//a.example./x", false},
	}
	for _, tt := range tests {
		s, opts := newSite(t, map[string]string{tt.from: tt.to})
		conn, err := dial.Dial(testContext(t), tt.from, stream.Standard,
			append(opts, dial.Header(both), dial.Redirects(1), dial.Subprotocols("chat"))...)
		if err != nil {
			t.Errorf("%s to %s: %v", tt.from, tt.to, err)
			continue
		}
		conn.Abort()
		want := along
		if tt.same {
			want = both
		}
		got := s.lastHead()
		if p := got.Get("Sec-WebSocket-Protocol"); p != "chat" {
			t.Errorf("%s to %s: the subprotocols are %q", tt.from, tt.to, p)
		}
		for name := range got {
			if strings.HasPrefix(name, "Sec-Websocket-") || name == "Upgrade" || name == "Connection" {
				delete(got, name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s to %s (-want +got):\n%s", tt.from, tt.to, diff)
		}
	}
}
