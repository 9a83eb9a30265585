package stream_test

import (
	"context"
	"flag"
	"io"
	"runtime"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/stream"
)

func TestMain(m *testing.M) {
	if !raceEnabled { // tests that run in parallel wait, most of the time
		flag.Set("test.parallel", strconv.Itoa(4*runtime.GOMAXPROCS(0)))
	}
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("runtime.handleEvent")) // of GOOS=js
}

type conn = stream.Conn[*stream.Reader]

// open returns the connection over rwc.
func open(t testing.TB, rwc io.ReadWriteCloser, server bool, opts ...stream.Option) *conn {
	t.Helper()
	c, err := stream.New(rwc, stream.Handshake{Server: server}, stream.Standard, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// pair returns the two ends of a connection over tr.
func pair(t testing.TB, tr wstest.Transport, opts ...stream.Option) (client, server *conn) {
	t.Helper()
	a, b := tr.Pair(t)
	return open(t, a, false, opts...), open(t, b, true, opts...)
}

// serverAndPeer returns a server's connection over TCP, and the raw peer on the other side.
func serverAndPeer(t testing.TB, opts ...stream.Option) (*conn, *wstest.Peer) {
	t.Helper()
	a, b := wstest.TCP(t)
	return open(t, b, true, opts...), wstest.NewPeer(t, a, false)
}

// clientAndPeer returns a client's connection over TCP, and the raw peer on the other side.
func clientAndPeer(t testing.TB, opts ...stream.Option) (*conn, *wstest.Peer) {
	t.Helper()
	a, b := wstest.TCP(t)
	return open(t, a, false, opts...), wstest.NewPeer(t, b, true)
}

// bg bounds what must not hang.
func bg(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// receiveAll receives one message whole.
func receiveAll(t testing.TB, c *conn) string {
	t.Helper()
	r, err := c.Receive(bg(t))
	if err != nil {
		t.Fatalf("Receive: %v", err)
	}
	p, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return string(p)
}
