package listen_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// A bareListener returns connections that cannot be closed in one direction.
type bareListener struct{ net.Listener }

func (l bareListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return struct{ net.Conn }{conn}, err
}

func TestARefusalNeedsNoConnectionThatClosesOneWay(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan error, 1)
	l, err := listen.NewListener(bareListener{ln}, stream.Standard, listen.OnError(func(_ *http.Request, err error) { told <- err }))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	connect(t, ln.Addr(), proper+"X: "+strings.Repeat("x", 80<<10)) // which need not see the response: more has come than was read
	var refused *listen.Error
	if err := <-told; !errors.As(err, &refused) || refused.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("told is %v", err)
	}
}

func TestAListenerTakesConnectionsThatAreTLSAlready(t *testing.T) {
	cert, roots := wstest.Certificate(t, "a.example")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := listen.NewListener(tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{cert}}), stream.Standard)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := tls.Dial("tcp", ln.Addr().String(), &tls.Config{RootCAs: roots, ServerName: "a.example"})
	if err != nil {
		t.Fatal(err)
	}
	newClient(t, conn, proper+"\r\n").opened(t)
	if c := acceptFrom(t, l); c.TLS() == nil {
		t.Error("the connection does not know of TLS")
	}
}

func TestAnAddressOverHTTP2IsWhatMiddlewareMakesOfIt(t *testing.T) {
	addrs := make(chan net.Addr, 1)
	handler := listen.Handler(stream.Standard, func(_ *http.Request, c *conn) error {
		addrs <- c.RemoteAddr()
		return nil
	})
	h := dialHTTP2(t, false, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = "somebody"
		handler.ServeHTTP(w, r)
	}))
	h.Connect("/").Opened()
	if addr := <-addrs; addr.String() != "somebody" || addr.Network() != "unknown" {
		t.Errorf("the address is %v %v", addr.Network(), addr)
	}
}

// A stuckListener returns a connection whose writes wait until it is closed.
type stuckListener struct {
	net.Listener
	writes chan struct{}
}

func (l stuckListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return &stuckConn{Conn: conn, writes: l.writes, closed: make(chan struct{})}, err
}

type stuckConn struct {
	net.Conn
	writes chan<- struct{}
	once   sync.Once
	closed chan struct{}
}

func (c *stuckConn) Write([]byte) (int, error) {
	c.writes <- struct{}{}
	<-c.closed
	return 0, net.ErrClosed
}

func (c *stuckConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

func TestAGroupCutsAHandshakeWhoseResponseWaits(t *testing.T) {
	var group listen.Group
	server := httptest.NewUnstartedServer(listen.Handler(stream.Standard, serveNothing, listen.Join(&group)))
	writes := make(chan struct{}, 1)
	server.Listener = stuckListener{server.Listener, writes}
	server.Start()
	defer server.Close()
	c := connect(t, server.Listener.Addr(), proper+"\r\n")
	<-writes
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := group.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v, want context.DeadlineExceeded", err)
	}
	if !c.ended() {
		t.Error("the connection is open")
	}
	if !eventually(t, func() bool { return group.Known() == 0 }) {
		t.Error("the group knows the connection")
	}
}

// An unclosable listener cannot be closed well.
type unclosable struct{ net.Listener }

var errUnclosable = errors.New("unclosable")

func (l unclosable) Close() error {
	l.Listener.Close()
	return errUnclosable
}

func TestCloseTellsWhatIsWrongWithTheListenerBelow(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := listen.NewListener(unclosable{ln}, stream.Standard)
	if err != nil {
		t.Fatal(err)
	}
	connect(t, ln.Addr(), proper+"\r\n").opened(t)
	acceptFrom(t, l)
	accepted := make(chan error, 1)
	go func() {
		_, err := l.Accept(testContext(t))
		accepted <- err
	}()
	if err := l.Close(); !errors.Is(err, errUnclosable) || err.Error() != "listen: unclosable" {
		t.Errorf("Close: %v", err)
	}
	if err := <-accepted; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept: %v", err)
	}
}
