package listen_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// allocatedBy returns how many bytes do allocates, those included that are free again.
func allocatedBy(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// many repeats what next makes of 0, 1, 2 and so on up to size bytes.
func many(size int, next func(i int) string) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		b.WriteString(next(i))
	}
	return b.String()
}

// hostileFields are fields of a handshake that are long, and how each is made with so many bytes.
var hostileFields = []struct {
	name, field string
	value       func(size int) string
}{
	{"different subprotocols", "Sec-WebSocket-Protocol", func(size int) string { return many(size, func(i int) string { return fmt.Sprintf("%x,", i) }) }},
	{"empty subprotocols", "Sec-WebSocket-Protocol", same(", ")},
	{"a long subprotocol", "Sec-WebSocket-Protocol", same("x")},
	{"a subprotocol that is no token", "Sec-WebSocket-Protocol", same("@")},
	{"extensions", "Sec-WebSocket-Extensions", func(size int) string { return many(size, func(i int) string { return fmt.Sprintf("%x,", i) }) }},
	{"parameters", "Sec-WebSocket-Extensions", func(size int) string { return "a" + many(size, func(i int) string { return fmt.Sprintf(";%x=1", i) }) }},
	{"parameters of an extension that is known", "Sec-WebSocket-Extensions", func(size int) string {
		return "permessage-deflate" + many(size, func(i int) string { return fmt.Sprintf(";%x=1", i) })
	}},
	{"offers of an extension that is known", "Sec-WebSocket-Extensions", same("permessage-deflate; server_max_window_bits=7,")},
	{"quoted parameters", "Sec-WebSocket-Extensions", func(size int) string { return "a" + same(`; b = "\c"`)(size) }},
	{"an open quote", "Sec-WebSocket-Extensions", func(size int) string { return `a; b="` + same(`\\`)(size) }},
	{"open quotes", "Sec-WebSocket-Extensions", same(`a;b="`)},
	{"spaces", "Sec-WebSocket-Extensions", func(size int) string { return "a" + same(" \t")(size) + "b" }},
	{"tokens of Connection", "Connection", func(size int) string { return same("a,")(size) + "Upgrade" }},
	{"commas of Upgrade", "Upgrade", func(size int) string { return same(",")(size) + "websocket" }},
	{"versions", "Sec-WebSocket-Version", same("13,")},
	{"a key", "Sec-WebSocket-Key", same("A")},
	{"an origin", "Origin", func(size int) string { return "http://" + same("a.")(size) + "b" }},
	{"brackets of an origin", "Origin", func(size int) string { return "http://" + same("[")(size) }},
}

// same repeats s.
func same(s string) func(size int) string {
	return func(size int) string { return many(size, func(int) string { return s }) }
}

// hostileRequest is a proper request but for one field.
func hostileRequest(field, value string) string {
	var head strings.Builder
	head.WriteString(requestLine + host)
	for _, line := range []string{upgrade, connection, key, version} {
		if !strings.HasPrefix(line, field+":") {
			head.WriteString(line)
		}
	}
	return head.String() + field + ": " + value + "\r\n\r\n"
}

// hostileOptions have a server look at each field, however long it is.
var hostileOptions = []listen.Option{
	listen.MaxHeader(2 << 20), listen.Subprotocols("v1"), listen.Origins("*.example.com"), stream.Compression(stream.CompressionConfig{}),
}

// The class of CVE-2020-7662, CVE-2021-32640 and CVE-2023-43669: a megabyte of header, which is what net/http takes,
// must not cost more than time and memory in proportion. This is the memory.
func TestNoFieldOfAHandshakeTakesMuchMemory(t *testing.T) {
	const size = 1<<20 - 4096
	for _, tt := range hostileFields {
		t.Run(tt.name, func(t *testing.T) {
			addr, outcomes := upgrader(t, plain, hostileOptions...)
			text := hostileRequest(tt.field, tt.value(size))
			grown := allocatedBy(func() {
				c := connect(t, addr, text)
				if r, body := c.response(t); len(body) > 4<<10 {
					t.Errorf("status %d, and %d bytes of complaint", r.StatusCode, len(body))
				}
				<-outcomes
			})
			if grown > 64*size {
				t.Errorf("%d MiB were allocated", grown>>20)
			}
		})
	}
}

// And this is the time: 16 times as much takes 16 times as long, and not 256 times. The least of some runs is what the work
// itself takes, and further runs can only make it less; so whatever else the machine does, a right end passes.
func TestNoFieldOfAHandshakeTakesQuadraticTime(t *testing.T) {
	const (
		size, times = 1 << 14, 16
		most        = 80
		resolution  = 50 * time.Microsecond // is linear, whatever a clock says
	)
	for _, tt := range hostileFields {
		t.Run(tt.name, func(t *testing.T) {
			short, long := hostileRequest(tt.field, tt.value(size)), hostileRequest(tt.field, tt.value(times*size))
			few, many := time.Hour, time.Hour
			begun := time.Now()
			for run := 0; run < 3 || many > most*few && time.Since(begun) < 20*time.Second; run++ {
				few = min(few, max(resolution, upgradeTime(t, short)))
				many = min(many, upgradeTime(t, long))
			}
			if many > most*few {
				t.Errorf("%v for %d bytes, and %v for %d", few, size, many, times*size)
			}
		})
	}
}

// upgradeTime returns how long Upgrade takes for a request.
func upgradeTime(t *testing.T, request string) time.Duration {
	w, r := newFakeWriter(""), parse(t, request)
	begun := time.Now()
	conn, err := listen.Upgrade(w, r, stream.Standard, hostileOptions...)
	took := time.Since(begun)
	if err == nil {
		conn.Abort()
	}
	return took
}

// repeat is a reader of the same text again and again.
type repeat string

func (r repeat) Read(p []byte) (n int, err error) {
	for n < len(p) {
		n += copy(p[n:], r)
	}
	return n, nil
}

func TestAHandshakeWithoutEndIsCutOff(t *testing.T) {
	tests := []struct{ name, begin, rest string }{
		{"line", "", "GET"},
		{"path", "GET /", "x"},
		{"field", proper + "X: ", "x"},
		{"name of a field", proper, "x"},
		{"fields", proper, "X: y\r\n"},
		{"the same field", proper, "Connection: Upgrade\r\n"},
		{"folded line", proper + "X: y\r\n", " y\r\n"},
		{"empty lines", "", "\r\n"},
		{"zeros", "", "\x00"},
	}
	l := listenLocally(t)
	grown := allocatedBy(func() {
		t.Run("all at once", func(t *testing.T) {
			for _, tt := range tests {
				t.Run(tt.name, func(t *testing.T) {
					t.Parallel()
					wantCutOff(t, connect(t, l.Addr(), tt.begin), repeat(tt.rest))
				})
			}
		})
	})
	if grown > 64<<20 {
		t.Errorf("%d MiB were allocated", grown>>20)
	}
	connect(t, l.Addr(), proper+"\r\n").opened(t)
}

// wantCutOff sends an endless text until the server has had enough.
func wantCutOff(t *testing.T, c *client, endless io.Reader) {
	written := make(chan struct{})
	go func() {
		defer close(written)
		io.Copy(c.Conn, endless)
	}()
	answer, err := io.ReadAll(c.r)
	if isTimeout(err) || bytes.HasPrefix(answer, []byte("HTTP/1.1 101")) {
		t.Errorf("answer is %.100q, %v", answer, err)
	}
	c.Close()
	<-written
}

func TestAHandshakeOfAByteASecondIsCutOff(t *testing.T) {
	for _, tt := range []struct {
		timeout time.Duration
		opts    []listen.Option
	}{
		{10 * time.Second, nil}, // the default
		{3500 * time.Millisecond, []listen.Option{listen.HandshakeTimeout(3500 * time.Millisecond)}},
		{time.Minute, []listen.Option{listen.HandshakeTimeout(time.Minute)}},
	} {
		t.Run(tt.timeout.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, pipes := listenAtPipes(t, tt.opts...)
				c := pipes.dial(t)
				go io.Copy(io.Discard, c) // the response, which is another part of the handshake
				begun := time.Now()
				for i := range len(proper) {
					time.Sleep(time.Second)
					if _, err := c.Write([]byte{proper[i]}); err != nil {
						if passed := time.Since(begun); passed < tt.timeout || passed > tt.timeout+time.Second {
							t.Errorf("cut off after %v", passed)
						}
						return
					}
				}
				t.Error("all of the request was taken")
			})
		})
	}
}

// Wherever a request is cut, and however its client leaves, no connection comes of it, and its place becomes free: there
// is only one, which the next client needs.
func TestARequestThatIsCutAtAnyByteOpensNothing(t *testing.T) {
	const request = proper + "\r\n"
	for name, leave := range map[string]func(*testing.T, *client){
		"closes": func(t *testing.T, c *client) { c.Close() },
		"resets": func(t *testing.T, c *client) {
			c.Conn.(*net.TCPConn).SetLinger(0)
			c.Close()
		},
		"reads on": func(t *testing.T, c *client) {
			c.Conn.(*net.TCPConn).CloseWrite()
			answer, err := io.ReadAll(c.r)
			if err != nil || len(answer) > 0 && !bytes.HasPrefix(answer, []byte("HTTP/1.1 400")) {
				t.Errorf("the answer is %q, %v", answer, err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Run("Listener", func(t *testing.T) {
				l := listenLocally(t, listen.MaxPending(1))
				for cut := range len(request) {
					leave(t, connect(t, l.Addr(), request[:cut]))
				}
				connect(t, l.Addr(), request+helloFrame).opened(t)
				receiveHello(t, acceptFrom(t, l)) // nobody was before it
			})
			t.Run("Upgrade", func(t *testing.T) {
				addr, outcomes := upgrader(t, plain)
				for cut := range len(request) {
					leave(t, connect(t, addr, request[:cut]))
				}
				connect(t, addr, request+helloFrame).opened(t)
				receiveHello(t, (<-outcomes).conn)
				select {
				case o := <-outcomes:
					t.Errorf("another outcome: %v", o)
				default:
				}
			})
		})
	}
}

// The class of header injection: no part of a request gets into a line of its own in the response.
func TestNothingOfARequestBecomesAField(t *testing.T) {
	const injection = "v1\r\nInjected: yes"
	for _, name := range []string{"Sec-Websocket-Protocol", "Sec-Websocket-Extensions", "Sec-Websocket-Key", "Sec-Websocket-Version",
		"Origin", "Upgrade", "Connection", "Host", "Cookie"} {
		for _, value := range []string{injection, "v1\nInjected: yes", "v1\rInjected: yes", "v1\x00Injected: yes", "v1, v1\r\n\r\nInjected: yes"} {
			r := parse(t, proper+"\r\n")
			r.Header[name] = []string{value}
			if name == "Host" {
				r.Host = value
				r.Header["Origin"] = []string{"http://" + value}
			}
			w := newFakeWriter("")
			conn, err := listen.Upgrade(w, r, stream.Standard, listen.Subprotocols("v1", "Injected"), listen.Origins("*.example.com"))
			if err == nil {
				conn.Abort()
			}
			var raw bytes.Buffer
			w.Result().Write(&raw)
			raw.Write(w.conn.Bytes())
			if strings.Contains(raw.String(), "\nInjected") || strings.Contains(raw.String(), "\rInjected") || strings.Contains(raw.String(), "\x00") {
				t.Errorf("%s: the response is %q", name, raw.String())
			}
		}
	}
}

func TestControlCharactersInARequestAreRefused(t *testing.T) {
	l := listenLocally(t)
	for _, request := range []string{
		requestLine + host + upgrade + connection + version + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\x00\r\n",
		proper + "X: a\x00b\r\n",
		proper + "X: a\rb\r\n",
		proper + "X\x00: a\r\n",
		proper + "X\r: a\r\n",
		proper + "X : a\r\n",
		proper + " : a\r\n",
		proper + ": a\r\n",
		strings.Replace(proper, "/a", "/a\x00b", 1),
		strings.Replace(proper, "/a", "/a\rb", 1),
		strings.Replace(proper, "/a", "/a b", 1),
		strings.Replace(proper, "example.com", "exam\x00ple.com", 1),
		strings.Replace(proper, "example.com", "exam ple.com", 1),
		proper + host,
	} {
		if r, _ := connect(t, l.Addr(), request+"\r\n").response(t); r.StatusCode < 400 || r.StatusCode > 499 {
			t.Errorf("%q: status %d", request, r.StatusCode)
		}
	}
}

// The class of request smuggling: what follows the handshake is frames, and never another request.
func TestARequestBehindTheHandshakeIsNoRequest(t *testing.T) {
	l := listenLocally(t)
	c := connect(t, l.Addr(), proper+"\r\n"+proper+"\r\n"+proper+"\r\n").opened(t)
	_, err := acceptFrom(t, l).Receive(testContext(t))
	var broken *stream.ProtocolError
	if !errors.As(err, &broken) {
		t.Errorf("Receive: %v", err)
	}
	rest, _ := io.ReadAll(c.r)
	if bytes.Contains(rest, []byte("HTTP/")) || !bytes.HasPrefix(rest, []byte{0x88}) {
		t.Errorf("behind the first response comes %q", rest)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := l.Accept(ctx); err != context.DeadlineExceeded {
		t.Errorf("another connection was accepted, or %v", err)
	}
}

// The class of cross-site hijacking: without any option, a page of another site gets no connection, whichever way the
// server is built.
func TestCrossSiteHijackingIsRefusedWithoutAnyOption(t *testing.T) {
	served := func(*http.Request, *conn) error {
		t.Error("the connection was served")
		return nil
	}
	handler := httptest.NewServer(listen.Handler(stream.Standard, served))
	defer handler.Close()
	upgraded, _ := upgrader(t, plain)
	for name, addr := range map[string]net.Addr{"Listener": listenLocally(t).Addr(), "Handler": handler.Listener.Addr(), "Upgrade": upgraded} {
		for _, origin := range []string{"https://evil.example", "null", "", "https://example.com.evil.example", "https://evilexample.com",
			"https://example.com@evil.example", "https://evil.example/example.com", "https://evil.example#example.com", "//example.com",
			"https://example.com:444", "file://", "https://example.com, https://evil.example", "https://example.com https://evil.example",
			"https://example.com\r\nOrigin: https://evil.example"} {
			if name == "Upgrade" && origin != "null" {
				continue // its outcome is to be taken once
			}
			request := proper + "Cookie: session=1\r\nOrigin: " + origin + "\r\n\r\n"
			if r, _ := connect(t, addr, request).response(t); r.StatusCode != http.StatusForbidden {
				t.Errorf("%s, %q: status %d", name, origin, r.StatusCode)
			}
		}
	}
}

func TestSilentClientsDoNotKeepOthersOut(t *testing.T) {
	l := listenLocally(t)
	for i := range 300 {
		connect(t, l.Addr(), proper[:i%len(proper)])
	}
	connect(t, l.Addr(), proper+"\r\n"+helloFrame).opened(t)
	receiveHello(t, acceptFrom(t, l))
}

// The silent sockets are before TLS, and so is their line.
func TestSilentSocketsDoNotKeepOthersOutOverTLS(t *testing.T) {
	cert, roots := wstest.Certificate(t, "example.com")
	l := listenLocally(t, listen.MaxPending(4), listen.TLSConfig(&tls.Config{Certificates: []tls.Certificate{cert}}))
	defer besiege(t, l.Addr(), 200)()
	raw := connectFrom(t, "127.0.0.2", l.Addr(), "")
	newClient(t, tls.Client(raw.Conn, &tls.Config{RootCAs: roots, ServerName: "example.com"}), proper+"\r\n"+helloFrame).opened(t)
	receiveHello(t, acceptFrom(t, l))
}
