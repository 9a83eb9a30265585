//go:build interop

package interop_test

import (
	"context"
	"testing"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

// A peer is an implementation of WebSocket.
type peer struct {
	name   string
	lacks  ability
	server func(t *testing.T) (url string, reports <-chan string)                          // nil: it is none
	client func(t *testing.T, s *server) (connect func(url string), reports <-chan string) // nil: it is none
}

func (p peer) can(a ability) bool { return p.lacks&a == 0 }

// ofBrowsers is what the interface of browsers has nothing for, which undici has, too.
const ofBrowsers = fragments | allCodes

var peers = []peer{
	{"ws", 0, serverScript("node", "ws.mjs"), clientScript("node", "ws.mjs")},
	{"undici", ofBrowsers | compresses, nil, clientScript("node", "undici.mjs")},
	{"websockets", noCode | window8, serverScript(python, "websockets_peer.py"), clientScript(python, "websockets_peer.py")},
	{"chromium", ofBrowsers | pings, nil, inPage(startChromium)},
	{"gorilla", gatewayCode | takeover | windows, serverInGo(gorillaServe), clientInGo(gorillaConnect)},
	{"coder", windows, serverInGo(coderServe), clientInGo(coderConnect)},
	{"gobwas", restartCodes | gatewayCode | takeover | windows, serverInGo(gobwasServe), clientInGo(gobwasConnect)},
	{"gws", noCode | awaits | echoesCode | keepsPongsOut, serverInGo(gwsServe), clientInGo(gwsConnect)},
}

func TestPeers(t *testing.T) {
	for _, p := range peers {
		t.Run(p.name, func(t *testing.T) {
			if p.server != nil {
				t.Run("server", func(t *testing.T) { withServer(t, p, direct, checks) })
			}
			if p.client != nil {
				t.Run("client", func(t *testing.T) { withClient(t, p, direct, checks) })
			}
		})
	}
}

// withServer runs the checks with p as a server.
func withServer(t *testing.T, p peer, via route, list []check) {
	url, reports := p.server(t)
	url, opts := via(t, url)
	runAll(t, list, partner{p, false, func(t *testing.T, more ...stream.Option) *conversation {
		c := newConversation(t, p, reports)
		all := append([]dial.Option{dial.Subprotocols(offered...)}, opts...)
		for _, o := range options(append(more, stream.WithTrace(c.seen.trace()))...) {
			all = append(all, o)
		}
		conn, err := dial.Dial(c.ctx, url, stream.Standard, all...)
		if err != nil {
			t.Fatal(err)
		}
		return c.begin(conn)
	}})
}

// withClient runs the checks with p as a client.
func withClient(t *testing.T, p peer, via route, list []check) {
	withClientOf(t, newServer(t), p, via, list)
}

// withClientOf is withClient for a server that may be another.
func withClientOf(t *testing.T, s *server, p peer, via route, list []check) {
	connect, reports := p.client(t, s)
	url, _ := via(t, s.url)
	runAll(t, list, partner{p, true, func(t *testing.T, more ...stream.Option) *conversation {
		c := newConversation(t, p, reports)
		s.prepare(options(append(more, stream.WithTrace(c.seen.trace()))...))
		connect(url)
		select {
		case conn := <-s.conns:
			return c.begin(conn)
		case line, ok := <-reports:
			if !ok {
				line = "nothing: it has ended"
			}
			t.Fatalf("the peer reports %s", line)
		case <-c.ctx.Done():
			t.Fatal("the peer does not connect")
		}
		return nil
	}})
}

// runAll runs those of the checks that p has the abilities for.
func runAll(t *testing.T, list []check, p partner) {
	for _, check := range list {
		if !p.can(check.needs) {
			continue
		}
		t.Run(check.name, func(t *testing.T) { check.run(t, p) })
	}
}

func newConversation(t *testing.T, p peer, reports <-chan string) *conversation {
	ctx, cancel := context.WithTimeout(t.Context(), hangs)
	t.Cleanup(cancel)
	return &conversation{t: t, ctx: ctx, tells: p.can(tells), reports: reports, seen: new(sightings)}
}
