package stream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// wantPanicOfHook calls call, and checks that the panic of a hook comes through it.
func wantPanicOfHook(t *testing.T, call func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if p := recover(); p != "hook" {
			t.Errorf("the call panicked with %v, want that of the hook", p)
		}
	}()
	call()
}

// frameSends are the ways to send a frame.
var frameSends = map[string]func(context.Context, *conn){
	"WriteText":         func(ctx context.Context, c *conn) { c.WriteText(ctx, "first") },
	"a large WriteText": func(ctx context.Context, c *conn) { c.WriteText(ctx, string(make([]byte, 100_000))) },
	"a large WriteBuffers": func(ctx context.Context, c *conn) {
		c.WriteBuffers(ctx, opcode.Binary, net.Buffers{data[:50_000], data[:50_000]})
	},
	"WritePrepared": func(ctx context.Context, c *conn) { sends["WritePrepared"](ctx, c.Socket, "first") },
	"a large WritePrepared": func(ctx context.Context, c *conn) {
		sends["WritePrepared"](ctx, c.Socket, string(make([]byte, 100_000)))
	},
	"Ping":  func(ctx context.Context, c *conn) { c.Ping(ctx, []byte("p")) },
	"Pong":  func(ctx context.Context, c *conn) { c.Pong(ctx, []byte("p")) },
	"Probe": func(ctx context.Context, c *conn) { c.Probe(ctx) },
	"Flush of a Writer": func(ctx context.Context, c *conn) {
		writeWith(ctx, c, func(w *stream.Writer) error {
			io.WriteString(w, "first")
			return w.Flush()
		})
	},
	"Close of a Writer": func(ctx context.Context, c *conn) {
		writeWith(ctx, c, func(w *stream.Writer) error { _, err := io.WriteString(w, "first"); return err })
	},
	"Write of a Writer": func(ctx context.Context, c *conn) { writeWith(ctx, c, writeLarge) },
	"ReadFrom of a Writer": func(ctx context.Context, c *conn) {
		writeWith(ctx, c, func(w *stream.Writer) error {
			_, err := w.ReadFrom(bytesOnly{bytes.NewReader(data)})
			return err
		})
	},
	"a Writer of a single frame": func(ctx context.Context, c *conn) {
		w, err := c.NewWriter(ctx, opcode.Binary, stream.SingleFrame(300_000))
		if err == nil {
			defer w.Abort()
			writeLarge(w)
		}
	},
}

// The call does not return then, but the next one has its turn: either the connection goes on, or it has ended.
func TestAPanicOfFrameSentLeavesNothingTaken(t *testing.T) {
	for name, send := range frameSends {
		for i := range 4 {
			server, compressing := i&1 != 0, i&2 != 0
			t.Run(fmt.Sprintf("%s/server %v/compressed %v", name, server, compressing), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a, b := net.Pipe()
					wantNothingTaken(t, a, b, server, compressing, send)
				})
			})
		}
	}
	for _, name := range []string{"Ping", "a large WriteBuffers", "Write of a Writer", "ReadFrom of a Writer"} {
		t.Run(name+"/tcp", func(t *testing.T) {
			t.Parallel()
			a, b := wstest.TCP(t)
			wantNothingTaken(t, a, b, true, false, frameSends[name])
		})
	}
}

func wantNothingTaken(t *testing.T, a, b net.Conn, server, compressing bool, send func(context.Context, *conn)) {
	t.Helper()
	var armed atomic.Bool
	trace := stream.WithTrace(&stream.Trace{FrameSent: func(frame.Header) {
		if armed.CompareAndSwap(true, false) {
			panic("hook")
		}
	}})
	hs := stream.Handshake{Server: server}
	if compressing {
		hs.Deflate = &withoutTakeover
	}
	c, err := stream.New(a, hs, stream.Standard, trace, stream.Compression(stream.CompressionConfig{Threshold: 1}))
	if err != nil {
		t.Fatal(err)
	}
	came := listen(t, wstest.NewPeer(t, b, !server))
	armed.Store(true)
	wantSoon(t, "the call", func() {
		wantPanicOfHook(t, func() { send(context.Background(), c) })
	}, func() { c.Abort() })
	ctx, cancel := context.WithTimeout(context.Background(), promptly)
	defer cancel()
	err = c.WriteText(ctx, "next")
	c.Abort()
	got := <-came
	switch {
	case errors.Is(err, net.ErrClosed):
	case err != nil:
		t.Errorf("the wire, or the turn for messages, has stayed taken: %v", err)
	case len(got.messages) != 1 || got.messages[0] != "next" || got.open:
		t.Errorf("the peer got %d messages, another is open: %v, %v", len(got.messages), got.open, got.err)
	}
}

func TestAPanicOfFrameSentInCloseClosesTheTransport(t *testing.T) {
	for _, server := range []bool{true, false} {
		a, b := wstest.TCP(t)
		c := open(t, a, server, stream.WithTrace(&stream.Trace{FrameSent: func(h frame.Header) {
			if h.Opcode == opcode.Close {
				panic("hook")
			}
		}}))
		wantPanicOfHook(t, func() { c.Close() })
		b.SetReadDeadline(time.Now().Add(promptly))
		if _, err := io.Copy(io.Discard, b); isTimeout(err) {
			t.Errorf("server %v: the transport was not closed within %v", server, promptly)
		}
		c.Abort()
	}
}

// The frame was cut, so that the connection has ended, and why is known.
func TestAPanicOfTimeoutInAWriteLeavesNothingTaken(t *testing.T) {
	for name, send := range frameSends {
		if name == "Probe" {
			continue // its ping is that of Ping
		}
		for i := range 4 {
			server, begun := i&1 != 0, i&2 != 0
			t.Run(fmt.Sprintf("%s/server %v/some bytes were sent %v", name, server, begun), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a, b := net.Pipe()
					defer b.Close()
					c := open(t, a, server, stream.IdleTimeout(10*time.Second), stream.CloseTimeout(time.Second),
						stream.WithTrace(&stream.Trace{Timeout: func(error) { panic("hook") }}))
					if begun {
						go b.Read(make([]byte, 1))
					}
					wantPanicOfHook(t, func() { send(context.Background(), c) })
					ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
					defer cancel()
					if err := c.WriteText(ctx, "next"); !errors.Is(err, net.ErrClosed) || !errors.Is(err, stream.ErrIdleTimeout) {
						t.Errorf("then WriteText: %v", err)
					}
					if _, err := c.Receive(ctx); !errors.Is(err, stream.ErrIdleTimeout) {
						t.Errorf("then Receive: %v", err)
					}
					if c.Connected() || !errors.Is(c.Err(), stream.ErrIdleTimeout) || !os.IsTimeout(c.Err()) {
						t.Errorf("connected %v, %v", c.Connected(), c.Err())
					}
					wantClosed(t, b)
					c.Abort()
				})
			})
		}
	}
}

// Nobody could recover, and a program that goes on would not know. Each case runs in a process of its own.
func TestAPanicInAGoroutineOfTheConnectionIsNotSwallowed(t *testing.T) {
	const variable = "STREAM_TEST_HOOK"
	cases := map[string]func(c *conn, peer *wstest.Peer){
		"Ended": func(c *conn, peer *wstest.Peer) { // called when the peer has closed its side
			peer.SendClose(closecode.NormalClosure, "")
			c.Receive(context.Background())
			peer.Close()
		},
		"PingSent": func(*conn, *wstest.Peer) {},
	}
	if play := cases[os.Getenv(variable)]; play != nil {
		trace := &stream.Trace{Ended: func(stream.Summary) { panic("hook") }}
		keepAlive := time.Duration(0)
		if os.Getenv(variable) == "PingSent" {
			trace.PingSent, keepAlive = func([]byte) { panic("hook") }, time.Millisecond
		}
		a, b := wstest.TCP(t)
		play(open(t, a, true, stream.KeepAlive(keepAlive), stream.WithTrace(trace)), wstest.NewPeer(t, b, false))
		time.Sleep(patient)
		os.Exit(0)
	}
	for name := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			again := exec.Command(os.Args[0], "-test.run=^TestAPanicInAGoroutineOfTheConnectionIsNotSwallowed$")
			again.Env = append(os.Environ(), variable+"="+name)
			out, err := again.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "panic: hook") {
				t.Errorf("the process has gone on: %v, %s", err, out)
			}
		})
	}
}

// Shutdown discards the message of a Reader, and a hook ends that: the Reader has none any more.
func TestAPanicOfAHookInShutdownLeavesNoReader(t *testing.T) {
	bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
		go func() {
			peer.SendFrame(false, opcode.Text, "begun")
			peer.Receive() // the close frame
			peer.SendFrame(true, opcode.Ping, "")
			io.Copy(io.Discard, peer)
		}()
		r, err := c.Receive(bg(t))
		if err != nil {
			t.Fatal(err)
		}
		wantPanicOfHook(t, func() { c.Shutdown(context.Background(), closecode.GoingAway, "") })
		if n, err := r.Read(make([]byte, 10)); n > 0 || err != stream.ErrStale {
			t.Errorf("Read: %d, %v", n, err)
		}
		c.Abort()
		peer.Close()
		synctest.Wait()
	}, stream.WithTrace(&stream.Trace{PingReceived: func([]byte) { panic("hook") }}), stream.CloseTimeout(time.Hour))
}
