package main

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"math"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/filetest"
	"github.com/litert/websocket/internal/transfer"
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
	s := newServer(root, rules{Rules: transfer.Rules{MaxSize: math.MaxInt64}, connections: defaultConnections}, nil, log.New(d.log, "", 0))
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

// beginGet asks for the file, whose announcement has come when beginGet returns.
func beginGet(t *testing.T, s served) conn {
	t.Helper()
	filetest.Write(t, "abc", s.dir, "file")
	c := dialFor(t, s.url+"file", transfer.GetProtocol)
	ask(t, c)
	return c
}

// receiveRest receives the file and its sum.
func receiveRest(t *testing.T, c conn) {
	t.Helper()
	var got bytes.Buffer
	if err := receiveAll(testContext(t), c, message{Length: new(int64(3))}, &got); err != nil || got.String() != "abc" {
		t.Fatalf("%q, %v", &got, err)
	}
}

func TestAClientOfGetThatNeverClosesIsCut(t *testing.T) {
	s := serveDir(t, stream.IdleTimeout(500*time.Millisecond))
	receiveRest(t, beginGet(t, s))
	s.awaitLog(t, stream.ErrIdleTimeout.Error())
}

// On a slow link, much is still on its way when the server has sent all.
func TestAClientOfGetMayTakeLonger(t *testing.T) {
	s := serveDir(t, stream.CloseTimeout(time.Millisecond))
	c := beginGet(t, s)
	time.Sleep(100 * time.Millisecond) // the link
	receiveRest(t, c)
	if err := told(sumOf(abc))(testContext(t), c); err != nil {
		t.Fatal(err)
	}
	s.awaitLog(t, "file\": ")
	if log := s.log.String(); !strings.Contains(log, ": done") {
		t.Errorf("the log is %s", log)
	}
}

func TestServeTellsHowAGetHasFailed(t *testing.T) {
	s := startServer(t)
	c := beginGet(t, s)
	receiveRest(t, c)
	c.Shutdown(testContext(t), closecode.InternalError, "disk on fire")
	s.awaitLog(t, "the other side says: disk on fire")
}
