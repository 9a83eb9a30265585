package listen_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// everyWay returns servers of each kind that this package makes: the HTTP servers have the limits of net/http, 1 MiB.
func everyWay(t *testing.T, opts ...listen.Option) map[string]net.Addr {
	upgrade := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, err := listen.Upgrade(w, r, stream.Standard, opts...); err == nil {
			conn.Abort()
		}
	}))
	t.Cleanup(upgrade.Close)
	handler := httptest.NewServer(listen.Handler(stream.Standard, serveNothing, opts...))
	t.Cleanup(handler.Close)
	return map[string]net.Addr{
		"Upgrade": upgrade.Listener.Addr(), "Handler": handler.Listener.Addr(), "Listener": listenLocally(t, opts...).Addr(),
	}
}

// wantStatus sends head, and expects an answer with this status.
func wantStatus(t *testing.T, addr net.Addr, head string, status int) {
	t.Helper()
	if r, body := connect(t, addr, head+"\r\n").response(t); r.StatusCode != status {
		t.Errorf("%d bytes in %d lines: answered %d %q, want %d", len(head), strings.Count(head, "\r\n"), r.StatusCode, body, status)
	}
}

func TestAHeadOfMoreThan128FieldsIsRefused(t *testing.T) { // RFC 6585, section 5
	const most = 128
	different := func(n int) string {
		return strings.Join(lines(n, func(i int) string { return fmt.Sprintf("X-%d: y\r\n", i) }), "")
	}
	same := func(n int) string { return strings.Repeat("X:\r\n", n) }
	free := most - (strings.Count(proper, "\r\n") - 1)
	for name, addr := range everyWay(t, listen.MaxHeader(1<<20)) {
		t.Run(name, func(t *testing.T) {
			for _, fields := range []func(int) string{different, same} {
				wantStatus(t, addr, proper+fields(free), 101)
				wantStatus(t, addr, proper+fields(free+1), 431)
				wantStatus(t, addr, proper+fields(10_000), 431) // the class of CVE-2024-37890
			}
			wantStatus(t, addr, requestLine+host+different(most), 431) // before anything else is looked at
		})
	}
}

// lines returns n lines.
func lines(n int, line func(i int) string) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = line(i)
	}
	return all
}

func TestMaxHeaderBoundsTheHead(t *testing.T) { // RFC 6585, section 5
	const slop = 4 << 10 // of net/http, whose answer a client may get no more of
	for _, tt := range []struct {
		name string
		max  int
		opts []listen.Option
	}{
		{"default", 64 << 10, nil},
		{"less", 1 << 10, []listen.Option{listen.MaxHeader(1 << 10)}},
		{"more", 256 << 10, []listen.Option{listen.MaxHeader(uint32(256 << 10))}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, addr := range everyWay(t, tt.opts...) {
				t.Run(name, func(t *testing.T) {
					for place, head := range map[string]func(pad string) string{
						"value": func(pad string) string { return proper + "X: " + pad + "\r\n" },
						"name":  func(pad string) string { return proper + "X" + pad + ": \r\n" },
						"path":  func(pad string) string { return strings.Replace(proper, "/a", "/"+pad, 1) },
						"host":  func(pad string) string { return strings.Replace(proper, "example", "e"+pad, 1) },
					} {
						t.Run(place, func(t *testing.T) {
							room := tt.max - len(head(""))
							wantStatus(t, addr, head(strings.Repeat("x", room)), 101)
							wantStatus(t, addr, head(strings.Repeat("x", room+1)), 431)
							wantStatus(t, addr, head(strings.Repeat("x", room+slop/2)), 431)
						})
					}
				})
			}
		})
	}
}

func TestMaxHeaderIsCheckedWhoeverHasReadTheRequest(t *testing.T) {
	r := parse(t, proper+"X: "+strings.Repeat("x", 64<<10)+"\r\n\r\n")
	w := newFakeWriter("")
	if _, err := listen.Upgrade(w, r, stream.Standard); err == nil || w.Code != 431 || w.Body.Len() > 200 {
		t.Errorf("error is %v, response %d %q", err, w.Code, w.Body.String())
	}
}
