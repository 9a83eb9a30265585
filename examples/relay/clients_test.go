package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/examples/relay/clients"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// wantRefused wants the relay at addr to answer a handshake with the status.
func wantRefused(t *testing.T, addr string, status int, opts ...dial.Option) {
	t.Helper()
	_, err := dial.Dial(testContext(t), "ws://"+addr, stream.Frames, opts...)
	var answer *dial.Error
	if !errors.As(err, &answer) || answer.StatusCode != status {
		t.Fatalf("the error is %v, want status %d", err, status)
	}
	if got, want := answer.Header.Get("WWW-Authenticate") != "", status == http.StatusUnauthorized; got != want {
		t.Errorf("status %d says how to authenticate: %v", status, got)
	}
}

func TestOnlyThoseWithATokenAreLetIn(t *testing.T) {
	l := listenBehind(t)
	addr, _ := relayTo(t, l.Addr().String())
	wantRefused(t, addr, http.StatusUnauthorized)
	for _, value := range []string{"", "secret", "Bearer", "Bearer ", "Bearer wrong", "Bearer secrets", "Basic secret"} {
		wantRefused(t, addr, http.StatusUnauthorized, dial.Header(http.Header{"Authorization": {value}}))
	}
	for want, shown := range map[string]string{"alice": "Bearer secret", "bob": "bearer other"} {
		header := http.Header{"Authorization": {shown}, "Relay-Client": {"mallory"}, "Cookie": {"a=b"}}
		client, err := dial.Dial(testContext(t), "ws://"+addr, stream.Frames, dial.Header(header))
		if err != nil {
			t.Fatal(err)
		}
		server, err := l.Accept(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		header = server.Handshake().Header
		if got := header.Values("Relay-Client"); len(got) != 1 || got[0] != want {
			t.Errorf("the server hears of %q, want %s", got, want)
		}
		if header.Get("Authorization") != "" || header.Get("Cookie") != "" {
			t.Errorf("the server gets more: %v", header)
		}
		client.Abort()
		server.Abort()
	}
}

func TestTheConnectionsOfAClientAreBounded(t *testing.T) {
	l := listenBehind(t)
	some := plenty
	some.Connections = 2
	addr, _ := serveRelay(t, newTestRelay(t, l.Addr().String(), some), "")
	open := func(of string) (*conn, error) {
		client, err := dial.Dial(testContext(t), "ws://"+addr, stream.Frames, token(of))
		if err == nil {
			t.Cleanup(func() { client.Abort() })
		}
		return client, err
	}
	first, err := open("secret")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open("secret"); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, addr, http.StatusTooManyRequests, token("secret"))
	if _, err := open("other"); err != nil {
		t.Errorf("another client: %v", err)
	}
	first.Abort()
	for { // until the relay has noticed
		_, err := open("secret")
		var answer *dial.Error
		if err == nil {
			break
		}
		if !errors.As(err, &answer) || answer.StatusCode != http.StatusTooManyRequests {
			t.Fatal(err)
		}
	}
	l.Close() // and with it, its ends of the connections
}

// connectWithin returns both ends of a connection that a relay is between which has such limits.
func connectWithin(t *testing.T, some clients.Limits, opts ...dial.Option) (client, server *conn, stop func()) {
	t.Helper()
	l := listenBehind(t)
	addr, stop := serveRelay(t, newTestRelay(t, l.Addr().String(), some), "")
	client, err := dial.Dial(testContext(t), "ws://"+addr, stream.Frames, append(opts, token("secret"))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Abort() })
	if server, err = l.Accept(testContext(t)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Abort() })
	return client, server, stop
}

func TestAMessageOverTheLimitEndsTheConnection(t *testing.T) {
	some := plenty
	some.Message = 1000
	client, server, _ := connectWithin(t, some)
	for _, size := range []int{1000, 999, 2} { // the last two are a message
		f := stream.Frame{Fin: size != 999, Opcode: opcode.Binary, Payload: make([]byte, size)}
		if size == 2 {
			f.Opcode = opcode.Continuation
		}
		if err := client.WriteFrame(testContext(t), f); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.Receive(testContext(t)); stream.CloseCode(err) != closecode.MessageTooBig {
		t.Errorf("the client's end is %v, want 1009", err)
	}
	for _, size := range []int{1000, 999} {
		if f, err := server.Receive(testContext(t)); err != nil || len(f.Payload) != size {
			t.Fatalf("the server gets %d bytes, %v; want %d", len(f.Payload), err, size)
		}
	}
	if _, err := server.Receive(testContext(t)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the server's end is %v", err)
	}
}

func TestWhatIsFasterIsHeldBackAndNothingIsLost(t *testing.T) {
	some := plenty
	some.Rate = 1000
	client, server, stop := connectWithin(t, some)
	send := func(size int) {
		t.Helper()
		if err := client.WriteFrame(testContext(t), stream.Frame{Fin: true, Opcode: opcode.Binary, Payload: make([]byte, size)}); err != nil {
			t.Fatal(err)
		}
	}
	want := func(size int) {
		t.Helper()
		if f, err := server.Receive(testContext(t)); err != nil || len(f.Payload) != size {
			t.Fatalf("%d bytes, %v; want %d", len(f.Payload), err, size)
		}
	}
	for range 3 {
		send(500)
	}
	for range 3 {
		want(500)
	}
	const hour = 3600 * 1000
	send(hour)
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if f, err := server.Receive(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%d bytes, %v; want nothing for an hour", len(f.Payload), err)
	}

	// What is held goes out when the relay ends, and holds up nothing.
	ended := make(chan error, 1)
	go func() {
		_, err := client.Receive(testContext(t))
		ended <- err
	}()
	go stop()
	want(hour)
	for _, err := range []error{<-ended, errOf(server.Receive(testContext(t)))} {
		if stream.CloseCode(err) != closecode.GoingAway {
			t.Errorf("the end is %v, want 1001", err)
		}
	}
	stop()
}

func TestPingsAreHeldBackAsWell(t *testing.T) {
	some := plenty
	some.Rate = 10
	answered := make(chan struct{}, 100)
	count := stream.WithTrace(&stream.Trace{PongReceived: func([]byte) { answered <- struct{}{} }})
	client, server, _ := connectWithin(t, some, count)
	ended := make(chan error, 1)
	go func() { ended <- errOf(client.Receive(testContext(t))) }()
	for range cap(answered) { // for 23 minutes
		if err := client.Ping(testContext(t), make([]byte, 125)); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(100 * time.Millisecond) // in which nothing is to happen
	if n := len(answered); n > 10 {
		t.Errorf("%d pings are answered at once", n)
	}

	// They hold up nothing when the connection ends.
	server.Abort()
	if err := <-ended; !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the end is %v", err)
	}
}

func errOf(_ stream.Frame, err error) error { return err }
