//go:build interop

package interop_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/litert/websocket/dial"
	_ "github.com/litert/websocket/listen/xconnect" // has our servers announce WebSocket over HTTP/2
	"github.com/litert/websocket/opcode"
)

// ofHypercorn is what it, or what an application can have it do, lacks: once a close frame has come, it forgets the stream, and
// closes the connection when the client ends that.
const ofHypercorn = fragments | pings | tells | noCode | gatewayCode | awaits | pingsBetween | outlives | cuts

var (
	chromium = peer{"chromium", ofBrowsers | pings | cuts, nil, inPage(startChromium)}
	firefox  = peer{"firefox", ofBrowsers | pings | window | cuts, nil, inPage(startFirefox)}
)

// peersOfHTTP2 speak WebSocket over streams of HTTP/2 (RFC 8441).
var peersOfHTTP2 = []peer{
	chromium,
	firefox,
	{"h2", 0, nil, clientScript(python, "h2_peer.py")},
	{"hypercorn", ofHypercorn, serverScript(python, "hypercorn_peer.py"), nil},
	{"node", 0, secureServerScript("node", "h2.mjs"), clientScript("node", "h2.mjs")},
}

func TestPeersOverHTTP2(t *testing.T) { eachOverHTTP2(t, slices.Concat(checks, checksOfCuts)) }

func TestPeersOverHTTP2WithCompression(t *testing.T) {
	compression = &settings[0]
	defer func() { compression = nil }()
	eachOverHTTP2(t, slices.Concat(checksOfCompression, checksOfBig))
}

func eachOverHTTP2(t *testing.T, list []check) {
	for _, p := range peersOfHTTP2 {
		t.Run(p.name, func(t *testing.T) {
			via := overHTTP2
			if !p.can(outlives) {
				via = overOneEach
			}
			if p.server != nil {
				t.Run("server", func(t *testing.T) { withServer(t, p, via, list) })
			}
			if p.client != nil {
				t.Run("client", func(t *testing.T) { withClientOf(t, newHTTP2Server(t), p, direct, list) })
			}
		})
	}
}

// newHTTP2Server returns a server that speaks HTTP/2, with TLS.
func newHTTP2Server(t *testing.T) *server {
	return startServer(t, func(h *httptest.Server) {
		h.EnableHTTP2 = true
		h.StartTLS()
	})
}

// overHTTP2 is the way straight to a server of HTTP/2, with TLS or without.
func overHTTP2(t *testing.T, url string) (string, []dial.Option) {
	return url, []dial.Option{dial.HTTP2(newHTTP2Transport(t))}
}

// overOneEach is overHTTP2 with a connection for each stream.
func overOneEach(t *testing.T, url string) (string, []dial.Option) {
	tr := newHTTP2Transport(t)
	tr.DisableKeepAlives = true
	return url, []dial.Option{dial.HTTP2(tr)}
}

func newHTTP2Transport(t *testing.T) *http.Transport {
	tr := &http.Transport{Protocols: new(http.Protocols), TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	tr.Protocols.SetHTTP2(true)
	tr.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// checksOfCuts are of streams that end without a close frame.
var checksOfCuts = []check{
	{"the peer sees that a message is cut", tells, checkCut},
	{"a message that the peer cuts is no whole one", cuts, checkCutOfPeer},
}

// checksOfBig are of the most that a message may have.
var checksOfBig = []check{
	{"64 MiB go there and back in one message", window, checkBigFrame},
}

func checkCut(t *testing.T, p partner) {
	c := p.open(t)
	c.echo(opcode.Text, []byte("before"))
	w, err := c.conn.NewWriter(c.ctx, opcode.Binary)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if _, err = w.Write(big()[:100_000]); err == nil {
		err = w.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	c.conn.Abort()
	if got := c.report(); !strings.HasPrefix(got, "lost") {
		t.Errorf("the peer reports %q", got)
	}
}

// checkCutOfPeer has the stream end in all the ways that it can.
func checkCutOfPeer(t *testing.T, p partner) {
	for _, how := range []string{"end", "reset", "goaway", "lost"} {
		c := p.open(t)
		c.order("!cut " + how)
		if err := c.conn.WriteBinary(c.ctx, big()[:100_000]); err != nil {
			t.Fatal(err)
		}
		msg, err := c.conn.Receive(c.ctx)
		if err == nil {
			_, err = io.Copy(io.Discard, msg)
		}
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: the message ended with %v", how, err)
		}
		if got := c.report(); !strings.HasPrefix(got, "lost") {
			t.Errorf("%s: the peer reports %q", how, got)
		}
	}
}
