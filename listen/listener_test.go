package listen_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

type listener = listen.Listener[*stream.Reader]

func listenAt(t testing.TB, network, address string, opts ...listen.Option) *listener {
	t.Helper()
	l, err := listen.Listen(network, address, stream.Standard, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func listenLocally(t testing.TB, opts ...listen.Option) *listener {
	t.Helper()
	return listenAt(t, "tcp", "127.0.0.1:0", opts...)
}

func acceptFrom(t testing.TB, l *listener) *conn {
	t.Helper()
	conn, err := l.Accept(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestListenerAccepts(t *testing.T) {
	cert, roots := wstest.Certificate(t, "example.com")
	secure := &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}}
	tests := []struct {
		name, network, address string
		opts                   []listen.Option
		tls                    bool
	}{
		{"TCP", "tcp", "127.0.0.1:0", nil, false},
		{"UNIX", "unix", filepath.Join(t.TempDir(), "s"), nil, false},
		{"TLS", "tcp", "127.0.0.1:0", []listen.Option{listen.TLSConfig(secure)}, true},
		{"TLS over UNIX", "unix", filepath.Join(t.TempDir(), "s"), []listen.Option{listen.TLSConfig(secure)}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := listenAt(t, tt.network, tt.address, tt.opts...)
			nc, err := net.Dial(l.Addr().Network(), l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			if tt.tls {
				nc = tls.Client(nc, &tls.Config{RootCAs: roots, ServerName: "example.com", NextProtos: []string{"h2", "http/1.1"}})
			}
			c := newClient(t, nc, proper+"\r\n"+helloFrame).opened(t)
			conn := acceptFrom(t, l)
			receiveHello(t, conn)
			if err := conn.WriteText(testContext(t), "hi"); err != nil {
				t.Fatal(err)
			}
			if first, payload := c.frame(t); first != 0x81 || payload != "hi" {
				t.Errorf("frame is %x %q", first, payload)
			}
			if state := conn.TLS(); (state != nil) != tt.tls || tt.tls && state.NegotiatedProtocol != "http/1.1" {
				t.Errorf("state of TLS is %+v", state)
			}
		})
	}
}

func TestListenerChecksRequests(t *testing.T) {
	l := listenLocally(t, listen.Subprotocols("v1"), listen.Origins("example.org"))
	response, body := connect(t, l.Addr(), requestLine+host+"\r\n").response(t)
	if response.StatusCode != 426 || response.Header.Get("Upgrade") != "websocket" || body == "" {
		t.Errorf("response is %d %v %q", response.StatusCode, response.Header, body)
	}
	response, _ = connect(t, l.Addr(), proper+"Origin: https://example.net\r\n\r\n").response(t)
	if response.StatusCode != 403 {
		t.Errorf("status is %d, want 403", response.StatusCode)
	}
	connect(t, l.Addr(), proper+"Origin: https://example.org\r\nSec-WebSocket-Protocol: v1\r\n\r\n").opened(t)
	if got := acceptFrom(t, l).Subprotocol(); got != "v1" {
		t.Errorf("subprotocol is %q, want v1", got)
	}
}

func TestListenerEndsTheConnectionWithARefusal(t *testing.T) {
	l := listenLocally(t)
	c := connect(t, l.Addr(), requestLine+host+"\r\n")
	text, err := io.ReadAll(c.r)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{ // the field Upgrade must be named, too (RFC 9110, section 7.8)
		"HTTP/1.1 426 Upgrade Required\r\n", "\r\nConnection: close\r\n", "\r\nConnection: Upgrade\r\n",
	} {
		if !strings.Contains(string(text), line) {
			t.Errorf("response is %q, want %q in it", text, line)
		}
	}
}

func TestAcceptObeysItsContext(t *testing.T) {
	l := listenLocally(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := l.Accept(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v, want context.DeadlineExceeded", err)
	}
	connect(t, l.Addr(), proper+"\r\n").opened(t)
	if _, err := l.Accept(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v, want context.DeadlineExceeded", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	conn, err := l.Accept(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if !conn.Connected() {
		t.Error("the context of Accept has ended the connection")
	}
}

func TestAllEndsSilentlyWithTheListener(t *testing.T) {
	l := listenLocally(t)
	connect(t, l.Addr(), proper+"\r\n").opened(t)
	connect(t, l.Addr(), proper+"\r\n").opened(t)
	n := 0
	for _, err := range l.All(testContext(t)) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 2 {
			go l.Close()
		}
	}
	if n != 2 {
		t.Errorf("%d connections came, want 2", n)
	}
}

func TestAllYieldsTheErrorOfItsContext(t *testing.T) {
	l := listenLocally(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var errs []error
	for _, err := range l.All(ctx) {
		errs = append(errs, err)
	}
	if len(errs) != 1 || !errors.Is(errs[0], context.Canceled) {
		t.Errorf("errors are %v, want context.Canceled once", errs)
	}
}

// brokenListener is a listener that fails.
type brokenListener struct{ *pipeListener }

var errBroken = errors.New("broken")

func (brokenListener) Accept() (net.Conn, error) { return nil, errBroken }

func TestAcceptTellsWhyListeningHasFailed(t *testing.T) {
	l, err := listen.NewListener(brokenListener{newPipeListener()}, stream.Standard)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := l.Accept(testContext(t)); !errors.Is(err, errBroken) || !strings.HasPrefix(err.Error(), "listen: ") {
			t.Errorf("error is %v, want that of the listener", err)
		}
	}
	l.Close()
	if _, err := l.Accept(testContext(t)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("error is %v, want net.ErrClosed", err)
	}
}

func TestListenReportsWhatFails(t *testing.T) {
	l := listenLocally(t)
	_, err := listen.Listen("tcp", l.Addr().String(), stream.Standard)
	var op *net.OpError
	if !errors.As(err, &op) || !strings.HasPrefix(err.Error(), "listen: ") {
		t.Errorf("error is %v, want a net.OpError", err)
	}
}

func TestListenerObeysTheOptionsOfConnections(t *testing.T) {
	l := listenLocally(t, listen.AllowUnmasked(), stream.MaxMessageSize(7))
	connect(t, l.Addr(), proper+"\r\n"+"\x81\x05hello").opened(t)
	conn := acceptFrom(t, l)
	receiveHello(t, conn)
	if got := conn.MaxMessageSize(); got != 7 {
		t.Errorf("limit is %d, want 7", got)
	}
}

func TestHandshakeTimeoutDropsSlowClients(t *testing.T) {
	cert, _ := wstest.Certificate(t, "example.com")
	tests := []struct {
		name, text string
		opts       []listen.Option
	}{
		{"nothing", "", nil},
		{"half a request", proper, nil},
		{"no body", requestLine + host + "Content-Length: 9\r\n\r\n", nil},
		{"no next request", requestLine + host + "\r\n", nil},
		{"no TLS", "", []listen.Option{listen.TLSConfig(&tls.Config{Certificates: []tls.Certificate{cert}})}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := listenLocally(t, append(tt.opts, listen.HandshakeTimeout(50*time.Millisecond))...)
			c := connect(t, l.Addr(), tt.text)
			if _, err := io.Copy(io.Discard, c.r); errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
				t.Errorf("the connection is open: %v", err)
			}
		})
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func TestLongRequestIsRefused(t *testing.T) {
	l := listenLocally(t)
	c := connect(t, l.Addr(), proper+"X: ")
	go io.WriteString(c, strings.Repeat("x", 80<<10))
	if response, _ := c.response(t); response.StatusCode != 431 {
		t.Errorf("status is %d, want 431", response.StatusCode)
	}
}

func TestListenerForgetsConnectionsThatHaveEnded(t *testing.T) {
	l := listenLocally(t)
	connect(t, l.Addr(), proper+"\r\n").opened(t)
	conn := acceptFrom(t, l)
	if n := l.Known(); n != 1 {
		t.Errorf("%d connections are known, want 1", n)
	}
	conn.Abort()
	if n := l.Known(); n != 0 {
		t.Errorf("%d connections are known, want none", n)
	}
}
