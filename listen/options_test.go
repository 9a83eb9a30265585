package listen_test

import (
	"crypto/tls"
	"errors"
	"net/http"
	"testing"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

var badOptions = []struct {
	fn     string
	option listen.Option
}{
	{"listen.Header", listen.Header(http.Header{"Upgrade": {"x"}})},
	{"listen.Header", listen.Header(http.Header{"connection": {"x"}})},
	{"listen.Header", listen.Header(http.Header{"Sec-WebSocket-Accept": {"x"}})},
	{"listen.Header", listen.Header(http.Header{"Sec-WebSocket-Protocol": {"x"}})},
	{"listen.Header", listen.Header(http.Header{"Content-Length": {"1"}})},
	{"listen.Header", listen.Header(http.Header{"Transfer-Encoding": {"chunked"}})},
	{"listen.Header", listen.Header(http.Header{"X Y": {"x"}})},
	{"listen.Header", listen.Header(http.Header{"X": {"a\r\nY: b"}})},
	{"listen.Header", listen.Header(http.Header{"X": {"a\x00"}})},
	{"listen.Subprotocols", listen.Subprotocols("a b")},
	{"listen.Subprotocols", listen.Subprotocols("a", "a")},
	{"listen.Origins", listen.Origins("https://example.com/")},
	{"listen.Hosts", listen.Hosts()},
	{"listen.Hosts", listen.Hosts("example.com", "https://example.com")},
	{"listen.MaxHeader", listen.MaxHeader(0)},
	{"listen.MaxHeader", listen.MaxHeader(1<<30 + 1)},
	{"listen.MaxHeader", listen.MaxHeader(int8(-1))},
	{"listen.MaxHeader", listen.MaxHeader(uint64(1<<32 + 1))}, // 1 as an int of 32 bits
	{"listen.TLSConfig", listen.TLSConfig(nil)},
	{"listen.TLSConfig", listen.TLSConfig(new(tls.Config))},
	{"listen.HandshakeTimeout", listen.HandshakeTimeout(-1)},
	{"listen.MaxPending", listen.MaxPending(0)},
	{"listen.MaxPending", listen.MaxPending(1<<20 + 1)},
	{"listen.MaxPerHost", listen.MaxPerHost(0)},
	{"listen.OnError", listen.OnError(nil)},
	{"listen.Join", listen.Join(nil)},
	{"MaxMessageSize", stream.MaxMessageSize(-1)},
}

func TestImpossibleOptionIsRefused(t *testing.T) {
	for _, tt := range badOptions {
		var arg *stream.ArgumentError
		check := func(how string, err error) {
			t.Helper()
			if !errors.As(err, &arg) || arg.Func != tt.fn {
				t.Errorf("%s: error is %v, want an ArgumentError of %s", how, err, tt.fn)
			}
		}
		w := newFakeWriter("")
		_, err := listen.Upgrade(w, parse(t, proper+"\r\n"), stream.Standard, tt.option)
		check("Upgrade", err)
		if w.Code != 500 || w.conn.writes > 0 {
			t.Errorf("%s: Upgrade answered %d and %q", tt.fn, w.Code, w.conn.String())
		}
		_, err = listen.Listen("tcp", "127.0.0.1:0", stream.Standard, tt.option)
		check("Listen", err)
		_, err = listen.NewListener(newPipeListener(), stream.Standard, tt.option)
		check("NewListener", err)
		check("Handler", panicOf(func() { listen.Handler(stream.Standard, serveNothing, tt.option) }))
	}
}

// panicOf returns the error with which f panics, or nil.
func panicOf(f func()) (err error) {
	defer func() { err, _ = recover().(error) }()
	f()
	return nil
}

func TestZeroModeIsRefused(t *testing.T) {
	var zero stream.Mode[*stream.Reader]
	var arg *stream.ArgumentError
	w := newFakeWriter("")
	if _, err := listen.Upgrade(w, parse(t, proper+"\r\n"), zero); !errors.As(err, &arg) || w.Code != 500 {
		t.Errorf("Upgrade: error is %v, status %d", err, w.Code)
	}
	if _, err := listen.Listen("tcp", "127.0.0.1:0", zero); !errors.As(err, &arg) {
		t.Errorf("Listen: error is %v", err)
	}
	if err := panicOf(func() { listen.Handler(zero, serveNothing) }); !errors.As(err, &arg) {
		t.Errorf("Handler: panic with %v", err)
	}
}

func TestImpossibleListenerIsRefused(t *testing.T) {
	var arg *stream.ArgumentError
	for _, network := range []string{"", "udp", "unixpacket", "unixgram", "ip"} {
		if _, err := listen.Listen(network, "127.0.0.1:0", stream.Standard); !errors.As(err, &arg) {
			t.Errorf("network %q: error is %v", network, err)
		}
	}
	if _, err := listen.NewListener(nil, stream.Standard); !errors.As(err, &arg) {
		t.Errorf("no listener: error is %v", err)
	}
	if err := panicOf(func() { listen.Handler[*stream.Reader](stream.Standard, nil) }); !errors.As(err, &arg) || arg.Func != "listen.Handler" {
		t.Errorf("no function: panic with %v", err)
	}
}

func TestAListenerIsOfNoGroup(t *testing.T) {
	var arg *stream.ArgumentError
	if _, err := listen.Listen("tcp", "127.0.0.1:0", stream.Standard, listen.Join(new(listen.Group))); !errors.As(err, &arg) {
		t.Errorf("error is %v, want an ArgumentError", err)
	}
}
