package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

func TestARelayEndsAlthoughTheServerDoesNotAnswer(t *testing.T) {
	silent, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	addr, stop := relayTo(t, silent.Addr().String())
	ended := make(chan error, 1)
	go func() {
		_, err := dial.Dial(testContext(t), "ws://"+addr, stream.Frames, token("secret"))
		ended <- err
	}()
	conn, err := silent.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	stop() // an error, if it waits for what does not come
	if err := <-ended; err == nil {
		t.Error("a client is let in")
	}
}

func TestWhatTheHandshakeIsRefusedForIsCounted(t *testing.T) {
	l := listenBehind(t)
	x := newTestRelay(t, l.Addr().String(), plenty)
	addr, _ := serveRelay(t, x, "")
	elsewhere := http.Header{"Authorization": {"Bearer secret"}, "Origin": {"https://example.com"}}
	wantRefused(t, addr, http.StatusForbidden, dial.Header(elsewhere))
	metrics := httptest.NewServer(x.metrics.Handler())
	defer metrics.Close()
	wantMetrics(t, metrics.URL, `relay_refused_total{status="403"} 1`)
}
