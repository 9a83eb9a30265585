package dial_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// A question is what CheckRedirect was called with.
type question struct {
	From, To string
	Header   http.Header
}

// noting returns the option that writes its questions down and lets everything pass.
func noting(questions *[]question) dial.Option {
	return dial.CheckRedirect(func(from, to *url.URL, header http.Header) error {
		*questions = append(*questions, question{from.String(), to.String(), header.Clone()})
		return nil
	})
}

func TestCheckRedirectSeesWhatWillBeSent(t *testing.T) {
	const user = "Basic dXNlcjpwdw=="
	header := http.Header{"X-Api-Key": {"x"}, "User-Agent": {"test"}, "Host": {"virtual.example"}}
	s, opts := newSite(t, map[string]string{
		"ws://virtual.example/":    "1?q",
		"ws://virtual.example/1?q": "ws://a.example/2",
		"ws://a.example/2":         "wss://a.example/3",
		"wss://a.example/3":        "wss://a:b@b.example:444/4",
		"wss://b.example:444/4":    "5",
	})
	var questions []question
	conn, err := dial.Dial(testContext(t), "ws://user:pw@a.example/", stream.Standard, append(opts, dial.Header(header),
		dial.Redirects(5), dial.CookieJar(newJar(t)), noting(&questions))...)
	if err != nil {
		t.Fatal(err)
	}
	conn.Abort()
	all := http.Header{"X-Api-Key": {"x"}, "User-Agent": {"test"}, "Authorization": {user}}
	withHost := all.Clone()
	withHost["Host"] = []string{"virtual.example"}
	other := http.Header{"User-Agent": {"test"}, "Authorization": {"Basic YTpi"}}
	want := []question{
		{"http://a.example/", "http://a.example/1?q", withHost},
		{"http://a.example/1?q", "http://a.example/2", all},
		{"http://a.example/2", "https://a.example/3", all},
		{"https://a.example/3", "https://b.example:444/4", other},
		{"https://b.example:444/4", "https://b.example:444/5", other},
	}
	if diff := cmp.Diff(want, questions); diff != "" {
		t.Errorf("questions (-want +got):\n%s", diff)
	}
	wantVisits := []visit{
		{"ws://virtual.example/", user, ""}, {"ws://virtual.example/1?q", user, "seen=1"}, {"ws://a.example/2", user, ""},
		{"wss://a.example/3", user, "seen=1"}, {"wss://b.example:444/4", "Basic YTpi", ""}, {"wss://b.example:444/5", "Basic YTpi", "seen=1"},
	}
	if diff := cmp.Diff(wantVisits, s.visits()); diff != "" {
		t.Errorf("visits (-want +got):\n%s", diff)
	}
}

func TestCheckRedirectDecidesWhatIsSent(t *testing.T) {
	header := http.Header{"Authorization": {"Bearer x"}, "Cookie": {"c=1"}}
	redirects := map[string]string{"ws://a.example/": "//b.example/", "ws://b.example/": "x", "ws://b.example/x": "//c.example/"}
	tests := []struct {
		name   string
		change func(to *url.URL, header http.Header)
		want   []visit
	}{
		{"puts them in again", func(to *url.URL, h http.Header) {
			if to.Host == "b.example" {
				h.Set("Authorization", "Bearer x")
			}
		}, []visit{{"ws://a.example/", "Bearer x", "c=1"}, {"ws://b.example/", "Bearer x", ""}, {"ws://b.example/x", "Bearer x", ""}, {"ws://c.example/", "", ""}}},
		{"drops all", func(_ *url.URL, h http.Header) { clear(h) },
			[]visit{{"ws://a.example/", "Bearer x", "c=1"}, {"ws://b.example/", "", ""}, {"ws://b.example/x", "", ""}, {"ws://c.example/", "", ""}}},
		{"sets other names of hosts", func(to *url.URL, h http.Header) {
			if to.Path == "/x" {
				h["host"] = []string{"d.example"}
			}
		}, []visit{{"ws://a.example/", "Bearer x", "c=1"}, {"ws://b.example/", "", ""}, {"ws://d.example/x", "", ""}}},
		{"changes the URL in vain", func(to *url.URL, _ http.Header) { *to = url.URL{Host: "d.example"} },
			[]visit{{"ws://a.example/", "Bearer x", "c=1"}, {"ws://b.example/", "", ""}, {"ws://b.example/x", "", ""}, {"ws://c.example/", "", ""}}},
	}
	for _, tt := range tests {
		s, opts := newSite(t, redirects)
		opts = append(opts, dial.Header(header), dial.Redirects(5), dial.CheckRedirect(func(_, to *url.URL, h http.Header) error {
			tt.change(to, h)
			return nil
		}))
		for range 2 { // the options are as they were
			conn, err := dial.Dial(testContext(t), "ws://a.example/", stream.Standard, opts...)
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

func TestUserOfTheURLIsDroppedByCheckRedirect(t *testing.T) {
	s, opts := newSite(t, map[string]string{"ws://a.example/": "x"})
	conn, err := dial.Dial(testContext(t), "ws://user:pw@a.example/", stream.Standard, append(opts, dial.Redirects(1),
		dial.CheckRedirect(func(_, _ *url.URL, h http.Header) error {
			h.Del("Authorization")
			return nil
		}))...)
	if err != nil {
		t.Fatal(err)
	}
	conn.Abort()
	if got := s.lastHead()["Authorization"]; got != nil {
		t.Errorf("Authorization is %q", got)
	}
}

func TestCheckRedirectRefuses(t *testing.T) {
	no := errors.New("not there")
	tests := []struct {
		name      string
		check     func(header http.Header) error
		is        error
		complaint string
	}{
		{"an error", func(http.Header) error { return no }, no, "the redirect is not followed: not there"},
		{"a field of the handshake", func(h http.Header) error { h.Set("Upgrade", "x"); return nil }, nil, "Upgrade is set by the handshake"},
		{"a value with another line", func(h http.Header) error { h.Set("X", "secret\r\nY: z"); return nil }, nil, "the value of X contains"},
		{"an impossible Host", func(h http.Header) error { h.Set("Host", "a b"); return nil }, nil, "is not a host"},
	}
	for _, tt := range tests {
		s, opts := newSite(t, map[string]string{"ws://a.example/": "//b.example/"})
		_, err := dial.Dial(testContext(t), "ws://a.example/", stream.Standard, append(opts, dial.Redirects(5),
			dial.CheckRedirect(func(_, _ *url.URL, h http.Header) error { return tt.check(h) }))...)
		var answer *dial.Error
		if !errors.As(err, &answer) || answer.StatusCode != 302 || answer.Header.Get("Location") != "//b.example/" ||
			tt.is != nil && !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.complaint) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error is %v, want an Error with %q", tt.name, err, tt.complaint)
		}
		if visits := s.visits(); len(visits) != 1 {
			t.Errorf("%s: asked for %v", tt.name, visits)
		}
	}
}

func TestCheckRedirectIsAskedOnlyAboutWhatIsFollowed(t *testing.T) {
	tests := []struct {
		url, location string
		redirects     int
	}{
		{"ws://a.example/", "x", 0},
		{"wss://a.example/", "ws://a.example/x", 5},
		{"ws://a.example/", "ftp://a.example/x", 5},
		{"ws://a.example/", "%zz", 5},
	}
	for _, tt := range tests {
		_, opts := newSite(t, map[string]string{tt.url: tt.location})
		var questions []question
		opts = append(opts, dial.Redirects(tt.redirects), noting(&questions))
		if _, err := dial.Dial(testContext(t), tt.url, stream.Standard, opts...); err == nil || questions != nil {
			t.Errorf("to %q: asked %v, error is %v", tt.location, questions, err)
		}
	}
	s, opts := newSite(t, map[string]string{"ws://a.example/": "x"})
	var questions []question
	conn, err := dial.Dial(testContext(t), "ws://a.example/", stream.Standard, append(opts, dial.Redirects(1), noting(&questions), dial.CheckRedirect(nil))...)
	if err != nil {
		t.Fatal(err)
	}
	conn.Abort()
	if len(s.visits()) != 2 || questions != nil {
		t.Errorf("with nil, asked %v", questions)
	}
}

func TestCheckRedirectBehindAUNIXSocket(t *testing.T) {
	s, _ := newSite(t, map[string]string{"ws://localhost/a": "/b"})
	path := filepath.Join(t.TempDir(), "s")
	server := httptest.NewUnstartedServer(s)
	server.Listener.Close()
	server.Listener = listenTo(t, "unix", path)
	server.Start()
	defer server.Close()
	var questions []question
	conn, err := dial.Dial(testContext(t), "ws+unix://user:pw@"+path+":/a", stream.Standard, dial.Redirects(1), noting(&questions),
		dial.Header(http.Header{"X-Api-Key": {"x"}}))
	if err != nil {
		t.Fatal(err)
	}
	conn.Abort()
	want := []question{{"http://localhost/a", "http://localhost/b", http.Header{"X-Api-Key": {"x"}, "Authorization": {"Basic dXNlcjpwdw=="}}}}
	if diff := cmp.Diff(want, questions); diff != "" {
		t.Errorf("questions (-want +got):\n%s", diff)
	}
}

// A token goes along to servers of one's own, and to nobody else.
func ExampleCheckRedirect() {
	server := httptest.NewServer(listen.Handler(stream.Standard, func(_ *http.Request, conn *stream.Conn[*stream.Reader]) error {
		fmt.Println("the server got", conn.Handshake().Header.Get("X-Api-Key"))
		return nil
	}))
	defer server.Close()
	front := httptest.NewServer(http.RedirectHandler(server.URL, http.StatusFound)) // at another port
	defer front.Close()

	key := http.Header{"X-Api-Key": {"12345"}}
	conn, err := dial.Dial(context.Background(), front.URL, stream.Standard, dial.Header(key), dial.Redirects(3),
		dial.CheckRedirect(func(from, to *url.URL, header http.Header) error {
			if to.Hostname() == from.Hostname() {
				header.Set("X-Api-Key", key.Get("X-Api-Key"))
			}
			return nil
		}))
	if err != nil {
		fmt.Println(err)
		return
	}
	conn.Receive(context.Background()) // until the server closes
	conn.Close()
	// Output: the server got 12345
}
