//go:build interop

package interop_test

import (
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

//go:embed peers/several.html
var severalPage string

// The sockets of a page are all streams of one connection, that which the page has come over.
func TestSocketsOfABrowserShareItsConnection(t *testing.T) {
	for name, start := range map[string]func(t *testing.T, url string){"chromium": startChromium, "firefox": startFirefox} {
		t.Run(name, func(t *testing.T) { shareOneConnection(t, start) })
	}
}

func shareOneConnection(t *testing.T, startBrowser func(t *testing.T, url string)) {
	const number = 8
	s := newHTTP2Server(t)
	text := strings.NewReplacer("NUMBER", fmt.Sprint(number), "SUBPROTOCOLS", strings.Join(offered, ",")).Replace(severalPage)
	pages := make(chan string, 1) // the addresses that ask for it
	s.mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		pages <- r.RemoteAddr
		io.WriteString(w, text)
	})
	s.prepare(options())
	startBrowser(t, pageURL(s.url))
	var conns []*stream.Conn[*stream.Reader]
	for range number {
		select {
		case conn := <-s.conns:
			defer conn.Abort()
			conns = append(conns, conn)
		case <-time.After(hangs):
			t.Fatalf("%d sockets of %d have come", len(conns), number)
		}
	}
	page := <-pages
	for i, conn := range conns {
		c := newConversation(t, peer{}, nil)
		c.conn = conn
		c.echo(opcode.Text, fmt.Appendf(nil, "to socket %d", i))
		if got := conn.RemoteAddr().String(); got != page {
			t.Errorf("the page is of the connection from %s, a socket of that from %s", page, got)
		}
	}
}
