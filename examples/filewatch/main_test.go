package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// write has the file hold the text, in one go.
func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name+".new", []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		t.Fatal(err)
	}
}

func TestAFileIsSentWheneverItChanges(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	ln, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(testContext(t))
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, ln, watch{name, time.Millisecond}) }()
	defer stop()

	var clients []*stream.Conn[stream.Message]
	for range 3 {
		conn, err := dial.Dial(testContext(t), "ws://"+ln.Addr().String()+"/watch", stream.Simple)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Abort()
		clients = append(clients, conn)
	}
	want := func(text string) {
		t.Helper()
		for _, conn := range clients {
			if msg, err := conn.Receive(testContext(t)); err != nil || !strings.HasPrefix(msg.String(), text) {
				t.Fatalf("got %.100q, %v; want %q", msg, err, text)
			}
		}
	}
	want("open ") // there is none
	write(t, name, "one")
	want("one")
	write(t, name, "")
	want("")
	write(t, name, "größe \xff")
	want("größe ?")
	write(t, name, strings.Repeat("x", maxText)+"y")
	want(strings.Repeat("x", 100))

	if err := clients[0].WriteText(testContext(t), "is discarded"); err != nil {
		t.Error(err)
	}
	if err := clients[0].Shutdown(testContext(t), closecode.NormalClosure, ""); err != nil {
		t.Error(err)
	}
	clients = clients[1:]
	write(t, name, "still here")
	want("still here")

	go stop()
	for _, conn := range clients {
		_, err := conn.Receive(testContext(t))
		var closed *stream.CloseError
		if !errors.As(err, &closed) || closed.Code != closecode.GoingAway {
			t.Errorf("the end is %v, want 1001", err)
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestThePageIsServed(t *testing.T) {
	ln, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(testContext(t))
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, ln, watch{}) }()
	response, err := http.Get("http://" + ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if got := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || !strings.HasPrefix(got, "text/html") {
		t.Errorf("%s, %s", response.Status, got)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
