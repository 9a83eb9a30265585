package listen_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// A stillListener is one whose connections take nothing any more once they stand still, until they are closed.
type stillListener struct {
	net.Listener
	still atomic.Bool
}

func (l *stillListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &stillConn{Conn: c, still: &l.still, closed: make(chan struct{})}, nil
}

// A stillConn is a connection of a stillListener.
type stillConn struct {
	net.Conn
	still  *atomic.Bool
	once   atomic.Bool
	closed chan struct{}
}

func (c *stillConn) Write(p []byte) (int, error) {
	if c.still.Load() {
		<-c.closed
		return 0, net.ErrClosed
	}
	return c.Conn.Write(p)
}

func (c *stillConn) Close() error {
	if !c.once.Swap(true) {
		close(c.closed)
	}
	return c.Conn.Close()
}

// listenStill starts a server over HTTP/2 whose TCP can stand still.
func listenStill(t *testing.T, handler http.Handler) *stillListener {
	l := &stillListener{}
	server := httptest.NewUnstartedServer(handler)
	l.Listener, server.Listener = server.Listener, l
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return l
}

// A handler cannot return while TCP takes nothing, nor can what writes the close frame.
func TestAGroupOverHTTP2DoesNotWaitForTCP(t *testing.T) {
	var group listen.Group
	conns := make(chan *conn, 1)
	l := listenStill(t, listen.Handler(stream.Standard, func(_ *http.Request, c *conn) error {
		conns <- c
		<-c.Done()
		return nil
	}, listen.Join(&group)))
	wstest.DialH2(t, l.Addr().String(), nil).Connect("/").Opened()
	c := <-conns
	l.still.Store(true)
	if err := c.WriteText(testContext(t), "x"); err != nil { // which package net/http holds, and writes for ever
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- group.Shutdown(ctx) }()
	select {
	case err := <-ended:
		if err != context.DeadlineExceeded || c.Connected() {
			t.Errorf("error is %v, and that it is connected %v", err, c.Connected())
		}
	case <-time.After(hangs):
		t.Error("it hangs")
	}
}
