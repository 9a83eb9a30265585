package listen_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// A wrappingListener wraps its connections, which are no sockets then: the HTTP server reads all requests.
type wrappingListener struct{ net.Listener }

func (l wrappingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return wrappedConn{conn}, nil
}

type wrappedConn struct{ net.Conn }

func (c wrappedConn) CloseWrite() error { return c.Conn.(*net.TCPConn).CloseWrite() }

// exchanged is what comes of a request.
type exchanged struct {
	Response string   // without its date
	Messages int      // that were received
	Errors   []string // of requests, that OnError hears
}

// half is a request without its end.
const half = proper

// exchange sends a request to a Listener on top of what wrap makes of ln.
func exchange(t *testing.T, request string, wrap func(net.Listener) net.Listener) (got exchanged) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := listen.NewListener(wrap(ln), stream.Lite, listen.MaxHeader(1000), listen.OnError(func(r *http.Request, err error) {
		if r != nil { // what it hears of else may come before Close or not
			_, port, _ := net.SplitHostPort(r.RemoteAddr)
			_, server := r.Context().Value(http.ServerContextKey).(*http.Server)
			local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
			got.Errors = append(got.Errors, fmt.Sprintf("%v, of %s, whose port is known: %v; a server: %v; its address: %v",
				err, r.Host, port != "", server, local != nil && local.String() == ln.Addr().String()))
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	var accepted sync.WaitGroup
	accepted.Go(func() {
		c, err := l.Accept(testContext(t))
		if err != nil {
			return
		}
		for range strings.Count(request, helloFrame) {
			m, err := c.Receive(testContext(t))
			if string(m.Data) != "hello" || err != nil {
				t.Errorf("Receive: %q, %v", m.Data, err)
				break
			}
			got.Messages++
		}
		c.Close()
	})
	c := connect(t, l.Addr(), request)
	if request == half || request == "" {
		c.Conn.(*net.TCPConn).CloseWrite()
	}
	p, err := io.ReadAll(c.r)
	if err != nil {
		t.Errorf("reading the response: %v", err)
	}
	for line := range strings.Lines(string(p)) {
		if !strings.HasPrefix(line, "Date:") {
			got.Response += line
		}
	}
	l.Close() // no function is called behind it
	accepted.Wait()
	return got
}

// Requests that come as a whole to a socket may be answered before the HTTP server sees them, which no client can tell.
func TestARequestIsAnsweredAsTheHTTPServerDoes(t *testing.T) {
	const fields = upgrade + connection + key + version
	for name, request := range map[string]string{
		"proper":                                 proper + "\r\n",
		"with a message behind it":               proper + "\r\n" + helloFrame,
		"with much behind it":                    proper + "\r\n" + strings.Repeat(helloFrame, 3000),
		"with a query, and fields of its own":    "GET /a?b=%20c HTTP/1.1\r\n" + host + "x-own: 1\r\nX-OWN:\t2 \r\n" + fields + "\r\n",
		"with a field in two lines":              proper + "X-Own: 1\r\n 2\r\n\r\n",
		"half":                                   half,
		"nothing":                                "",
		"lines end with a line feed alone":       strings.ReplaceAll(proper, "\r\n", "\n") + "\n",
		"a line feed alone":                      proper + "X-Own: 1\n\r\n",
		"two line feeds in the middle":           requestLine + host + "\n\n" + fields + "\r\n",
		"a carriage return alone":                proper + "X-Own: 1\r2\r\n\r\n",
		"Latin-1":                                proper + "X-Own: \xe4\r\n\r\n",
		"a control character":                    proper + "X-Own: \x01\r\n\r\n",
		"a DEL":                                  proper + "X-Own: \x7f\r\n\r\n",
		"a control character behind a tab":       proper + "X-Own: 1\t\x1f\r\n\r\n",
		"a control character in a second line":   proper + "X-Own: 1\r\n\t\x1f\r\n\r\n",
		"a control character in the path":        "GET /\x01 HTTP/1.1\r\n" + host + fields + "\r\n",
		"Latin-1 in the path":                    "GET /\xe4 HTTP/1.1\r\n" + host + fields + "\r\n",
		"a NUL":                                  proper + "X-Own: \x00\r\n\r\n",
		"a name that is no token":                proper + "X(Own): 1\r\n\r\n",
		"a space before the colon":               proper + "X-Own : 1\r\n\r\n",
		"no colon":                               proper + "X-Own\r\n\r\n",
		"an absolute URI":                        "GET http://other.example/a HTTP/1.1\r\n" + host + fields + "\r\n",
		"an absolute URI with much behind it":    "GET http://example.com/a HTTP/1.1\r\n" + host + fields + "\r\n" + strings.Repeat(helloFrame, 3000),
		"line feeds alone with much behind it":   strings.ReplaceAll(proper, "\r\n", "\n") + "\n" + strings.Repeat(helloFrame, 3000),
		"an asterisk":                            "OPTIONS * HTTP/1.1\r\n" + host + fields + "\r\n",
		"a malformed URI":                        "GET /%zz HTTP/1.1\r\n" + host + fields + "\r\n",
		"no host":                                requestLine + fields + "\r\n",
		"an empty host":                          requestLine + "Host:\r\n" + fields + "\r\n",
		"two hosts":                              requestLine + host + "Host: other.example\r\n" + fields + "\r\n",
		"a malformed host":                       requestLine + "Host: a b\r\n" + fields + "\r\n",
		"an unusual host":                        requestLine + "Host: a!b\r\n" + fields + "\r\n",
		"an IPv6 address":                        requestLine + "Host: [::1]:80\r\n" + fields + "\r\n",
		"HTTP/1.0":                               "GET /a HTTP/1.0\r\n" + host + fields + "\r\n",
		"HTTP/1.2":                               "GET /a HTTP/1.2\r\n" + host + fields + "\r\n",
		"HTTP/2":                                 "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"no HTTP":                                "hello\r\n\r\n",
		"POST":                                   "POST /a HTTP/1.1\r\n" + host + fields + "Content-Length: 3\r\n\r\nabc",
		"HEAD":                                   "HEAD /a HTTP/1.1\r\n" + host + fields + "\r\n",
		"a body":                                 proper + "Content-Length: 3\r\n\r\nabc",
		"an empty body":                          proper + "Content-Length: 0\r\n\r\n",
		"two lengths":                            proper + "Content-Length: 0\r\nContent-Length: 3\r\n\r\nabc",
		"a chunked body":                         proper + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"an unknown encoding":                    proper + "Transfer-Encoding: x\r\n\r\n",
		"an expectation":                         proper + "Expect: 100-continue\r\n\r\n",
		"another expectation":                    proper + "Expect: x\r\n\r\n",
		"no upgrade":                             requestLine + host + "\r\n",
		"another version":                        requestLine + host + upgrade + connection + key + "Sec-WebSocket-Version: 12\r\n\r\n",
		"a foreign origin":                       proper + "Origin: https://other.example\r\n\r\n",
		"the same origin":                        proper + "Origin: https://example.com\r\n\r\n",
		"a head that is too long":                proper + "X-Own: " + strings.Repeat("x", 1000) + "\r\n\r\n",
		"a head that is much too long":           proper + "X-Own: " + strings.Repeat("x", 100_000) + "\r\n\r\n",
		"another request behind one that fails":  requestLine + host + "\r\n" + proper + "\r\n",
		"a refused one with a message behind it": requestLine + host + upgrade + "\r\n" + helloFrame,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := exchange(t, request, func(ln net.Listener) net.Listener { return wrappingListener{ln} })
			got := exchange(t, request, func(ln net.Listener) net.Listener { return ln })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("not as the HTTP server answers:\n%s", diff)
			}
		})
	}
}

// A request that was kept holds on to nothing that waits for its end.
func TestTheContextOfARequestEndsWithIt(t *testing.T) {
	refused := make(chan *http.Request, 1)
	l, err := listen.Listen("tcp", "127.0.0.1:0", stream.Lite, listen.OnError(func(r *http.Request, _ error) {
		if err := r.Context().Err(); err != nil {
			t.Errorf("in the middle of the request: %v", err)
		}
		refused <- r
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	connect(t, l.Addr(), requestLine+host+"\r\n")
	select {
	case <-(<-refused).Context().Done():
	case <-testContext(t).Done():
		t.Error("the context goes on")
	}
}
