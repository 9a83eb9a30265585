package dial_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

// repeat is a reader of the same text again and again.
type repeat string

func (r repeat) Read(p []byte) (n int, err error) {
	for n < len(p) {
		n += copy(p[n:], r)
	}
	return n, nil
}

// endless are answers that begin in one way, and never end in another.
var endless = []struct{ name, begin, rest string }{
	{"status line", "", "HTTP/1.1 101 Switching Protocols"},
	{"reason", "HTTP/1.1 101 ", "x"},
	{"field", switching + "X: ", "x"},
	{"name of a field", switching, "x"},
	{"fields", switching, "X: y\r\n"},
	{"the same field", switching, "Connection: Upgrade\r\n"},
	{"folded line", switching + "X: y\r\n", " y\r\n"},
	{"extensions", switching + "Sec-WebSocket-Extensions: ", `a; b="c", `},
	{"cookies", switching, "Set-Cookie: a=b\r\n"},
	{"empty lines", "", "\r\n"},
	{"zeros", "", "\x00"},
	{"interim responses", "", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"},
	{"body to the end of the connection", "HTTP/1.1 403 No\r\n\r\n", "x"},
	{"body of a length", "HTTP/1.1 403 No\r\nContent-Length: 9223372036854775807\r\n\r\n", "x"},
	{"chunk", "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n", "x"},
	{"chunks", "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"},
	{"size of a chunk", "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n", "0"},
	{"extension of a chunk", "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n1", ";x=y"},
	{"trailers", "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n"},
}

func TestAResponseWithoutEndIsCutOff(t *testing.T) {
	for _, tt := range endless {
		t.Run(tt.name, func(t *testing.T) {
			jar, err := cookiejar.New(nil)
			if err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			conn, err := handshakeOver(t, peer(t, func(conn net.Conn, r *http.Request) {
				io.WriteString(conn, filledIn(tt.begin, r))
				io.Copy(conn, repeat(tt.rest))
			}), dial.CookieJar(jar), dial.Redirects(3))
			runtime.ReadMemStats(&after)
			if err == nil {
				conn.Abort()
				t.Fatal("no error")
			}
			var answer *dial.Error
			if isTimeout(err) || errors.As(err, &answer) && len(answer.Body) > 4<<10 || len(err.Error()) > 4<<10 {
				t.Errorf("error is %.300v (%d bytes)", err, len(err.Error()))
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 8<<20 {
				t.Errorf("%d KiB were allocated", n>>10)
			}
		})
	}
}

func TestAResponseOfAByteASecondIsCutOff(t *testing.T) {
	for name, response := range map[string]string{
		"head": switching + strings.Repeat("X: y\r\n", 20) + "\r\n",
		"body": "HTTP/1.1 403 No\r\nContent-Length: 500\r\n\r\n" + strings.Repeat("x", 500),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := peer(t, func(conn net.Conn, r *http.Request) {
					for _, c := range []byte(filledIn(response, r)) {
						time.Sleep(time.Second / 4)
						if _, err := conn.Write([]byte{c}); err != nil {
							return
						}
					}
				})
				if _, err := dial.Handshake(t.Context(), client, "ws://example.com/", stream.Standard); !isTimeout(err) {
					t.Errorf("error is %v", err)
				}
			})
		})
	}
}

// The class of header injection: nothing that a program hands on, be it from a stranger, gets into a line of its own in
// the request. Either it is refused, or it arrives as a part of what it belongs to.
func TestNothingThatIsHandedOnBecomesAField(t *testing.T) {
	for _, bad := range []string{"\r\nInjected: yes", "\nInjected: yes", "\rInjected: yes", "x\x00Injected: yes", "\r\n\r\nGET /Injected HTTP/1.1"} {
		escaped := url.QueryEscape(bad)
		jar := fixedJar{{Name: "a" + bad, Value: "b"}, {Name: "a", Value: "b" + bad}, {Name: "a", Value: "b", Path: bad, Domain: bad}}
		for name, try := range map[string]struct {
			url string
			opt dial.Option
		}{
			"path":                  {"ws://example.com/" + bad, nil},
			"escaped path":          {"ws://example.com/" + escaped, nil},
			"query":                 {"ws://example.com/?" + bad, nil},
			"escaped query":         {"ws://example.com/?a=" + escaped, nil},
			"host":                  {"ws://example.com" + bad + "/", nil},
			"escaped host":          {"ws://example.com" + escaped + "/", nil},
			"user":                  {"ws://a" + bad + ":b@example.com/", nil},
			"escaped user":          {"ws://a" + escaped + ":b" + escaped + "@example.com/", nil},
			"Host":                  {"ws://example.com/", dial.Header(http.Header{"Host": {"example.com" + bad}})},
			"name of a field":       {"ws://example.com/", dial.Header(http.Header{"A" + bad: {"b"}})},
			"value of a field":      {"ws://example.com/", dial.Header(http.Header{"A": {"b" + bad}})},
			"subprotocol":           {"ws://example.com/", dial.Subprotocols("a" + bad)},
			"cookie":                {"ws://example.com/", dial.CookieJar(jar)},
			"path of a UNIX socket": {"ws+unix:///run/a.sock:/" + bad, nil},
		} {
			var request []byte
			client, server := net.Pipe()
			read := make(chan struct{})
			go func() {
				defer close(read)
				p := make([]byte, 4096)
				n, _ := server.Read(p)
				request = p[:n]
				server.Close()
			}()
			opts := []dial.Option{dial.Proxy(nil)}
			if try.opt != nil {
				opts = append(opts, try.opt)
			}
			_, err := dial.Handshake(testContext(t), client, try.url, stream.Standard, opts...)
			<-read
			var refused *stream.ArgumentError
			if text := string(request); errors.As(err, &refused) != (text == "") || err == nil {
				t.Errorf("%s %q: error is %v, request %q", name, bad, err, text)
			} else if strings.ContainsAny(strings.ReplaceAll(text, "\r\n", ""), "\r\n\x00") || strings.Contains(text, "\nInjected") ||
				strings.Count(text, "\r\n\r\n") > 1 {
				t.Errorf("%s %q: the request is %q", name, bad, text)
			}
		}
	}
}

// A fixedJar has the same cookies for everybody.
type fixedJar []*http.Cookie

func (fixedJar) SetCookies(*url.URL, []*http.Cookie) {}
func (j fixedJar) Cookies(*url.URL) []*http.Cookie   { return j }

// The class of request smuggling: what follows the response is frames, and never another response.
func TestAResponseBehindTheHandshakeIsNoResponse(t *testing.T) {
	for _, behind := range []string{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", switching + "\r\n", "\r\n\r\n", "\x00\x00"} {
		conn, err := handshakeOver(t, answering(t, switching+"\r\n"+behind))
		if err != nil {
			t.Fatal(err)
		}
		var broken *stream.ProtocolError
		if _, err := conn.Receive(testContext(t)); !errors.As(err, &broken) {
			t.Errorf("behind %q: %v", behind, err)
		}
		conn.Abort()
	}
}

// Nor is what follows a refusal, or a redirect, whose target is asked over another connection.
func TestAResponseBehindARefusalIsNoResponse(t *testing.T) {
	const opening = switching + "\r\n"
	for name, tt := range map[string]struct {
		first  string
		status int
		proxy  *url.URL
		dialed int
	}{
		"refusal":           {"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n" + opening, 403, nil, 1},
		"refusal in chunks": {"HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + opening, 403, nil, 1},
		"body to the end":   {"HTTP/1.1 403 No\r\n\r\n" + opening, 403, nil, 1},
		"success":           {"HTTP/1.1 204 No Content\r\n\r\n" + opening, 204, nil, 1},
		"wrong key":         {strings.Replace(opening, "ACCEPT", "x", 1) + opening, 101, nil, 1},
		"redirect":          {"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n" + opening, 410, nil, 2},
		"proxy": {"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n" + opening, 407,
			&url.URL{Scheme: "http", Host: "proxy.example"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			dialed := 0
			next := dial.NetDial(func(context.Context, string, string) (net.Conn, error) {
				dialed++
				return peer(t, func(conn net.Conn, r *http.Request) {
					if dialed == 1 {
						io.WriteString(conn, filledIn(tt.first, r))
					} else {
						io.WriteString(conn, "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")
					}
				}), nil
			})
			conn, err := dial.Dial(testContext(t), "ws://example.com/", stream.Standard, next, dial.Redirects(1), dial.Proxy(http.ProxyURL(tt.proxy)))
			var answer *dial.Error
			if !errors.As(err, &answer) || answer.StatusCode != tt.status || answer.Proxy != (tt.proxy != nil) || dialed != tt.dialed {
				t.Errorf("error is %v, after %d connections", err, dialed)
			}
			if err == nil {
				conn.Abort()
			}
		})
	}
}

// A proxy is a stranger, too.
func TestAProxyWhoseResponseHasNoEndIsCutOff(t *testing.T) {
	for _, tt := range endless {
		t.Run(tt.name, func(t *testing.T) {
			begin := strings.Replace(tt.begin, "101 Switching Protocols", "200 OK", 1)
			rest := strings.Replace(tt.rest, "101 Switching Protocols", "200 OK", 1)
			var network, address string
			proxy := peer(t, func(conn net.Conn, r *http.Request) {
				io.WriteString(conn, begin)
				io.Copy(conn, repeat(rest))
			})
			_, err := dial.Dial(testContext(t), "ws://example.com/", stream.Standard, netDial(proxy, &network, &address),
				dial.Proxy(http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.example"})))
			if err == nil || isTimeout(err) || len(err.Error()) > 4<<10 {
				t.Errorf("error is %.300v", err)
			}
		})
	}
}
