package listen_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// tunnel returns a client of HTTP that connects through WebSocket to url.
func tunnel(url string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := dial.Dial(ctx, url, stream.Standard)
			if err != nil {
				return nil, err
			}
			return stream.NetConn(conn, opcode.Binary)
		},
	}}
}

func get(client *http.Client) (string, error) {
	response, err := client.Get("http://example.com/")
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func TestAServerOfHTTPEndsInAnOrderlyWayOverANetListener(t *testing.T) {
	l := listenLocally(t)
	ln, err := listen.NetListener(l, opcode.Binary)
	if err != nil {
		t.Fatal(err)
	}
	asked, goOn := make(chan struct{}), make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-goOn
		io.WriteString(w, "hello")
	})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	client := tunnel("ws://" + ln.Addr().String())
	defer client.CloseIdleConnections()
	got := make(chan string, 1)
	go func() {
		text, err := get(client)
		if err != nil {
			t.Error(err)
		}
		got <- text
	}()
	<-asked
	ended := make(chan error, 1)
	go func() { ended <- server.Shutdown(testContext(t)) }()
	if err := <-served; err != http.ErrServerClosed { // whatever is open
		t.Error(err)
	}
	if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept: error is %v, want net.ErrClosed", err)
	}
	close(goOn)
	if text := <-got; text != "hello" {
		t.Errorf("response is %q", text)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestClosingANetListenerDropsWhatWasNotAccepted(t *testing.T) {
	l := listenLocally(t)
	ln, err := listen.NetListener(l, opcode.Binary)
	if err != nil {
		t.Fatal(err)
	}
	c := connect(t, l.Addr(), proper+"\r\n").opened(t)
	if !eventually(t, func() bool { return l.Queued() == 1 }) {
		t.Fatal("no connection waits")
	}
	if err := ln.Close(); err != nil {
		t.Error(err)
	}
	if !c.ended() {
		t.Error("the connection is open")
	}
	if err := ln.Close(); err != nil {
		t.Errorf("again: %v", err)
	}
}

func TestAnImpossibleNetListenerIsRefused(t *testing.T) {
	var arg *stream.ArgumentError
	if _, err := listen.NetListener(nil, opcode.Binary); !errors.As(err, &arg) {
		t.Errorf("nil: %v", err)
	}
	if _, err := listen.NetListener(listenLocally(t), opcode.Ping); !errors.As(err, &arg) {
		t.Errorf("Ping: %v", err)
	}
}

// A server of HTTP that is reached through WebSocket.
func ExampleNetListener() {
	l, err := listen.Listen("tcp", "127.0.0.1:0", stream.Standard, stream.IdleTimeout(0))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	ln, err := listen.NetListener(l, opcode.Binary)
	if err != nil {
		fmt.Println(err)
		return
	}
	go http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "hello through WebSocket")
	}))

	client := tunnel("ws://" + l.Addr().String()) // whose DialContext is dial.Dial and stream.NetConn
	defer client.CloseIdleConnections()
	fmt.Println(get(client))
	// Output: hello through WebSocket <nil>
}
