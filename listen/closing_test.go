package listen_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// secret is what a second request of a connection asks for, and gets if it is answered. Nothing comes behind that.
const secret = "GET /secret HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n"

// besideSecret returns a server that answers secret, and leaves all else to h.
func besideSecret(t *testing.T, h http.HandlerFunc) net.Addr {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/secret" {
			io.WriteString(w, "the secret")
			return
		}
		h(w, r)
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr()
}

// A proxy that takes every request for an upgrade as the beginning of a tunnel, without a look at the status, lets
// through what comes behind it: there must be nobody to answer that.
func TestNoRequestBehindARefusedOneIsAnswered(t *testing.T) {
	upgrade := func(w http.ResponseWriter, r *http.Request) { listen.Upgrade(w, r, stream.Standard) }
	mistaken := func(w http.ResponseWriter, r *http.Request) {
		listen.Upgrade(w, r, stream.Standard, listen.Origins("*.*"))
	}
	reject := func(status int, opts ...listen.RejectOption) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { listen.Reject(w, r, status, opts...) }
	}
	refused := map[string]string{
		"no WebSocket": requestLine + host + "\r\n",
		"method":       strings.Replace(proper, "GET", "PUT", 1) + "Content-Length: 0\r\n\r\n",
		"version":      strings.Replace(proper, "13", "8", 1) + "\r\n",
		"two keys":     proper + key + "\r\n",
		"origin":       proper + "Origin: https://evil.example\r\n\r\n",
		"body":         proper + "Content-Length: 5\r\n\r\nhello",
		"HTTP/1.0":     strings.Replace(proper, "HTTP/1.1\r\nHost", "HTTP/1.0\r\nConnection: keep-alive\r\nHost", 1) + "\r\n",
		"HTTP/2":       "PRI * HTTP/2.0\r\n\r\n", // the only request of HTTP/2 that net/http takes over HTTP/1.1
	}
	for name, addr := range map[string]net.Addr{
		"Upgrade":            besideSecret(t, upgrade),
		"Handler":            besideSecret(t, listen.Handler(stream.Standard, serveNothing).ServeHTTP),
		"mistake":            besideSecret(t, mistaken),
		"Listener":           listenLocally(t).Addr(),
		"Reject":             besideSecret(t, reject(0)),
		"Reject with 426":    besideSecret(t, reject(426)),
		"Reject with fields": besideSecret(t, reject(503, listen.RejectHeader(http.Header{"Connection": {"keep-alive"}}))),
		"middleware": besideSecret(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Connection", "keep-alive")
			upgrade(w, r)
		}),
	} {
		t.Run(name, func(t *testing.T) {
			for name, request := range refused {
				c := connect(t, addr, request+secret)
				text, err := io.ReadAll(c.r)
				if n := strings.Count("\n"+string(text), "\nHTTP/1."); err != nil || n != 1 || strings.Contains(string(text), "secret") {
					t.Errorf("%s: %d answers, %v: %q", name, n, err, text)
				}
				if !strings.Contains(string(text), "\r\nConnection: close\r\n") {
					t.Errorf("%s: the answer does not say that the connection is closed: %q", name, text)
				}
				if strings.Contains(string(text), "Upgrade: websocket") && !strings.Contains(string(text), "\r\nConnection: Upgrade\r\n") { // RFC 9110, section 7.8
					t.Errorf("%s: the option Upgrade is missing: %q", name, text)
				}
			}
		})
	}
}

// A connection of HTTP/2 has other requests, which a refusal is nothing to. To net/http the field Connection would be a
// reason to send GOAWAY.
func TestRefusalOverHTTP2LeavesTheConnectionOpen(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/rejected" {
			listen.Reject(w, r, http.StatusUpgradeRequired)
			return
		}
		listen.Upgrade(w, r, stream.Standard)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	defer server.Client().CloseIdleConnections()
	get := func(path string) (reused bool) {
		ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
			GotConn: func(info httptrace.GotConnInfo) { reused = info.Reused },
		})
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		io.Copy(io.Discard, response.Body)
		if response.ProtoMajor != 2 || response.StatusCode < 400 {
			t.Errorf("%s: answered %d over %s", path, response.StatusCode, response.Proto)
		}
		return reused
	}
	get("/")
	for _, path := range []string{"/rejected", "/", "/"} {
		if !get(path) {
			t.Errorf("%s: the connection was closed", path)
		}
	}
}
