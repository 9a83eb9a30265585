package dial_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

// asked is what a URL makes the client ask for.
type asked struct {
	Network, Address string
	Resource, Host   string
	Authorization    string
}

func askFor(t *testing.T, url string, opts ...dial.Option) asked {
	t.Helper()
	var got asked
	conn := peer(t, func(conn net.Conn, r *http.Request) {
		got.Resource, got.Host, got.Authorization = r.RequestURI, r.Host, r.Header.Get("Authorization")
		io.WriteString(conn, filledIn(switching+"\r\n", r))
	})
	opts = append(opts, netDial(conn, &got.Network, &got.Address))
	c, err := dial.Dial(testContext(t), url, stream.Standard, opts...)
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	c.Abort()
	return got
}

func TestURLTellsWhatToAskFor(t *testing.T) { // RFC 6455, section 3
	tests := []struct {
		url  string
		want asked
	}{
		{"ws://example.com", asked{"tcp", "example.com:80", "/", "example.com", ""}},
		{"http://example.com/a", asked{"tcp", "example.com:80", "/a", "example.com", ""}},
		{"WS://example.com/a/b?c=d&e", asked{"tcp", "example.com:80", "/a/b?c=d&e", "example.com", ""}},
		{"ws://example.com?c", asked{"tcp", "example.com:80", "/?c", "example.com", ""}},
		{"ws://example.com?", asked{"tcp", "example.com:80", "/", "example.com", ""}},
		{"ws://example.com:80/", asked{"tcp", "example.com:80", "/", "example.com", ""}},
		{"ws://example.com:/", asked{"tcp", "example.com:80", "/", "example.com", ""}},
		{"ws://example.com:443/", asked{"tcp", "example.com:443", "/", "example.com:443", ""}},
		{"ws://127.0.0.1:8080/", asked{"tcp", "127.0.0.1:8080", "/", "127.0.0.1:8080", ""}},
		{"ws://[::1]/", asked{"tcp", "[::1]:80", "/", "[::1]", ""}},
		{"ws://[::1]:8080/", asked{"tcp", "[::1]:8080", "/", "[::1]:8080", ""}},
		{"ws://[fe80::1%25eth0]:8080/", asked{"tcp", "[fe80::1%eth0]:8080", "/", "[fe80::1]:8080", ""}},
		{"ws://my_host/a%2Fb%23c", asked{"tcp", "my_host:80", "/a%2Fb%23c", "my_host", ""}},
		{"ws://example.com/a b/é?f g=é", asked{"tcp", "example.com:80", "/a%20b/%C3%A9?f%20g=%C3%A9", "example.com", ""}},
		{"ws://Aladdin:open%20sesame@example.com/", asked{"tcp", "example.com:80", "/", "example.com", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}},
		{"ws://user@example.com/", asked{"tcp", "example.com:80", "/", "example.com", "Basic dXNlcjo="}},
		{"ws+unix:///run/app.sock", asked{"unix", "/run/app.sock", "/", "localhost", ""}},
		{"ws+unix:///run/app.sock:", asked{"unix", "/run/app.sock", "/", "localhost", ""}},
		{"ws+unix:///run/app.sock:/a:b?c", asked{"unix", "/run/app.sock", "/a:b?c", "localhost", ""}},
		{"ws+unix:///run/a%3Ab%20c:/d%20e", asked{"unix", "/run/a:b c", "/d%20e", "localhost", ""}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, askFor(t, tt.url)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.url, diff)
		}
	}
}

func TestHeaderOverridesURL(t *testing.T) {
	h := http.Header{"Host": {"virtual.example:81"}, "Authorization": {"Bearer x"}}
	got := askFor(t, "ws://user:pw@example.com/", dial.Header(h))
	want := asked{"tcp", "example.com:80", "/", "virtual.example:81", "Bearer x"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestImpossibleURLIsRefused(t *testing.T) {
	tests := []struct{ url, complaint string }{
		{"", "no scheme"},
		{"example.com/a", "no scheme"},
		{"//example.com/a", "no scheme"},
		{"ftp://example.com/", `"ftp"`},
		{"ws+tls:///a", `"ws+tls"`},
		{"ws:example.com", "no host"},
		{"ws:///a", "no host"},
		{"ws://:80/", "no host"},
		{"ws://example.com/#a", "fragment"},
		{"ws://example.com/#", "fragment"},
		{"ws://example.com:0/", "not a port"},
		{"ws://example.com:65536/", "not a port"},
		{"ws://example.com:x/", "malformed"},
		{"ws://exa mple.com/", "malformed"},
		{"ws://example.com/\r\nX: y", "malformed"},
		{"ws://example.com/%zz", "malformed"},
		{"ws://exam\"ple.com/", "contains"},
		{"ws://bücher.example/", "xn--"},
		{"ws://[::1/", "malformed"},
		{"ws://[example]/", "IP"},
		{"ws://a%3Ab:secret@example.com/", "colon"},
		{"ws://user:secret@example.com:x/", "malformed"},
		{"ws://user:secret/x@example.com/", "escaped"},
		{"ws://user:secret%zz@example.com/", "escaped"},
		{"ws://user:secret:/x@example.com/", "escaped"},
		{"ws://secret!\"?@example.com/", "escaped"},
		{"ws://user:65536/x@example.com/", "escaped"},
		{"ws://user:secret@example.com/#", "fragment"},
		{"ws://user:secret@/", "no host"},
		{"ws+unix://run/app.sock", "three slashes"},
		{"wss+unix://run/app.sock", "three slashes"},
		{"ws+unix:run/app.sock", "three slashes"},
		{"ws+unix:///", "no path of a UNIX socket"},
		{"ws+unix:///:/a", "no path of a UNIX socket"},
		{"ws+unix:///a%00b", "no path of a UNIX socket"},
		{"ws+unix:///a:b", "slash"},
	}
	for _, tt := range tests {
		_, err := dial.Dial(testContext(t), tt.url, stream.Standard, noDial(t))
		var arg *stream.ArgumentError
		if !errors.As(err, &arg) || arg.Func != "dial.Dial" || !strings.Contains(err.Error(), tt.complaint) {
			t.Errorf("%q: error is %v, want an ArgumentError of dial.Dial with %q", tt.url, err, tt.complaint)
			continue
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error gives the password away: %v", tt.url, err)
		}
	}
}
