package dial_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/stream"
)

// through is the option for one proxy.
func through(via *url.URL) dial.Option { return dial.Proxy(http.ProxyURL(via)) }

func TestDialThroughProxy(t *testing.T) {
	cert, roots := wstest.Certificate(t, "127.0.0.1", "example.com")
	server := &tls.Config{Certificates: []tls.Certificate{cert}}
	client := dial.TLSConfig(&tls.Config{RootCAs: roots})
	user := url.UserPassword("Aladdin", "open sesame")
	const basic = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
	tests := []struct {
		scheme, url string
		user        *url.Userinfo
		want        asking
	}{
		{"http", "ws://example.com/", nil, asking{"example.com:80", ""}},
		{"http", "ws://example.com:81/", user, asking{"example.com:81", basic}},
		{"http", "wss://example.com/", user, asking{"example.com:443", basic}},
		{"http", "ws://[fe80::1%25eth0]:81/", nil, asking{"[fe80::1]:81", ""}},
		{"https", "ws://example.com/", nil, asking{"example.com:80", ""}},
		{"https", "wss://example.com/", user, asking{"example.com:443", basic}},
		{"socks5", "ws://example.com/", nil, asking{"example.com:80", ""}},
		{"socks5", "wss://example.com/", user, asking{"example.com:443", "Aladdin:open sesame"}},
		{"socks5", "ws://192.0.2.1:81/", user, asking{"192.0.2.1:81", "Aladdin:open sesame"}},
		{"socks5h", "ws://example.com/", user, asking{"example.com:80", "Aladdin:open sesame"}},
		{"socks5h", "ws://[fe80::1%25eth0]:81/", nil, asking{"[fe80::1]:81", ""}},
	}
	for _, tt := range tests {
		t.Run(tt.scheme+" "+tt.url, func(t *testing.T) {
			ln := listenTo(t, "tcp", "127.0.0.1:0")
			secure := strings.HasPrefix(tt.url, "wss")
			if secure {
				ln = tls.NewListener(ln, server)
			}
			serve(t, ln, helloFrame)
			var p *proxyServer
			switch tt.scheme {
			case "http":
				p = startProxy(t, nil, ln.Addr().String(), (*proxyServer).http)
			case "https":
				p = startProxy(t, server, ln.Addr().String(), (*proxyServer).http)
			default:
				p = startProxy(t, nil, ln.Addr().String(), (*proxyServer).socks)
				if tt.user != nil {
					p.user = tt.user.Username()
					p.password, _ = tt.user.Password()
				}
			}
			conn, err := dial.Dial(testContext(t), tt.url, stream.Standard, through(p.url(tt.scheme, tt.user)), client)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Abort()
			receiveHello(t, conn)
			if diff := cmp.Diff([]asking{tt.want}, p.askedFor()); diff != "" {
				t.Errorf("asked for (-want +got):\n%s", diff)
			}
			if got := conn.RemoteAddr().String(); got != p.ln.Addr().String() {
				t.Errorf("the remote address is %s, want that of the proxy", got)
			}
			if state := conn.TLS(); (state != nil) != secure || secure && state.ServerName != "example.com" {
				t.Errorf("state of TLS is %+v", state)
			}
		})
	}
}

// child is set in the environment of a process that runs one test on its own: net/http reads HTTP_PROXY only once.
const child = "WEBSOCKET_TEST_CHILD"

func TestProxyOfTheEnvironmentIsTheDefault(t *testing.T) {
	if os.Getenv(child) != "" {
		conn, err := dial.Dial(testContext(t), "ws://example.com/", stream.Standard)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Abort()
		receiveHello(t, conn)
		if got := askFor(t, "ws://example.com/", dial.Proxy(nil)); got.Address != "example.com:80" {
			t.Errorf("without a proxy, %s was dialled", got.Address)
		}
		return
	}
	ln := listenTo(t, "tcp", "127.0.0.1:0")
	serve(t, ln, helloFrame)
	p := startProxy(t, nil, ln.Addr().String(), (*proxyServer).http)
	cmd := exec.CommandContext(testContext(t), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), child+"=1", "HTTP_PROXY="+p.ln.Addr().String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if diff := cmp.Diff([]asking{{"example.com:80", ""}}, p.askedFor()); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
}

func TestProxyIsChosenByAnHTTPRequest(t *testing.T) {
	tests := []struct{ url, want string }{
		{"ws://user:secret@example.com/a?b", "http://example.com/a?b"},
		{"wss://example.com:81/%2F", "https://example.com:81/%2F"},
		{"http://example.com:80", "http://example.com/"},
		{"https://[::1]/", "https://[::1]/"},
	}
	for _, tt := range tests {
		ctx, cancel := context.WithCancelCause(testContext(t))
		cause := errors.New("no proxy today")
		var got, key string
		_, err := dial.Dial(ctx, tt.url, stream.Standard, noDial(t), dial.Header(http.Header{"X-Key": {"a"}}),
			dial.Proxy(func(r *http.Request) (*url.URL, error) {
				got, key = r.URL.String(), r.Header.Get("X-Key")
				cancel(cause)
				<-r.Context().Done()
				return nil, errors.New("later")
			}))
		if got != tt.want || key != "a" {
			t.Errorf("%s: the request is for %s with the key %q, want %s", tt.url, got, key, tt.want)
		}
		if !errors.Is(err, cause) || !strings.HasPrefix(err.Error(), "dial: choosing the proxy: ") {
			t.Errorf("%s: error is %v", tt.url, err)
		}
	}
}

func TestUNIXSocketHasNoProxy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	serve(t, listenTo(t, "unix", path), helloFrame)
	conn, err := dial.Dial(testContext(t), "ws+unix://"+path, stream.Standard, dial.Proxy(func(*http.Request) (*url.URL, error) {
		t.Error("a proxy was asked for")
		return nil, nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Abort()
	receiveHello(t, conn)
}

func TestImpossibleProxyIsRefusedBeforeAnythingIsDialled(t *testing.T) {
	none := errors.New("none left")
	tests := []struct {
		url       string
		err       error
		complaint string
	}{
		{"ftp://user:secret@127.0.0.1", nil, `"ftp"`},
		{"socks4://127.0.0.1", nil, `"socks4"`},
		{"//127.0.0.1", nil, `""`},
		{"http://user:secret@/", nil, "no host"},
		{"http://127.0.0.1", none, "none left"},
	}
	for _, tt := range tests {
		_, err := dial.Dial(testContext(t), "ws://example.com/", stream.Standard, noDial(t), dial.Proxy(func(*http.Request) (*url.URL, error) {
			u, _ := url.Parse(tt.url)
			return u, tt.err
		}))
		if err == nil || !strings.HasPrefix(err.Error(), "dial: choosing the proxy: ") || !strings.Contains(err.Error(), tt.complaint) ||
			strings.Contains(err.Error(), "secret") || tt.err != nil && !errors.Is(err, tt.err) {
			t.Errorf("%s: error is %v, want one with %s", tt.url, err, tt.complaint)
		}
	}
}

func TestPortOfTheProxy(t *testing.T) {
	tests := []struct{ url, want string }{
		{"http://proxy", "proxy:80"},
		{"https://proxy", "proxy:443"},
		{"socks5://proxy", "proxy:1080"},
		{"socks5h://[::1]", "[::1]:1080"},
		{"http://proxy:3128", "proxy:3128"},
	}
	for _, tt := range tests {
		via, err := url.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		var network, address string
		_, err = dial.Dial(testContext(t), "ws://example.com/", stream.Standard, through(via), netDial(nil, &network, &address))
		if err == nil || !strings.HasPrefix(err.Error(), "dial: connecting to the proxy "+tt.want) || network != "tcp" || address != tt.want {
			t.Errorf("%s: %s %s was dialled, error is %v", tt.url, network, address, err)
		}
	}
}

func TestAnswerOfTheProxyIsAnError(t *testing.T) {
	p := startProxy(t, nil, "", (*proxyServer).http)
	p.reply = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 3\r\n\r\nwho are you?"
	_, err := dial.Dial(testContext(t), "ws://example.com/", stream.Standard, through(p.url("http", url.UserPassword("user", "secret"))))
	var answer *dial.Error
	if !errors.As(err, &answer) {
		t.Fatalf("error is %v, want an Error", err)
	}
	if !answer.Proxy || answer.StatusCode != 407 || answer.Header.Get("Proxy-Authenticate") != "Basic" || string(answer.Body) != "who" {
		t.Errorf("the answer is %+v", answer)
	}
	const text = "dial: the proxy answered 407 Proxy Authentication Required: it has not connected to example.com:80; it says \"who\""
	if err.Error() != text {
		t.Errorf("error is %v, want %s", err, text)
	}
}

func TestAnswerOfTheServerIsNotTheProxys(t *testing.T) {
	server := startProxy(t, nil, "", func(_ *proxyServer, conn net.Conn) error {
		conn.Read(make([]byte, 4096))
		_, err := io.WriteString(conn, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
		return err
	})
	p := startProxy(t, nil, server.ln.Addr().String(), (*proxyServer).http)
	_, err := dial.Dial(testContext(t), "ws://example.com/", stream.Standard, through(p.url("http", nil)))
	var answer *dial.Error
	if !errors.As(err, &answer) || answer.Proxy || answer.StatusCode != 403 {
		t.Errorf("error is %v, want an Error that is not of the proxy", err)
	}
}

func TestProxyThatRefusesIsAnError(t *testing.T) {
	long := "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n"
	tests := []struct {
		name, scheme, reply string
		code                byte
		user                *url.Userinfo
		complaint           string
	}{
		{"101", "http", "HTTP/1.1 101 Switching Protocols\r\n\r\n", 0, nil, "proxy answered 101"},
		{"302", "http", "HTTP/1.1 302 Found\r\nLocation: ws://example.com/\r\nContent-Length: 0\r\n\r\n", 0, nil, "proxy answered 302"},
		{"not HTTP", "http", "SSH-2.0-OpenSSH_9.9\r\n\r\n", 0, nil, "the proxy's response: malformed"},
		{"long head", "http", long, 0, nil, "the proxy's response: its head is longer than 65536 bytes"},
		{"many fields", "http", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 129) + "\r\n", 0, nil, "the proxy's response: its head has more than 128 fields"},
		{"not allowed", "socks5", "", 2, url.UserPassword("user", "secret"), "not allowed"},
		{"refused", "socks5", "", 5, url.UserPassword("user", "secret"), "connection refused"},
		{"wrong password", "socks5", "", 0, url.UserPassword("user", "wrong"), "authentication"},
		{"no password", "socks5", "", 0, nil, "authentication"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			speak := (*proxyServer).http
			if tt.scheme == "socks5" {
				speak = (*proxyServer).socks
			}
			p := startProxy(t, nil, "", speak)
			p.reply, p.code, p.user, p.password = tt.reply, tt.code, "user", "secret"
			_, err := dial.Dial(testContext(t), "ws://example.com/", stream.Standard, through(p.url(tt.scheme, tt.user)))
			if err == nil || !strings.HasPrefix(err.Error(), "dial: ") || !strings.Contains(err.Error(), "the proxy") ||
				!strings.Contains(err.Error(), tt.complaint) || strings.Contains(err.Error(), "secret") {
				t.Errorf("error is %v, want one with %q", err, tt.complaint)
			}
		})
	}
}

func TestBytesBehindTheProxysResponseAreKept(t *testing.T) {
	interim := "HTTP/1.1 103 Early Hints\r\n\r\n" // the first that the server says, half of it at once with the proxy
	for _, half := range []int{0, 1, len(interim)} {
		server := startProxy(t, nil, "", func(_ *proxyServer, conn net.Conn) error {
			_, err := io.WriteString(conn, interim[half:]+"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
			io.Copy(io.Discard, conn)
			return err
		})
		p := startProxy(t, nil, server.ln.Addr().String(), (*proxyServer).http)
		p.reply = "+" + interim[:half]
		_, err := dial.Dial(testContext(t), "ws://example.com/", stream.Standard, through(p.url("http", nil)))
		var answer *dial.Error
		if !errors.As(err, &answer) || answer.StatusCode != 403 {
			t.Errorf("error is %v, want the server's 403", err)
		}
	}
}

func TestProxyThatBreaksOffIsUnexpected(t *testing.T) {
	for scheme, answer := range map[string]string{
		"http":   "HTTP/1.1 200 OK\r\n\r\n",
		"socks5": "\x05\x00\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50",
	} {
		for n := range len(answer) {
			p := startProxy(t, nil, "", func(_ *proxyServer, conn net.Conn) error {
				conn.Read(make([]byte, 4096))
				if _, err := io.WriteString(conn, answer[:n]); err != nil {
					return err
				}
				err := conn.(*net.TCPConn).CloseWrite()
				io.Copy(io.Discard, conn)
				return err
			})
			_, err := dial.Dial(testContext(t), "ws://example.com/", stream.Standard, through(p.url(scheme, nil)))
			if !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || !strings.Contains(err.Error(), "proxy") {
				t.Errorf("%s, cut at %d: error is %v, want io.ErrUnexpectedEOF", scheme, n, err)
			}
		}
	}
}

func TestConnectTimeoutBoundsTheProxy(t *testing.T) {
	for _, scheme := range []string{"http", "https", "socks5"} {
		ln := listenTo(t, "tcp", "127.0.0.1:0") // nobody accepts
		defer ln.Close()
		via := &url.URL{Scheme: scheme, Host: ln.Addr().String()}
		_, err := dial.Dial(testContext(t), "ws://example.com/", stream.Standard, through(via), dial.ConnectTimeout(50*time.Millisecond))
		if !errors.Is(err, context.DeadlineExceeded) || !isTimeout(err) || !strings.Contains(err.Error(), "proxy") {
			t.Errorf("%s: error is %v, want one that matches context.DeadlineExceeded", scheme, err)
		}
	}
}

func TestCertificateOfTheProxyIsVerified(t *testing.T) {
	theirs, theirRoots := wstest.Certificate(t, "127.0.0.1")
	others, otherRoots := wstest.Certificate(t, "example.com")
	tests := []struct {
		name string
		cert tls.Certificate
		opts []dial.Option
		ok   bool
	}{
		{"no root", theirs, nil, false},
		{"other host", others, []dial.Option{dial.TLSConfig(&tls.Config{RootCAs: otherRoots, ServerName: "example.com"})}, false},
		{"right", theirs, []dial.Option{dial.TLSConfig(&tls.Config{RootCAs: theirRoots, ServerName: "example.com"})}, true},
	}
	for _, tt := range tests {
		p := startProxy(t, &tls.Config{Certificates: []tls.Certificate{tt.cert}}, "", (*proxyServer).http)
		p.reply = "HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n"
		_, err := dial.Dial(testContext(t), "wss://example.com/", stream.Standard, append(tt.opts, through(p.url("https", nil)))...)
		want := "dial: TLS handshake with the proxy "
		if tt.ok {
			want = "dial: the proxy answered 502"
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: error is %v, want %s", tt.name, err, want)
		}
	}
}
