package dial_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// dialHTTP2 connects to the server.
func dialHTTP2(t testing.TB, server *http2Server, opts ...dial.Option) *stream.Conn[*stream.Reader] {
	t.Helper()
	conn, err := dial.Dial(testContext(t), server.url, stream.Standard, append(opts, dial.HTTP2(server.transport))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Abort() })
	return conn
}

// requestOf returns the fields of the request that opts make of url, whose host stands for that of the server: the
// pseudo-headers as they came, and behind them the others, sorted.
func requestOf(t *testing.T, secure bool, target string, opts ...dial.Option) []string {
	var list []string
	server := startHTTP2(t, secure, func(s *http2Stream) {
		for _, f := range s.fields {
			list = append(list, strings.ReplaceAll(f.Name+": "+f.Value, s.link.LocalAddr().String(), "HOST"))
		}
		s.respond("403")
		s.Close()
	}, announced)
	u, err := url.Parse(server.url)
	if err != nil {
		t.Fatal(err)
	}
	target = strings.Replace(target, "HOST", u.Host, 1)
	var answer *dial.Error
	if _, err = dial.Dial(testContext(t), target, stream.Standard, append(opts, dial.HTTP2(server.transport))...); !errors.As(err, &answer) {
		t.Fatal(err)
	}
	plain := slices.IndexFunc(list, func(f string) bool { return f[0] != ':' })
	slices.Sort(list[:plain])
	slices.Sort(list[plain:])
	return list
}

// This is where a release of net/http is noticed that has no place any more to set :protocol.
func TestHTTP2RequestIsAnExtendedCONNECT(t *testing.T) {
	u := &url.URL{Scheme: "http", Host: "a.example", Path: "/"}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	jar.SetCookies(u, []*http.Cookie{{Name: "a", Value: "b"}})
	tests := []struct {
		secure bool
		url    string
		opts   []dial.Option
		want   []string
	}{
		{true, "wss://HOST", nil, []string{
			":authority: HOST", ":method: CONNECT", ":path: /", ":protocol: websocket", ":scheme: https",
			"accept-encoding: identity", "sec-websocket-version: 13",
		}},
		{false, "ws://user:pw@HOST//x/%2f?q=%20 y", []dial.Option{
			dial.Subprotocols("a", "b"), stream.Compression(stream.CompressionConfig{}), dial.CookieJar(jar),
			dial.Header(http.Header{"Host": {"a.example"}, "Origin": {"https://x"}, "User-Agent": {"me"}, "Cookie": {"c=d"}, "Accept-Encoding": {"br"}}),
		}, []string{
			":authority: a.example", ":method: CONNECT", ":path: //x/%2f?q=%20%20y", ":protocol: websocket", ":scheme: http",
			"accept-encoding: br", "authorization: Basic dXNlcjpwdw==", "cookie: a=b", "cookie: c=d", "origin: https://x",
			"sec-websocket-extensions: " + offer(t), "sec-websocket-protocol: a, b", "sec-websocket-version: 13", "user-agent: me",
		}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, requestOf(t, tt.secure, tt.url, tt.opts...)); diff != "" {
			t.Errorf("%s:\n%s", tt.url, diff)
		}
	}
}

// offer returns what is offered for compression over HTTP/1.1.
func offer(t *testing.T) (extensions string) {
	conn := peer(t, func(_ net.Conn, r *http.Request) { extensions = r.Header.Get("Sec-Websocket-Extensions") })
	handshakeOver(t, conn, stream.Compression(stream.CompressionConfig{}))
	return extensions
}

func TestMessagesGoOverHTTP2(t *testing.T) {
	overHTTP2(t, func(t *testing.T, secure bool) {
		server := startHTTP2(t, secure, func(s *http2Stream) {
			p := s.peer("sec-websocket-protocol", "b", "x-server", "y")
			p.SendFrame(true, opcode.Text, "hello")
			p.Want(true, opcode.Text, "you")
			p.SendClose(1000, "bye")
			p.WantClose(1000)
			s.Close()
			if ends := s.waitForEnds(1); ends[0] != io.EOF || len(ends) != 1 {
				t.Errorf("the client has ended the stream with %v", ends)
			}
		}, announced)
		conn := dialHTTP2(t, server, dial.Subprotocols("a", "b"))
		if hs := conn.Handshake(); hs.Subprotocol != "b" || hs.Header.Get("X-Server") != "y" || hs.Resource != "/" || (hs.TLS != nil) != secure {
			t.Errorf("the handshake is %+v", hs)
		}
		if got, want := conn.RemoteAddr().String(), server.address(); got != want {
			t.Errorf("the peer is %s, want %s", got, want)
		}
		if _, ok := conn.LocalAddr().(*net.TCPAddr); !ok {
			t.Errorf("the address is %v", conn.LocalAddr())
		}
		ctx := testContext(t)
		if msg, err := conn.Receive(ctx); err != nil {
			t.Error(err)
		} else if text, err := msg.Text(); text != "hello" || err != nil {
			t.Errorf("received %q, %v", text, err)
		}
		if err := conn.WriteText(ctx, "you"); err != nil {
			t.Error(err)
		}
		if _, err := conn.Receive(ctx); stream.CloseCode(err) != 1000 {
			t.Errorf("the end is %v", err)
		}
		if err := conn.Shutdown(ctx, 1000, ""); err != nil {
			t.Error(err)
		}
	})
}

func TestManyBytesGoOverHTTP2(t *testing.T) {
	overHTTP2(t, func(t *testing.T, secure bool) {
		const size = 3 << 20 // many times the server's window, and less than the client's
		data := bytes.Repeat([]byte("0123456789abcdef!"), size/17+1)[:size]
		server := startHTTP2(t, secure, func(s *http2Stream) {
			p := s.peer()
			if f, _, err := p.Receive(); err != nil || sha256.Sum256([]byte(f.Payload)) != sha256.Sum256(data) {
				t.Errorf("%d bytes came, %v", len(f.Payload), err)
			}
			p.SendFrame(true, opcode.Binary, string(data))
			<-s.ended
		}, announced)
		conn := dialHTTP2(t, server)
		if err := conn.WriteBinary(testContext(t), data); err != nil {
			t.Fatal(err)
		}
		msg, err := conn.Receive(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := msg.Bytes(); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes came back, %v", len(got), err)
		}
	})
}

// Requests and WebSockets share a connection, also while it is being made: whichever of them is the first one on it.
func TestWebSocketsShareAConnection(t *testing.T) {
	overHTTP2(t, func(t *testing.T, secure bool) {
		const n = 20
		server := startHTTP2(t, secure, func(s *http2Stream) {
			if s.field(":method") == "GET" {
				s.respondWith(http2EndStream, "204")
				return
			}
			if s.field(":protocol") != "websocket" {
				t.Errorf("a request is %v", s.fields)
			}
			s.peer().SendFrame(true, opcode.Text, s.field("x-number"))
			<-s.ended
		}, announced)
		conn := dialHTTP2(t, server) // so that the connection is there
		conn.Abort()
		var all sync.WaitGroup
		for i := range n {
			number := fmt.Sprint(i)
			all.Go(func() {
				conn, err := dial.Dial(testContext(t), server.url, stream.Simple, dial.HTTP2(server.transport), dial.Header(http.Header{"X-Number": {number}}))
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Abort()
				if msg, err := conn.Receive(testContext(t)); err != nil || msg.String() != number {
					t.Errorf("received %v, %v", msg, err)
				}
			})
			all.Go(func() { server.get(t) })
		}
		all.Wait()
		server.wantOneConnection(t)
	})
}

// address returns the address of the server.
func (s *http2Server) address() string {
	u, _ := url.Parse(s.url)
	return u.Host
}

// get sends a request through the transport.
func (s *http2Server) get(t *testing.T) {
	client := &http.Client{Transport: s.transport}
	response, err := client.Get("http" + strings.TrimPrefix(s.url, "ws"))
	if err != nil {
		t.Error(err)
		return
	}
	response.Body.Close()
}

// The transport goes on connecting for a request that was given up, and believes to have told of the connection.
func TestWebSocketTakesTheConnectionOfARequestThatWasGivenUp(t *testing.T) {
	server := startHTTP2(t, true, func(s *http2Stream) {
		s.peer()
		<-s.ended
	}, announced)
	ctx, giveUp := context.WithCancel(testContext(t))
	dialled := make(chan struct{})
	server.transport.DialContext = func(_ context.Context, network, address string) (net.Conn, error) {
		giveUp()
		<-dialled
		return new(net.Dialer).DialContext(testContext(t), network, address)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http"+strings.TrimPrefix(server.url, "ws"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.transport.RoundTrip(request); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	close(dialled)
	for server.settled.Load() == 0 {
		runtime.Gosched()
	}
	dialHTTP2(t, server)
}

func TestHTTP2GoesThroughTheProxyOfTheTransport(t *testing.T) {
	server := startHTTP2(t, true, func(s *http2Stream) {
		s.peer().SendFrame(true, opcode.Text, "hello")
		<-s.ended
	}, announced)
	p := startProxy(t, nil, server.address(), (*proxyServer).http)
	server.transport.Proxy = http.ProxyURL(p.url("http", nil))
	conn := dialHTTP2(t, server)
	if _, err := conn.Receive(testContext(t)); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]asking{{Authority: server.address()}}, p.askedFor()); diff != "" {
		t.Error(diff)
	}
	conn.Abort()
	server.disconnect() // the proxy waits for that
}

func TestTheTransportSeesTheValuesOfTheContext(t *testing.T) {
	type key struct{}
	server := startHTTP2(t, false, func(s *http2Stream) {
		s.peer()
		<-s.ended
	}, announced)
	var value any
	server.transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		value = ctx.Value(key{})
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	traced := false
	ctx := context.WithValue(testContext(t), key{}, "v")
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { traced = true }})
	conn, err := dial.Dial(ctx, server.url, stream.Standard, dial.HTTP2(server.transport))
	if err != nil {
		t.Fatal(err)
	}
	conn.Abort()
	if value != "v" || !traced {
		t.Errorf("the value is %v, traced: %v", value, traced)
	}
}

// The transport has to know the zone of an address, which is of no concern to the server.
func TestTheZoneOfAnAddressIsForTheTransportAlone(t *testing.T) {
	hosts := make(chan string, 1)
	server := startHTTP2(t, false, func(s *http2Stream) {
		hosts <- s.field(":authority")
		s.respondWith(http2EndStream, "403")
	}, announced)
	addresses := make(chan string, 1)
	server.transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		addresses <- address
		return new(net.Dialer).DialContext(ctx, network, server.address())
	}
	_, err := dial.Dial(testContext(t), "ws://[fe80::1%25eth0]:81/", stream.Standard, dial.HTTP2(server.transport))
	if got := <-addresses; got != "[fe80::1%eth0]:81" {
		t.Errorf("the address is %q", got)
	}
	var answer *dial.Error
	if !errors.As(err, &answer) || answer.StatusCode != http.StatusForbidden {
		t.Fatal(err)
	}
	if host := <-hosts; host != "[fe80::1]:81" {
		t.Errorf("the host is %q", host)
	}
}
