package listen_test

import (
	"context"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// browser is a request of ordinary size.
const browser = "GET /chat/rooms/general?token=0123456789abcdef HTTP/1.1\r\n" + host + upgrade + connection + key + version +
	"Pragma: no-cache\r\n" +
	"Cache-Control: no-cache\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n" +
	"Origin: https://example.com\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Accept-Language: de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7\r\n" +
	"Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=yes\r\n" +
	"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" +
	"Sec-WebSocket-Protocol: v1, v2\r\n" +
	"X-Forwarded-For: 192.0.2.1\r\n" +
	"X-Forwarded-Proto: https\r\n"

// What a connection can tell of its request, it keeps: the resource, and the header without the fields of the handshake.
// Of what was only looked at nothing is left, though the names that were chosen and the path were parts of it.
func TestConnectionKeepsNoMoreOfItsRequestThanItTells(t *testing.T) {
	const (
		n     = 32
		slack = 2 << 10 // bytes; for the memory of what is beside it
		slop  = 8 << 10 // bytes; to which the allocator rounds up what is long
	)
	long := strings.Repeat("x", 60<<10)
	requests := []struct {
		name, head string
		told       bool
	}{
		{"ordinary", browser, true},
		{"field", proper + "Cookie: " + long + "\r\n", true},
		{"path", strings.Replace(proper, "/a", "/"+long, 1), true},
		{"subprotocols", proper + "Sec-WebSocket-Protocol: v1, " + long + "\r\n", false},
		{"extensions", proper + "Sec-WebSocket-Extensions: permessage-deflate, " + long + "\r\n", false},
		{"options of Connection", strings.Replace(proper, "Connection: Upgrade", "Connection: Upgrade, "+long, 1), false},
		{"host", strings.Replace(proper, "example", long, 1), false},
		{"host in the URI", strings.Replace(proper, "/a", "http://"+long[:30<<10]+"/a", 1), false}, // counts twice
	}
	for name, open := range openers(t, listen.Subprotocols("v1"), stream.Compression(stream.CompressionConfig{})) {
		t.Run(name, func(t *testing.T) {
			heldBy(t, n, proper, math.MaxInt64, open) // meanwhile goes what tests before have left
			plain, _ := heldBy(t, n, proper, math.MaxInt64, open)
			for _, tt := range requests {
				size := int64(len(tt.head))
				bound := plain + slack
				if tt.told {
					bound += min(2*size, 64<<10)
				}
				if name == "Handler" {
					bound += size + slop // the HTTP server has the request itself, while its handler runs
				}
				held, ok := heldBy(t, n, tt.head, bound, open)
				if !ok {
					t.Errorf("%s: of a request of %d bytes %d more are held than of a plain one, want %d at most", tt.name, size, held-plain, bound-plain)
				}
			}
		})
	}
}

// openers returns ways to open a connection, both ends of which they return.
func openers(t *testing.T, opts ...listen.Option) map[string]func(head string) (*client, *conn) {
	conns := make(chan *conn)
	upgrade := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, err := listen.Upgrade(w, r, stream.Standard, opts...); err == nil {
			conns <- conn
		}
	}))
	t.Cleanup(upgrade.Close)
	handler := httptest.NewServer(listen.Handler(stream.Standard, func(_ *http.Request, conn *conn) error {
		conns <- conn
		_, err := conn.Receive(context.Background())
		return err
	}, opts...))
	t.Cleanup(handler.Close)
	l := listenLocally(t, opts...)
	open := func(addr net.Addr) func(string) (*client, *conn) {
		return func(head string) (*client, *conn) {
			c := connect(t, addr, head+"\r\n").opened(t)
			if addr == l.Addr() {
				return c, acceptFrom(t, l)
			}
			return c, <-conns
		}
	}
	return map[string]func(string) (*client, *conn){
		"Upgrade": open(upgrade.Listener.Addr()), "Handler": open(handler.Listener.Addr()), "Listener": open(l.Addr()),
	}
}

// heldBy returns how many bytes are held for each of n connections and their clients, and whether these are bound at
// most, as soon as that is so.
func heldBy(t *testing.T, n int, head string, bound int64, open func(string) (*client, *conn)) (each int64, ok bool) {
	t.Helper()
	clients, conns := make([]*client, n), make([]*conn, n)
	before := heap()
	for i := range n {
		clients[i], conns[i] = open(head)
	}
	ok = eventually(t, func() bool { each = (heap() - before) / int64(n); return each <= bound })
	for i := range n {
		conns[i].Abort()
		clients[i].Close()
	}
	return each, ok
}
