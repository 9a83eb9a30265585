package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/examples/relay/clients"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard)
	goleak.VerifyTestMain(m)
}

type conn = stream.Conn[stream.Frame]

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// plenty are limits that no test meets by chance.
var plenty = clients.Limits{Connections: 100, Rate: 1 << 40, Message: 1 << 24}

// newTestRelay returns a relay to the address for alice and bob.
func newTestRelay(t *testing.T, behind string, l clients.Limits) *relay {
	t.Helper()
	all, err := clients.Parse("alice=secret bob=other", l)
	if err != nil {
		t.Fatal(err)
	}
	return newRelay(&url.URL{Scheme: "ws", Host: behind}, all, l)
}

// relayTo runs a relay to the address until stop is called, or the test ends.
func relayTo(t *testing.T, behind string) (addr string, stop func()) {
	t.Helper()
	return serveRelay(t, newTestRelay(t, behind, plenty), "")
}

// serveRelay serves x until stop is called, or the test ends, with TLS if there is a file with a certificate and its key.
func serveRelay(t *testing.T, x *relay, certificate string) (addr string, stop func()) {
	t.Helper()
	ln, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- x.serve(ctx, ln, certificate, certificate) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return ln.Addr().String(), stop
}

// token is the option that shows a token.
func token(of string) dial.Option {
	return dial.Header(http.Header{"Authorization": {"Bearer " + of}})
}

// listenBehind returns the server behind a relay.
func listenBehind(t *testing.T) *listen.Listener[stream.Frame] {
	t.Helper()
	l, err := listen.Listen("tcp", "localhost:0", stream.Frames, listen.Subprotocols("b", "c"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// connect returns both ends of a connection that a relay is between.
func connect(t *testing.T) (client, server *conn, stop func()) {
	t.Helper()
	l := listenBehind(t)
	addr, stop := relayTo(t, l.Addr().String())
	client, err := dial.Dial(testContext(t), "ws://"+addr+"/a%2Fb?c=d", stream.Frames, token("secret"), dial.Subprotocols("a", "b", "c"))
	if err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(testContext(t)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Abort()
		server.Abort()
	})
	return client, server, stop
}

func TestWhatIsAskedForIsHandedOn(t *testing.T) {
	client, server, _ := connect(t)
	if got := server.Handshake().Resource; got != "/a%2Fb?c=d" {
		t.Errorf("the server is asked for %s", got)
	}
	if client.Subprotocol() != "b" || server.Subprotocol() != "b" {
		t.Errorf("the subprotocols are %q and %q", client.Subprotocol(), server.Subprotocol())
	}
}

func TestFramesKeepTheirBoundaries(t *testing.T) {
	client, server, _ := connect(t)
	euro := "€"
	frames := []stream.Frame{
		{Fin: true, Opcode: opcode.Text},
		{Opcode: opcode.Text, Payload: []byte(euro[:1])},
		{Opcode: opcode.Continuation},
		{Opcode: opcode.Continuation, Payload: []byte(euro[1:])},
		{Fin: true, Opcode: opcode.Continuation},
		{Fin: true, Opcode: opcode.Binary, Payload: make([]byte, 1<<20)},
		{Opcode: opcode.Binary, Payload: []byte("end")},
		{Fin: true, Opcode: opcode.Continuation, Payload: make([]byte, 70000)},
	}
	for name, ends := range map[string][2]*conn{"to the server": {client, server}, "to the client": {server, client}} {
		from, to := ends[0], ends[1]
		go func() {
			for _, f := range frames {
				if err := from.WriteFrame(testContext(t), f); err != nil {
					t.Error(err)
				}
			}
		}()
		var got []stream.Frame
		for range frames {
			f, err := to.Receive(testContext(t))
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, f)
		}
		if diff := cmp.Diff(frames, got, cmp.Comparer(bytes.Equal)); diff != "" {
			t.Errorf("%s (-sent +received):\n%.1000s", name, diff)
		}
	}
}

func TestTheCodeAndReasonOfClosingAreHandedOn(t *testing.T) {
	for _, end := range []stream.CloseError{
		{Code: closecode.NormalClosure, Reason: "done"}, {Code: closecode.NoStatus}, {Code: 4000, Reason: strings.Repeat("x", 123)},
		{Code: closecode.GoingAway}, {Code: closecode.InternalError, Reason: "größer"},
	} {
		for _, byServer := range []bool{false, true} {
			from, to, _ := connect(t)
			if byServer {
				from, to = to, from
			}
			ended := make(chan error, 1)
			go func() { ended <- from.Shutdown(testContext(t), end.Code, end.Reason) }()
			_, err := to.Receive(testContext(t))
			var got *stream.CloseError
			if !errors.As(err, &got) || *got != end {
				t.Errorf("by the server %v: the end is %v, want %v", byServer, err, end)
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}
}

func TestALostConnectionIsLostAtTheOtherEnd(t *testing.T) {
	for _, byServer := range []bool{false, true} {
		from, to, _ := connect(t)
		if byServer {
			from, to = to, from
		}
		if err := from.WriteFrame(testContext(t), stream.Frame{Opcode: opcode.Text, Payload: []byte("half")}); err != nil {
			t.Error(err)
		}
		if f, err := to.Receive(testContext(t)); err != nil || f.Fin || string(f.Payload) != "half" {
			t.Errorf("got %v, %v", f, err)
		}
		from.Abort()
		_, err := to.Receive(testContext(t))
		if !errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, new(*stream.CloseError)) {
			t.Errorf("by the server %v: the end is %v", byServer, err)
		}
	}
}

func TestARelayThatEndsTellsBothSides(t *testing.T) {
	client, server, stop := connect(t)
	ended := make(chan error, 2)
	for _, c := range []*conn{client, server} {
		go func() {
			_, err := c.Receive(testContext(t))
			ended <- err
		}()
	}
	stop()
	for range cap(ended) {
		var closed *stream.CloseError
		if err := <-ended; !errors.As(err, &closed) || closed.Code != closecode.GoingAway {
			t.Errorf("the end is %v, want 1001", err)
		}
	}
}

func TestClientsAreToldThatTheServerIsNotThere(t *testing.T) {
	l := listenBehind(t)
	addr, _ := relayTo(t, l.Addr().String())
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, addr, http.StatusBadGateway, token("secret"))
	response, err := http.Get("http://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("the status is %s, want 426", response.Status)
	}
}

func TestNoRequestLeadsElsewhere(t *testing.T) {
	l := listenBehind(t)
	addr, _ := relayTo(t, l.Addr().String())
	elsewhere, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer elsewhere.Close()
	for _, target := range []string{"http:@" + elsewhere.Addr().String() + "/", "http://" + elsewhere.Addr().String() + "/", "//" + elsewhere.Addr().String()} {
		client, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(client, "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer secret\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", target, addr)
		conn, err := l.Accept(testContext(t))
		if err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		conn.Abort()
		client.Close()
	}
	if err := elsewhere.(*net.TCPListener).SetDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := elsewhere.Accept(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a request has led elsewhere: %v", err)
	}
}
