package listen_test

import (
	"net/http"
	"testing"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// By default one such stream takes the window of all.
func TestStreamsThatNobodyReceivesFromLeaveRoomForOthers(t *testing.T) {
	const deaf, room = 40, 256 << 10
	goOn := make(chan struct{})
	t.Cleanup(func() { close(goOn) })
	mux := http.NewServeMux()
	mux.Handle("/echo", listen.Handler(stream.Standard, echo))
	mux.Handle("/deaf", listen.Handler(stream.Standard, func(_ *http.Request, c *conn) error {
		<-goOn
		c.Abort()
		return nil
	}))
	h := dialHTTP2(t, true, mux, func(s *http.Server) {
		s.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: room, MaxReceiveBufferPerConnection: 16 << 20}
	})
	if got := h.Setting(wstest.H2InitialWindowSize); got != room {
		t.Fatalf("the window of a stream is %d bytes, want %d", got, room)
	}
	p := h.Connect("/echo").Opened()
	for range deaf {
		s := h.Connect("/deaf")
		s.Opened()
		if _, err := s.Write(make([]byte, room)); err != nil {
			t.Fatal(err)
		}
	}
	p.SendFrame(true, opcode.Text, "hello")
	p.Want(true, opcode.Text, "hello")
}

func TestGroupEndsConnectionsOverHTTP2ThatTheServerAwaits(t *testing.T) {
	var group listen.Group
	var server *http.Server
	begun := make(chan struct{})
	h := dialHTTP2(t, true, listen.Handler(stream.Standard, echo, listen.Join(&group)), func(s *http.Server) {
		server = s
		s.RegisterOnShutdown(func() { close(begun) })
	})
	p := h.Connect("/").Opened()
	served := make(chan error, 1)
	go func() { served <- server.Shutdown(testContext(t)) }()
	<-begun
	p.SendFrame(true, opcode.Text, "still here")
	p.Want(true, opcode.Text, "still here")
	ended := make(chan error, 1)
	go func() { ended <- group.Shutdown(testContext(t)) }()
	p.WantClose(1001)
	select {
	case err := <-served:
		t.Errorf("the server has not waited: %v", err)
	default:
	}
	p.SendClose(1001, "")
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	if got := group.Known(); got != 0 {
		t.Errorf("the group knows %d connections", got)
	}
}

func TestGroupThatShutsDownRefusesOverHTTP2(t *testing.T) {
	var group listen.Group
	h := dialHTTP2(t, true, listen.Handler(stream.Standard, serveNothing, listen.Join(&group)))
	if err := group.Shutdown(testContext(t)); err != nil {
		t.Error(err)
	}
	if status, _ := h.Connect("/").Response(); status != http.StatusServiceUnavailable {
		t.Errorf("status is %d", status)
	}
}
