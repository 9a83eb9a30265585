package listen_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

type outcome struct {
	conn *stream.Conn[*stream.Reader]
	err  error
}

// upgrader returns a server that upgrades every request, and what came of it.
func upgrader(t *testing.T, wrap func(http.ResponseWriter) http.ResponseWriter, opts ...listen.Option) (net.Addr, <-chan outcome) {
	outcomes := make(chan outcome, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := listen.Upgrade(wrap(w), r, stream.Standard, opts...)
		if err == nil {
			t.Cleanup(func() { conn.Abort() })
		}
		outcomes <- outcome{conn, err}
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr(), outcomes
}

func plain(w http.ResponseWriter) http.ResponseWriter { return w }

func TestResponseIsOneWrite(t *testing.T) { // RFC 6455, section 4.2.2
	values := []string{"2", "3"}
	h := http.Header{"x-b": values, "Set-Cookie": {"a=b"}}
	w := newFakeWriter("")
	w.Header().Set("X-Middleware", "x")
	opts := []listen.Option{listen.Header(h), listen.Subprotocols("v2")}
	values[0] = "changed"
	conn, err := listen.Upgrade(w, parse(t, proper+"Sec-WebSocket-Protocol: v1, v2\r\n\r\n"), stream.Standard, opts...)
	if err != nil {
		t.Fatal(err)
	}
	want := switching + "Sec-WebSocket-Protocol: v2\r\nSet-Cookie: a=b\r\nX-B: 2\r\nX-B: 3\r\n\r\n"
	if got := w.conn.String(); got != want || w.conn.writes != 1 {
		t.Errorf("%d writes of %q, want one of %q", w.conn.writes, got, want)
	}
	conn.Abort()
	if !w.conn.closed {
		t.Error("the connection was not closed")
	}
}

func TestFramesBehindTheRequestAreKept(t *testing.T) {
	for split := range len(helloFrame) + 1 {
		addr, outcomes := upgrader(t, plain)
		c := connect(t, addr, proper+"\r\n"+helloFrame[:split])
		c.opened(t)
		io.WriteString(c, helloFrame[split:])
		o := <-outcomes
		if o.err != nil {
			t.Fatal(o.err)
		}
		receiveHello(t, o.conn)
	}
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

func TestConnectionKnowsTheRequest(t *testing.T) {
	addr, outcomes := upgrader(t, plain, stream.MaxMessageSize(7))
	connect(t, addr, proper+"X-A: b\r\n\r\n").opened(t)
	o := <-outcomes
	if o.err != nil {
		t.Fatal(o.err)
	}
	if got := o.conn.Handshake().Header.Get("X-A"); got != "b" {
		t.Errorf("X-A is %q, want b", got)
	}
	if !o.conn.IsServer() || o.conn.MaxMessageSize() != 7 || o.conn.TLS() != nil {
		t.Errorf("server: %t, limit: %d, TLS: %v", o.conn.IsServer(), o.conn.MaxMessageSize(), o.conn.TLS())
	}
}

func TestUnmaskedFramesAreAllowedOnlyByOption(t *testing.T) { // RFC 6455, section 5.1
	const unmasked = "\x81\x05hello"
	addr, outcomes := upgrader(t, plain, listen.AllowUnmasked())
	connect(t, addr, proper+"\r\n"+unmasked).opened(t)
	receiveHello(t, (<-outcomes).conn)

	addr, outcomes = upgrader(t, plain)
	c := connect(t, addr, proper+"\r\n"+unmasked).opened(t)
	go (<-outcomes).conn.Receive(testContext(t))
	if first, payload := c.frame(t); first != 0x88 || !strings.HasPrefix(payload, "\x03\xea") {
		t.Errorf("frame is %x %q, want a close frame with 1002", first, payload)
	}
}

// within is how long a handshake may take, also on a busy machine, where what it bounded has to end soon.
const within = 2 * time.Second

func TestDeadlinesOfTheHTTPServerAreCleared(t *testing.T) {
	t.Parallel()
	outcomes := make(chan outcome, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := listen.Upgrade(w, r, stream.Standard, listen.HandshakeTimeout(within))
		outcomes <- outcome{conn, err}
	}))
	server.Config.ReadTimeout = within
	server.Config.WriteTimeout = within
	server.Start()
	defer server.Close()
	c := connect(t, server.Listener.Addr(), proper+"\r\n").opened(t)
	o := <-outcomes
	if o.err != nil {
		t.Fatal(o.err)
	}
	defer o.conn.Abort()
	time.Sleep(within + 100*time.Millisecond)
	io.WriteString(c, helloFrame)
	receiveHello(t, o.conn)
	if err := o.conn.WriteText(testContext(t), "hi"); err != nil {
		t.Error(err)
	}
}

func TestUpgradeOverHTTP2IsRefused(t *testing.T) {
	errs := make(chan error, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := listen.Upgrade(w, r, stream.Standard)
		errs <- err
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	defer server.Client().CloseIdleConnections()
	response, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	if response.ProtoMajor != 2 || response.StatusCode != 505 || !strings.Contains(string(body), "HTTP/2.0") {
		t.Errorf("response over %s is %d %q", response.Proto, response.StatusCode, body)
	}
	if refused := new(listen.Error); !errors.As(<-errs, &refused) {
		t.Error("no Error was returned")
	}
}

func TestUpgradeOverTLSKnowsItsState(t *testing.T) {
	outcomes := make(chan outcome, 1)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := listen.Upgrade(w, r, stream.Standard)
		outcomes <- outcome{conn, err}
	}))
	defer server.Close()
	conn, err := tls.Dial("tcp", server.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	newClient(t, conn, proper+"\r\n"+helloFrame).opened(t)
	o := <-outcomes
	if o.err != nil {
		t.Fatal(o.err)
	}
	defer o.conn.Abort()
	if state := o.conn.TLS(); state == nil || !state.HandshakeComplete {
		t.Errorf("state of TLS is %+v", state)
	}
	receiveHello(t, o.conn)
}

// failing is a response writer whose connection cannot be written to.
type failing struct{ *fakeWriter }

type failingConn struct{ *fakeConn }

var errFailing = errors.New("cannot write")

func (failingConn) Write([]byte) (int, error) { return 0, errFailing }

func (w failing) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	_, rw, err := w.fakeWriter.Hijack()
	return failingConn{w.conn}, rw, err
}

func TestConnectionIsClosedIfTheResponseCannotBeSent(t *testing.T) {
	w := failing{newFakeWriter("")}
	_, err := listen.Upgrade(w, parse(t, proper+"\r\n"), stream.Standard)
	if !errors.Is(err, errFailing) || !strings.HasPrefix(err.Error(), "listen: ") || !w.conn.closed {
		t.Errorf("error is %v, closed: %t", err, w.conn.closed)
	}
}

// unhijackable is a response writer whose connection cannot be taken over.
type unhijackable struct {
	*fakeWriter
	err error
}

func (w unhijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, w.err }

func TestFailureToTakeOverIsReported(t *testing.T) {
	w := unhijackable{newFakeWriter(""), errFailing}
	_, err := listen.Upgrade(w, parse(t, proper+"\r\n"), stream.Standard)
	var refused *listen.Error
	if !errors.As(err, &refused) || !errors.Is(err, errFailing) || w.Code != 500 || w.Body.Len() == 0 {
		t.Errorf("error is %v, response %d %q", err, w.Code, w.Body.String())
	}
	w = unhijackable{newFakeWriter(""), http.ErrHijacked}
	_, err = listen.Upgrade(w, parse(t, proper+"\r\n"), stream.Standard)
	if errors.As(err, &refused) || !errors.Is(err, http.ErrHijacked) || w.Body.Len() > 0 {
		t.Errorf("error is %v, response %d %q", err, w.Code, w.Body.String())
	}
}
