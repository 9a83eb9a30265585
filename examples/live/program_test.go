package main

import (
	"bytes"
	"context"
	"image/jpeg"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/stream"
)

func TestThePageIsServed(t *testing.T) {
	_, addr, _ := serveFeed(t)
	defer http.DefaultClient.CloseIdleConnections()
	response, err := http.Get("http://" + addr + "/")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if got := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || !strings.HasPrefix(got, "text/html") {
		t.Errorf("%s, %s", response.Status, got)
	}
}

// A request whose body does not come has the HTTP server wait for it, in vain.
func TestViewersHearOfTheEndAlthoughARequestDoesNotEnd(t *testing.T) {
	_, addr, stop := serveFeed(t)
	v := watch(t, addr)
	request, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer request.Close()
	if _, err := io.WriteString(request, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	for range v.All(testContext(t)) {
	}
	if code := stream.CloseCode(v.Err()); code != closecode.GoingAway {
		t.Errorf("the end is %v, want 1001", v.Err())
	}
	io.WriteString(request, "x")
	<-stopped
}

func TestTheCameraFilmsUntilTheEnd(t *testing.T) {
	f, err := newFeed(nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(testContext(t))
	filmed := make(chan error, 1)
	go func() { filmed <- f.film(ctx, time.Millisecond, draw) }()
	await(t, "nothing is filmed", func() bool { return f.newest.Load().number > 2 })
	cancel()
	if err := <-filmed; err != nil {
		t.Error(err)
	}
	data, err := draw()
	if err != nil {
		t.Fatal(err)
	}
	if config, err := jpeg.DecodeConfig(bytes.NewReader(data)); err != nil || config.Width != width || config.Height != height {
		t.Errorf("%+v, %v", config, err)
	}
}

func TestTheProgramEndsInOrder(t *testing.T) {
	ctx, stop := context.WithCancel(testContext(t))
	stop()
	if err := run(ctx, "localhost:0", time.Millisecond, draw); err != nil {
		t.Error(err)
	}
	if err := run(ctx, "no address", time.Millisecond, draw); err == nil {
		t.Error("it listens nowhere, and does not say so")
	}
	if err := run(ctx, "localhost:0", 0, draw); err == nil {
		t.Error("an interval of nothing is taken")
	}
}
