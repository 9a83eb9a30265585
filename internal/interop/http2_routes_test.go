//go:build interop

package interop_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/litert/websocket/dial"
)

// ourselvesOverHTTP2 is this module as a server of HTTP/2 without TLS.
var ourselvesOverHTTP2 = peer{name: "ourselves", server: func(t *testing.T) (string, <-chan string) {
	reports := make(chan string, 1)
	s := httptest.NewUnstartedServer(healthy(func(w http.ResponseWriter, r *http.Request) { reports <- ourServe(w, r) }))
	plainHTTP2(s)
	t.Cleanup(s.Close)
	return webSocketURL(s.URL) + "/", reports
}}

// plainHTTP2 starts a server that speaks HTTP/2 without TLS alone.
func plainHTTP2(s *httptest.Server) {
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
}

// The routes through HAProxy turn one version of HTTP into another, or HTTP/2 with TLS into HTTP/2 without.
var routesOfHTTP2 = []struct {
	name       string
	client     bool // speaks HTTP/2
	server     bool // speaks HTTP/2
	withClient bool // a browser takes it, too
}{
	{"from HTTP|2 to HTTP|2", true, true, true},
	{"from HTTP|2 to HTTP|1", true, false, true},
	{"from HTTP|1 to HTTP|2", false, true, false},
}

func TestRoutesOverHTTP2(t *testing.T) {
	eachRouteOverHTTP2(t, slices.Concat(checks, checksOfCuts))
}

func TestRoutesOverHTTP2WithCompression(t *testing.T) {
	compression = &settings[0]
	defer func() { compression = nil }()
	eachRouteOverHTTP2(t, slices.Concat(checksOfCompression, checksOfBig))
}

func eachRouteOverHTTP2(t *testing.T, list []check) {
	for _, r := range routesOfHTTP2 {
		t.Run(r.name, func(t *testing.T) {
			server, start := ourselves, (*httptest.Server).Start
			if r.server {
				server, start = ourselvesOverHTTP2, plainHTTP2
			}
			via := throughHAProxy(r.client, r.server)
			t.Run("ourselves", func(t *testing.T) { withServer(t, server, via, list) })
			if r.withClient && compression == nil {
				p := chromium
				t.Run(p.name, func(t *testing.T) { withClientOf(t, startServer(t, start), p, via, list) })
			}
		})
	}
}

// throughHAProxy returns the route through HAProxy, with TLS on the client's side.
func throughHAProxy(fromHTTP2, toHTTP2 bool) route {
	protocols, toNode := " alpn http/1.1", ""
	if fromHTTP2 {
		protocols = " alpn h2"
	}
	if toHTTP2 {
		toNode = "proto h2"
	}
	start := func(t *testing.T, addr, certificate string, nodes ...string) {
		runHAProxy(t, addr+" ssl crt "+certificate+protocols, toNode, nodes...)
	}
	return func(t *testing.T, url string) (string, []dial.Option) {
		url, opts := reverse(start, true)(t, url)
		if fromHTTP2 {
			return overHTTP2(t, url)
		}
		return url, opts
	}
}
