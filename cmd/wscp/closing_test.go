package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"os"
	"testing"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// serveDir serves a new directory with other options than the command has.
func serveDir(t *testing.T, opts ...listen.Option) served {
	t.Helper()
	d := served{dir: t.TempDir(), log: new(lockedBuffer)}
	root, err := os.OpenRoot(d.dir)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().(*net.TCPAddr)
	s := newServer(root, rules{maxSize: math.MaxInt64, connections: defaultConnections}, reachOf(addr, nil, false), log.New(d.log, "", 0))
	s.opts = append(s.opts, opts...)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.serve(ctx, ln, nil) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		root.Close()
	})
	d.url = fmt.Sprintf("ws://%v/", addr)
	return d
}

func TestAClientOfGetThatNeverClosesIsCut(t *testing.T) {
	s := serveDir(t, stream.CloseTimeout(50*time.Millisecond))
	writeFile(t, "abc", s.dir, "file")
	c, err := dial.Dial(testContext(t), s.url+"file", stream.Standard, dial.Subprotocols(getProtocol))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	for range 3 {
		msg, err := c.Receive(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, msg); err != nil {
			t.Fatal(err)
		}
	}
	s.awaitLog(t, "closing handshake not finished")
}

func TestServeTellsHowAGetHasFailed(t *testing.T) {
	s := startServer(t)
	writeFile(t, "abc", s.dir, "file")
	c, err := dial.Dial(testContext(t), s.url+"file", stream.Standard, dial.Subprotocols(getProtocol))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	if _, err := receiveAnnouncement(testContext(t), c); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := receiveFile(testContext(t), c, 3, &got, io.Discard); err != nil || got.String() != "abc" {
		t.Fatalf("%q, %v", &got, err)
	}
	c.Shutdown(testContext(t), closecode.InternalError, "disk on fire")
	s.awaitLog(t, "the other side says: disk on fire")
}
