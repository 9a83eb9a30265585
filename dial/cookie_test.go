package dial_test

import (
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

func newJar(t *testing.T) *cookiejar.Jar {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return jar
}

// cookiesAt returns what the jar would send to address.
func cookiesAt(t *testing.T, jar http.CookieJar, address string) []string {
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, c := range jar.Cookies(u) {
		list = append(list, c.String())
	}
	return list
}

// dialWithCookies shakes hands, is answered with the response, and returns the Cookie fields of its request.
func dialWithCookies(t *testing.T, url, response string, opts ...dial.Option) []string {
	var got []string
	conn := peer(t, func(conn net.Conn, r *http.Request) {
		got = r.Header["Cookie"]
		io.WriteString(conn, filledIn(response+"\r\n", r))
	})
	if c, err := dial.Handshake(testContext(t), conn, url, stream.Standard, opts...); err == nil {
		c.Abort()
	}
	return got
}

func TestCookiesOfTheJarAreSent(t *testing.T) {
	jar := newJar(t)
	for _, set := range []struct {
		host   string
		cookie http.Cookie
	}{
		{"example.com", http.Cookie{Name: "a", Value: "1"}},
		{"example.com", http.Cookie{Name: "deep", Value: "2", Path: "/x"}},
		{"example.com", http.Cookie{Name: "secret", Value: "3", Secure: true}},
		{"b.example", http.Cookie{Name: "b", Value: "4"}},
		{"localhost", http.Cookie{Name: "c", Value: "5"}},
	} {
		jar.SetCookies(&url.URL{Scheme: "https", Host: set.host, Path: "/"}, []*http.Cookie{&set.cookie})
	}
	tests := []struct {
		url    string
		header http.Header
		want   []string
	}{
		{"ws://example.com/", nil, []string{"a=1"}},
		{"ws://example.com:81/x/y", nil, []string{"deep=2; a=1"}},
		{"wss://example.com/", nil, []string{"a=1; secret=3"}},
		{"ws://c.example/", nil, nil},
		{"ws://c.example/", http.Header{"Host": {"b.example"}}, []string{"b=4"}},
		{"ws+unix:///run/s:/", nil, []string{"c=5"}},
		{"ws://example.com/", http.Header{"Cookie": {"own=0"}}, []string{"own=0; a=1"}},
		{"ws://example.com/", http.Header{"Cookie": {"own=0", "more=0"}}, []string{"own=0; more=0; a=1"}},
	}
	for _, tt := range tests {
		got := dialWithCookies(t, tt.url, switching, dial.CookieJar(jar), dial.Header(tt.header))
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.url, diff)
		}
	}
	if got := dialWithCookies(t, "ws://example.com/", switching, dial.CookieJar(jar), dial.CookieJar(nil)); got != nil {
		t.Errorf("without a jar, %q was sent", got)
	}
}

func TestCookiesOfEveryResponseAreStored(t *testing.T) {
	tests := []struct{ url, response, at string }{
		{"ws://example.com/", switching, "http://example.com/"},
		{"wss://example.com/", switching, "https://example.com/"},
		{"ws://example.com/", statusLine, "http://example.com/"}, // breaks the protocol
		{"ws://example.com/", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n", "http://example.com/"},
		{"ws://example.com/", "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n", "http://example.com/"},
	}
	for _, tt := range tests {
		jar := newJar(t)
		dialWithCookies(t, tt.url, tt.response+"Set-Cookie: a=1\r\nSet-Cookie: b=2; Path=/\r\n", dial.CookieJar(jar))
		if diff := cmp.Diff([]string{"a=1", "b=2"}, cookiesAt(t, jar, tt.at)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.response, diff)
		}
	}
}
