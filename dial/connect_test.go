package dial_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/stream"
)

// serve accepts one connection at ln, and answers the handshake and sends what follows in one write.
func serve(t *testing.T, ln net.Listener, follows string) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			io.WriteString(conn, filledIn(switching+"\r\n", r)+follows)
			io.Copy(io.Discard, conn)
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-done
	})
}

func listenTo(t *testing.T, network, address string) net.Listener {
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

func receiveHello(t *testing.T, conn *stream.Conn[*stream.Reader]) {
	t.Helper()
	msg, err := conn.Receive(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(msg); string(text) != "hello" || err != nil {
		t.Errorf("message is %q, %v", text, err)
	}
}

const helloFrame = "\x81\x05hello"

func TestDialOverTCP(t *testing.T) {
	ln := listenTo(t, "tcp", "127.0.0.1:0")
	serve(t, ln, helloFrame)
	conn, err := dial.Dial(testContext(t), "ws://"+ln.Addr().String()+"/a", stream.Standard)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Abort()
	receiveHello(t, conn)
	if conn.TLS() != nil || conn.RemoteAddr().String() != ln.Addr().String() {
		t.Errorf("connected to %v, TLS %v", conn.RemoteAddr(), conn.TLS())
	}
}

func TestDialOverUNIXSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a:b")
	serve(t, listenTo(t, "unix", path), helloFrame)
	conn, err := dial.Dial(testContext(t), "ws+unix://"+strings.ReplaceAll(path, ":", "%3A")+":/a", stream.Standard)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Abort()
	receiveHello(t, conn)
	if conn.Handshake().Resource != "/a" || conn.TLS() != nil {
		t.Errorf("asked for %q, TLS %v", conn.Handshake().Resource, conn.TLS())
	}
}

func TestDialOverUNIXSocketWithTLS(t *testing.T) {
	cert, roots := wstest.Certificate(t, "localhost", "example.com")
	for want, config := range map[string]*tls.Config{
		"localhost":   {RootCAs: roots},
		"example.com": {RootCAs: roots, ServerName: "example.com"},
	} {
		path := filepath.Join(t.TempDir(), "s")
		serve(t, tls.NewListener(listenTo(t, "unix", path), &tls.Config{Certificates: []tls.Certificate{cert}}), helloFrame)
		conn, err := dial.Dial(testContext(t), "wss+unix://"+path+":/a", stream.Standard, dial.TLSConfig(config))
		if err != nil {
			t.Fatal(err)
		}
		receiveHello(t, conn)
		if state := conn.TLS(); state == nil || state.ServerName != want {
			t.Errorf("state of TLS is %+v, want one for %s", state, want)
		}
		conn.Abort()
	}
}

func TestHostIsNotTheNameInTheCertificate(t *testing.T) {
	cert, roots := wstest.Certificate(t, "127.0.0.1")
	ln := tls.NewListener(listenTo(t, "tcp", "127.0.0.1:0"), &tls.Config{Certificates: []tls.Certificate{cert}})
	serve(t, ln, helloFrame)
	virtual := dial.Header(http.Header{"Host": {"virtual.example"}})
	conn, err := dial.Dial(testContext(t), "wss://"+ln.Addr().String(), stream.Standard, virtual, dial.TLSConfig(&tls.Config{RootCAs: roots}))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Abort()
	receiveHello(t, conn)
}

func TestDialOverTLS(t *testing.T) {
	cert, roots := wstest.Certificate(t, "127.0.0.1", "example.com")
	var hello *tls.ClientHelloInfo
	config := &tls.Config{
		Certificates: []tls.Certificate{cert},
		NextProtos:   []string{"h2", "http/1.1"},
		GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			hello = h
			return nil, nil
		},
	}
	ln := tls.NewListener(listenTo(t, "tcp", "127.0.0.1:0"), config)
	serve(t, ln, helloFrame)
	toServer := dial.NetDial(func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, ln.Addr().String())
	})
	conn, err := dial.Dial(testContext(t), "wss://example.com/", stream.Standard, toServer, dial.TLSConfig(&tls.Config{RootCAs: roots}))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Abort()
	receiveHello(t, conn)
	if state := conn.TLS(); state == nil || state.NegotiatedProtocol != "http/1.1" || state.ServerName != "example.com" {
		t.Errorf("state of TLS is %+v", state)
	}
	if hello.ServerName != "example.com" {
		t.Errorf("asked for the certificate of %q", hello.ServerName)
	}
}

func TestCertificateIsVerified(t *testing.T) {
	ours, _ := wstest.Certificate(t, "127.0.0.1")
	others, roots := wstest.Certificate(t, "example.com")
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	tests := []struct {
		name   string
		cert   tls.Certificate
		opts   []dial.Option
		target any
	}{
		{"no root", ours, nil, &unknown},
		{"no root, no config", ours, []dial.Option{dial.TLSConfig(nil)}, &unknown},
		{"other host", others, []dial.Option{dial.TLSConfig(&tls.Config{RootCAs: roots})}, &name},
	}
	for _, tt := range tests {
		ln := tls.NewListener(listenTo(t, "tcp", "127.0.0.1:0"), &tls.Config{Certificates: []tls.Certificate{tt.cert}})
		serve(t, ln, "")
		_, err := dial.Dial(testContext(t), "wss://"+ln.Addr().String(), stream.Standard, tt.opts...)
		if !errors.As(err, tt.target) || !strings.HasPrefix(err.Error(), "dial: TLS handshake with 127.0.0.1:") {
			t.Errorf("%s: error is %v, want a %T", tt.name, err, tt.target)
		}
	}
}

func TestHTTP2IsNotNegotiated(t *testing.T) {
	cert, roots := wstest.Certificate(t, "127.0.0.1")
	ln := tls.NewListener(listenTo(t, "tcp", "127.0.0.1:0"), &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}})
	serve(t, ln, "")
	config := &tls.Config{RootCAs: roots, NextProtos: []string{"h2"}}
	_, err := dial.Dial(testContext(t), "wss://"+ln.Addr().String(), stream.Standard, dial.TLSConfig(config))
	if err == nil || !strings.Contains(err.Error(), `"h2" instead of http/1.1`) {
		t.Errorf("error is %v", err)
	}
}

func TestConnectTimeoutBoundsTLS(t *testing.T) {
	ln := listenTo(t, "tcp", "127.0.0.1:0") // nobody accepts
	defer ln.Close()
	_, err := dial.Dial(testContext(t), "wss://"+ln.Addr().String(), stream.Standard, dial.ConnectTimeout(50*time.Millisecond))
	if !errors.Is(err, context.DeadlineExceeded) || !isTimeout(err) || !strings.HasPrefix(err.Error(), "dial: TLS handshake with") {
		t.Errorf("error is %v, want one that matches context.DeadlineExceeded", err)
	}
}

func TestFailureToConnectIsWrapped(t *testing.T) {
	ln := listenTo(t, "tcp", "127.0.0.1:0")
	ln.Close()
	_, err := dial.Dial(testContext(t), "ws://"+ln.Addr().String(), stream.Standard)
	_, refused := net.Dial("tcp", ln.Addr().String())
	var got, want *net.OpError
	if !errors.As(refused, &want) || !errors.As(err, &got) || got.Err.Error() != want.Err.Error() || !strings.HasPrefix(err.Error(), "dial: connecting to ") {
		t.Errorf("error is %v, want one as of net.Dial: %v", err, refused)
	}
	nothing := dial.NetDial(func(context.Context, string, string) (net.Conn, error) { return nil, nil })
	if _, err := dial.Dial(testContext(t), "ws://example.com", stream.Standard, nothing); err == nil {
		t.Error("no connection is no error")
	}
}

func TestContextHasNoEffectAfterwards(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	send := make(chan struct{})
	client := peer(t, func(conn net.Conn, r *http.Request) {
		io.WriteString(conn, filledIn(switching+"\r\n", r))
		<-send
		io.WriteString(conn, helloFrame)
		io.Copy(io.Discard, conn)
	})
	conn, err := dial.Handshake(ctx, client, "ws://example.com/", stream.Standard, dial.ConnectTimeout(20*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Abort()
	cancel()
	time.Sleep(50 * time.Millisecond)
	close(send)
	receiveHello(t, conn)
}

func TestFramesBehindTheResponseAreKept(t *testing.T) {
	for split := range len(helloFrame) + 1 {
		conn, err := handshakeOver(t, peer(t, func(conn net.Conn, r *http.Request) {
			io.WriteString(conn, filledIn(switching+"\r\n", r)+helloFrame[:split])
			io.WriteString(conn, helloFrame[split:])
			io.Copy(io.Discard, conn)
		}))
		if err != nil {
			t.Fatal(err)
		}
		receiveHello(t, conn)
		conn.Abort()
	}
}

func TestOptionsOfStreamReachTheConnection(t *testing.T) {
	conn, err := handshakeOver(t, answering(t, switching+"\r\n"), stream.MaxMessageSize(7), stream.IdleTimeout(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Abort()
	if conn.MaxMessageSize() != 7 || conn.IdleTimeout() != time.Hour {
		t.Errorf("limits are %d bytes and %v", conn.MaxMessageSize(), conn.IdleTimeout())
	}
}
