package dial_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

// A scriptedConn keeps what is sent, and has a response to be read.
type scriptedConn struct {
	net.Conn         // nil
	network, address string
	sent             bytes.Buffer
	response         io.Reader
}

func (c *scriptedConn) Write(p []byte) (int, error)      { return c.sent.Write(p) }
func (c *scriptedConn) Read(p []byte) (int, error)       { return c.response.Read(p) }
func (c *scriptedConn) Close() error                     { return nil }
func (c *scriptedConn) SetDeadline(time.Time) error      { return nil }
func (c *scriptedConn) SetReadDeadline(time.Time) error  { return nil }
func (c *scriptedConn) SetWriteDeadline(time.Time) error { return nil }

// visits dials url, where a server redirects to location, and returns the connections that were made.
func visits(t *testing.T, url, location string) (conns []*scriptedConn, err error) {
	responses := []string{"HTTP/1.1 302 Found\r\nLocation: " + location + "\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"}
	_, err = dial.Dial(t.Context(), url, stream.Standard, dial.Redirects(1), dial.ConnectTimeout(10*time.Second),
		dial.NetDial(func(_ context.Context, network, address string) (net.Conn, error) {
			c := &scriptedConn{network: network, address: address, response: strings.NewReader(responses[len(conns)])}
			conns = append(conns, c)
			return c, nil
		}))
	return conns, err
}

// Whatever the URL, and wherever the server redirects to, the client connects to what can be a server, and sends it one
// proper request, or says what is wrong with the URL, but not which password it had.
func FuzzTarget(f *testing.F) {
	for _, s := range []string{
		"ws://example.com", "http://example.com:80/a?b=c", "wss://example.com:444/", "ws://[fe80::1%25eth0]:8080/", "ws://example.com/a b/é?f g=é",
		"ws://Aladdin:open%20sesame@example.com/", "ws+unix:///run/a%3Ab%20c:/d%20e?f", "wss+unix:///run/app.sock:/a", "ws://example.com/#a",
		"ws:example.com", "ws://a%0d%0ab/", "/b?c#d", "//u:p@example.net:1/", "../x", "?q", "ws+unix:///run/app.sock:/", "http:/a", "", "ws://example.com/%zz", "ws:///x@example.com/",
	} {
		f.Add(s, "/b")
		f.Add("ws://user:pw@example.com/a/", s)
		f.Add("ws+unix:///run/app.sock:/a/", s)
	}
	f.Fuzz(func(t *testing.T, raw, location string) {
		conns, err := visits(t, raw, location)
		if err == nil || isTimeout(err) {
			t.Errorf("error is %v", err)
		}
		var refused *stream.ArgumentError
		if errors.As(err, &refused) != (len(conns) == 0) {
			t.Errorf("%d connections, %v", len(conns), err)
		}
		if scheme, rest, ok := strings.Cut(raw, "://"); ok {
			user := "://user:SECRET@"
			if strings.Contains(rest, "@") {
				user = "://user:SECRET" // and more
			}
			if _, err := visits(t, scheme+user+rest, "/"); strings.Contains(err.Error(), "SECRET") {
				t.Errorf("the password is given away: %v", err)
			}
		}
		for _, c := range conns {
			scheme, _, _ := strings.Cut(strings.ToLower(raw), ":")
			checkAddress(t, c.network, c.address, strings.HasSuffix(scheme, "+unix") && c.address == conns[0].address)
			if sent := c.sent.Bytes(); len(sent) > 0 && sent[0] == 'G' { // not TLS
				checkRequest(t, c)
			}
		}
	})
}

func checkAddress(t *testing.T, network, address string, mayBeUNIX bool) {
	t.Helper()
	switch network {
	case "tcp":
		host, port, err := net.SplitHostPort(address)
		if n, _ := strconv.ParseUint(port, 10, 16); err != nil || host == "" || n == 0 {
			t.Errorf("connects to %q", address)
		}
	case "unix":
		if !mayBeUNIX || strings.Trim(address, "/") == "" || strings.Contains(address, "\x00") {
			t.Errorf("connects to the socket %q", address)
		}
	default:
		t.Errorf("connects to %q over %q", address, network)
	}
}

// checkRequest checks what was sent to c: its fields are those that the client has set, and those that name the target
// make a URL that leads there again.
func checkRequest(t *testing.T, c *scriptedConn) {
	t.Helper()
	sent := c.sent.String()
	b := bufio.NewReader(&c.sent)
	r, err := http.ReadRequest(b)
	if err != nil || b.Buffered() > 0 {
		t.Fatalf("sent %q: %v, and %d bytes behind it", sent, err, b.Buffered())
	}
	delete(r.Header, "Authorization") // see FuzzRedirectForgetsTheUser
	fields := slices.Sorted(maps.Keys(r.Header))
	if got := strings.Join(fields, " "); got != "Connection Sec-Websocket-Key Sec-Websocket-Version Upgrade" || r.Method != "GET" || r.Proto != "HTTP/1.1" {
		t.Errorf("sent %q", sent)
	}
	if r.Host == "" || !strings.HasPrefix(r.RequestURI, "/") {
		t.Errorf("asked %q for %q", r.Host, r.RequestURI)
	}
	if c.network != "tcp" {
		return
	}
	again, err := visits(t, "ws://"+r.Host+r.RequestURI, "")
	if len(again) != 1 {
		t.Fatalf("%q, %q: %v", r.Host, r.RequestURI, err)
	}
	r2, err := http.ReadRequest(bufio.NewReader(&again[0].sent))
	if err != nil || r2.Host != r.Host || r2.RequestURI != r.RequestURI || again[0].address != withoutZone(c.address) {
		t.Errorf("%q of %q at %q leads to %+v at %q, %v", r.RequestURI, r.Host, c.address, r2, again[0].address, err)
	}
}

func withoutZone(address string) string {
	host, port, _ := net.SplitHostPort(address)
	host, _, _ = strings.Cut(host, "%")
	return net.JoinHostPort(host, port)
}

// A redirect to another host or port takes no user name along that it does not give itself.
func FuzzRedirectForgetsTheUser(f *testing.F) {
	for _, s := range []string{"/b", "//example.com:81/", "ws://example.net/", "ws://example.com.example.net/", "//u:p@example.com/", "ws://EXAMPLE.com/", "//example.com./"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, location string) {
		conns, _ := visits(t, "ws://user:pw@example.com/", location)
		if len(conns) < 2 || !strings.HasPrefix(conns[1].sent.String(), "GET") {
			return
		}
		r, err := http.ReadRequest(bufio.NewReader(&conns[1].sent))
		if err != nil {
			t.Fatal(err)
		}
		u, _ := url.Parse(strings.TrimSpace(location))
		name, password, ok := r.BasicAuth()
		address := conns[1].address
		if ok && name == "user" && password == "pw" && !strings.EqualFold(address, "example.com:80") && (u == nil || u.User == nil) {
			t.Errorf("%q is told the password, as %q says", address, location)
		}
	})
}
