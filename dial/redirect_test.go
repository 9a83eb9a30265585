package dial_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// A site is a server for all hosts and ports, with TLS at those that begin with 44. It redirects some URLs and opens connections at all others.
type site struct {
	// constant after newSite
	status    int
	redirects map[string]string // the location for a URL
	plain     string            // address
	secure    string            // address with TLS

	mu    sync.Mutex // guards following
	asked []visit
	heads []http.Header // of the same requests
}

// A visit is what the site was asked for.
type visit struct{ URL, Authorization, Cookie string }

// newSite starts a site, and returns the options that lead to it.
func newSite(t *testing.T, redirects map[string]string) (*site, []dial.Option) {
	s := &site{status: http.StatusFound, redirects: redirects}
	plain := httptest.NewServer(s)
	t.Cleanup(plain.Close)
	cert, roots := wstest.Certificate(t, "a.example", "b.example", "b.a.example")
	secure := httptest.NewUnstartedServer(s)
	secure.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	secure.StartTLS()
	t.Cleanup(secure.Close)
	s.plain, s.secure = plain.Listener.Addr().String(), secure.Listener.Addr().String()
	return s, []dial.Option{dial.NetDial(s.dial), dial.TLSConfig(&tls.Config{RootCAs: roots})}
}

func (s *site) dial(ctx context.Context, network, address string) (net.Conn, error) {
	to := s.plain
	if strings.Contains(address, ":44") {
		to = s.secure
	}
	return new(net.Dialer).DialContext(ctx, network, to)
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	scheme := "ws://"
	if r.TLS != nil {
		scheme = "wss://"
	}
	v := visit{scheme + r.Host + r.RequestURI, r.Header.Get("Authorization"), r.Header.Get("Cookie")}
	s.mu.Lock()
	s.asked, s.heads = append(s.asked, v), append(s.heads, r.Header)
	s.mu.Unlock()
	if location, ok := s.redirects[v.URL]; ok {
		w.Header().Set("Location", location)
		w.Header().Set("Set-Cookie", "seen=1")
		w.WriteHeader(s.status)
		return
	}
	if conn, err := listen.Upgrade(w, r, stream.Standard, listen.Origins("*")); err == nil {
		conn.WriteText(r.Context(), "hello")
		conn.Close()
	}
}

// visits returns what the site was asked for since the last call.
func (s *site) visits() []visit {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked, s.heads = nil, nil
	return asked
}

// lastHead returns the header of the last request since the last call of visits.
func (s *site) lastHead() http.Header {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heads[len(s.heads)-1]
}

func (s *site) urls() []string {
	var urls []string
	for _, v := range s.visits() {
		urls = append(urls, v.URL)
	}
	return urls
}

func TestRedirectsAreFollowed(t *testing.T) {
	tests := []struct{ url, location, want string }{
		{"ws://a.example/x/y?q", "z", "ws://a.example/x/z"},
		{"ws://a.example/x/y?q", "../z%2F?r", "ws://a.example/z%2F?r"},
		{"ws://a.example/x/y?q", "/z#fragment", "ws://a.example/z"},
		{"ws://a.example/x/y?q", "?r", "ws://a.example/x/y?r"},
		{"ws://a.example/x/y?q", "é", "ws://a.example/x/%C3%A9"},
		{"ws://a.example/x", "//b.example/y", "ws://b.example/y"},
		{"ws://a.example/x", "ws://b.example:81/y", "ws://b.example:81/y"},
		{"ws://a.example/x", "http://b.example", "ws://b.example/"},
		{"ws://a.example/x", "WSS://b.example/y", "wss://b.example/y"},
		{"ws://a.example/x", "https://a.example/x", "wss://a.example/x"},
		{"wss://a.example/x", "//b.example/y", "wss://b.example/y"},
		{"wss://a.example/x", "y", "wss://a.example/y"},
	}
	for _, tt := range tests {
		s, opts := newSite(t, map[string]string{tt.url: tt.location})
		conn, err := dial.Dial(testContext(t), tt.url, stream.Standard, append(opts, dial.Redirects(1))...)
		if err != nil {
			t.Errorf("%s to %s: %v", tt.url, tt.location, err)
			continue
		}
		receiveHello(t, conn)
		if urls := s.urls(); urls[len(urls)-1] != tt.want || !strings.HasSuffix(tt.want, conn.Handshake().Resource) {
			t.Errorf("%s to %s: asked for %s", tt.url, tt.location, urls)
		}
		conn.Abort()
	}
}

func TestStatusesThatRedirect(t *testing.T) {
	for status, follows := range map[int]bool{
		300: false, 301: true, 302: true, 303: true, 304: false, 305: false, 306: false, 307: true, 308: true,
		201: false, 401: false, 503: false,
	} {
		s, opts := newSite(t, map[string]string{"ws://a.example/": "/x"})
		s.status = status
		conn, err := dial.Dial(testContext(t), "ws://a.example/", stream.Standard, append(opts, dial.Redirects(1))...)
		var answer *dial.Error
		switch {
		case err == nil:
			conn.Abort()
		case !errors.As(err, &answer) || answer.StatusCode != status:
			t.Errorf("%d: error is %v", status, err)
		}
		if (err == nil) != follows {
			t.Errorf("%d was followed: %t", status, err == nil)
		}
	}
}

func TestRedirectsAreCounted(t *testing.T) {
	s, opts := newSite(t, map[string]string{"ws://a.example/1": "2", "ws://a.example/2": "3", "ws://a.example/3": "4", "ws://a.example/loop": "loop"})
	tests := []struct {
		resource  string
		n, visits int
		complaint string
	}{
		{"1", 0, 1, "the status is not 101"},
		{"1", 1, 2, "one redirect more than 1"},
		{"1", 2, 3, "one redirect more than 2"},
		{"1", 3, 4, ""},
		{"4", 0, 1, ""},
		{"loop", 5, 6, "one redirect more than 5"},
	}
	for _, tt := range tests {
		conn, err := dial.Dial(testContext(t), "ws://a.example/"+tt.resource, stream.Standard, append(opts, dial.Redirects(tt.n))...)
		if err == nil {
			conn.Abort()
		}
		if visits := s.visits(); len(visits) != tt.visits {
			t.Errorf("%s, %d redirects: %d requests, want %d", tt.resource, tt.n, len(visits), tt.visits)
		}
		var answer *dial.Error
		if tt.complaint == "" && err == nil || errors.As(err, &answer) && answer.StatusCode == 302 && strings.Contains(err.Error(), tt.complaint) {
			continue
		}
		t.Errorf("%s, %d redirects: error is %v, want an Error with %q", tt.resource, tt.n, err, tt.complaint)
	}
}

func TestRedirectThatIsNotFollowed(t *testing.T) {
	tests := []struct{ url, location, complaint string }{
		{"wss://a.example/", "ws://a.example/x", "from TLS"},
		{"wss://a.example/", "http://b.example/x", "from TLS"},
		{"ws://a.example/", "ftp://user:secret@a.example/x", `"ftp"`},
		{"ws://a.example/", "ws+unix:///run/s:/x", `"ws+unix"`},
		{"ws://a.example/", "file:///x", `"file"`},
		{"ws://a.example/", "http:x", "no host"},
		{"ws://a.example/", "//:80/", "no host"},
		{"ws://a.example/", "//user:secret@/", "no host"},
		{"ws://a.example/", "ws://a.example:0/", "not a port"},
		{"ws://a.example/", "ws://user:secret@a.example:x/", "malformed"},
		{"ws://a.example/", "%zz", "malformed"},
		{"ws://a.example/", "", "the status is not 101"},
	}
	for _, tt := range tests {
		s, opts := newSite(t, map[string]string{tt.url: tt.location})
		_, err := dial.Dial(testContext(t), tt.url, stream.Standard, append(opts, dial.Redirects(5))...)
		var answer *dial.Error
		if !errors.As(err, &answer) || answer.StatusCode != 302 || !strings.Contains(err.Error(), tt.complaint) || strings.Contains(err.Error(), "secret") {
			t.Errorf("to %q: error is %v, want an Error with %s", tt.location, err, tt.complaint)
		}
		if visits := s.visits(); len(visits) != 1 {
			t.Errorf("to %q: asked for %v", tt.location, visits)
		}
	}
}

func TestHostIsKeptOnTheServerItWasMeantFor(t *testing.T) {
	s, opts := newSite(t, map[string]string{"ws://virtual.example/": "x", "ws://virtual.example/x": "//a.example/"})
	opts = append(opts, dial.Header(http.Header{"Host": {"virtual.example"}}), dial.Redirects(2))
	conn, err := dial.Dial(testContext(t), "ws://a.example/", stream.Standard, opts...)
	if err != nil {
		t.Fatal(err)
	}
	conn.Abort()
	if diff := cmp.Diff([]string{"ws://virtual.example/", "ws://virtual.example/x", "ws://a.example/"}, s.urls()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRelativeRedirectStaysAtTheUNIXSocket(t *testing.T) {
	s, opts := newSite(t, map[string]string{"ws://localhost/a": "b?c"})
	path := filepath.Join(t.TempDir(), "s")
	front := &http.Server{Handler: s}
	ln := listenTo(t, "unix", path)
	var serving sync.WaitGroup
	serving.Go(func() { front.Serve(ln) })
	defer serving.Wait()
	defer front.Close()
	overUNIX := dial.NetDial(new(net.Dialer).DialContext)
	conn, err := dial.Dial(testContext(t), "ws+unix://"+path+":/a", stream.Standard, append(opts, dial.Redirects(1), overUNIX)...)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Abort()
	receiveHello(t, conn)
	if conn.Handshake().Resource != "/b?c" || conn.RemoteAddr().Network() != "unix" {
		t.Errorf("connected to %v, %s", conn.RemoteAddr(), conn.Handshake().Resource)
	}
}

func TestRedirectsAskForTheProxyAndTheCookiesAgain(t *testing.T) {
	s, opts := newSite(t, map[string]string{"ws://a.example/": "//b.example/", "ws://b.example/": "x"})
	var proxied []string
	opts = append(opts, dial.Redirects(2), dial.CookieJar(newJar(t)), dial.Proxy(func(r *http.Request) (*url.URL, error) {
		proxied = append(proxied, r.URL.String())
		return nil, nil
	}))
	conn, err := dial.Dial(testContext(t), "ws://a.example/", stream.Standard, opts...)
	if err != nil {
		t.Fatal(err)
	}
	conn.Abort()
	if diff := cmp.Diff([]string{"http://a.example/", "http://b.example/", "http://b.example/x"}, proxied); diff != "" {
		t.Errorf("proxies (-want +got):\n%s", diff)
	}
	want := []visit{{"ws://a.example/", "", ""}, {"ws://b.example/", "", ""}, {"ws://b.example/x", "", "seen=1"}}
	if diff := cmp.Diff(want, s.visits()); diff != "" {
		t.Errorf("visits (-want +got):\n%s", diff)
	}
}

func TestHandshakeDoesNotFollowRedirects(t *testing.T) {
	_, err := handshakeOver(t, answering(t, "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"), dial.Redirects(5))
	var answer *dial.Error
	if !errors.As(err, &answer) || answer.StatusCode != 302 {
		t.Errorf("error is %v, want an Error with status 302", err)
	}
}
