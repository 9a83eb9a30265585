package stream_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// frameOf returns a data frame.
func frameOf(fin bool, op opcode.Opcode, payload string) stream.Frame {
	return stream.Frame{Fin: fin, Opcode: op, Payload: []byte(payload)}
}

var messageInFrames = []stream.Frame{
	frameOf(false, opcode.Text, "gr\xc3"), // in the middle of a code point
	frameOf(false, opcode.Continuation, "\xbcn"),
	frameOf(false, opcode.Continuation, ""),
	frameOf(false, opcode.Continuation, strings.Repeat("x", 70_000)),
	frameOf(true, opcode.Continuation, ""),
	frameOf(true, opcode.Binary, "\xff"),
	frameOf(true, opcode.Text, ""),
}

func TestAFrameIsSentAsOneFrame(t *testing.T) {
	for name, open := range map[string]func(testing.TB, ...stream.Option) (*conn, *wstest.Peer){"server": serverAndPeer, "client": clientAndPeer} {
		t.Run(name, func(t *testing.T) {
			c, peer := open(t)
			go func() {
				for _, f := range messageInFrames {
					if err := c.WriteFrame(bg(t), f); err != nil {
						t.Error(err)
					}
				}
			}()
			for _, f := range messageInFrames {
				peer.Want(f.Fin, f.Opcode, string(f.Payload))
			}
		})
	}
}

func TestARelayOfFramesKeepsThem(t *testing.T) {
	for _, tr := range wstest.Transports {
		t.Run(tr.Name, func(t *testing.T) {
			near, nearer := pair(t, tr)
			a, b := tr.Pair(t)
			far, err := stream.New(a, stream.Handshake{}, stream.Frames)
			if err != nil {
				t.Fatal(err)
			}
			defer far.Close()
			from, err := stream.New(b, stream.Handshake{Server: true}, stream.Frames)
			if err != nil {
				t.Fatal(err)
			}
			defer from.Close()
			relayed := make(chan error, 1)
			go func() { // frames of far end at near
				for range messageInFrames {
					f, err := from.Receive(bg(t))
					if err == nil {
						err = nearer.WriteFrame(bg(t), f)
					}
					if err != nil {
						relayed <- err
						return
					}
				}
				relayed <- nil
			}()
			go func() {
				for _, f := range messageInFrames {
					far.WriteFrame(bg(t), f)
				}
			}()
			for _, want := range []string{"grün" + strings.Repeat("x", 70_000), "\xff", ""} {
				if got := receiveAll(t, near); got != want {
					t.Errorf("got %.60q, want %.60q", got, want)
				}
			}
			if err := <-relayed; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAFrameOutOfPlaceIsRefused(t *testing.T) {
	c, peer := serverAndPeer(t)
	refused := func(fin bool, op opcode.Opcode, payload string) {
		t.Helper()
		var bad *stream.ArgumentError
		if err := c.WriteFrame(bg(t), frameOf(fin, op, payload)); !errors.As(err, &bad) || bad.Func != "WriteFrame" {
			t.Errorf("%v frame with %q: %v", op, payload, err)
		}
	}
	sent := func(fin bool, op opcode.Opcode, payload string) {
		t.Helper()
		if err := c.WriteFrame(bg(t), frameOf(fin, op, payload)); err != nil {
			t.Error(err)
		}
		peer.Want(fin, op, payload)
	}
	for _, op := range []opcode.Opcode{opcode.Close, opcode.Ping, opcode.Pong, 3, 0xB, 0x80} {
		refused(true, op, "")
	}
	refused(true, opcode.Continuation, "no message")
	refused(true, opcode.Text, "\xff")
	refused(true, opcode.Text, "\xc3")
	sent(false, opcode.Text, "\xc3")
	refused(false, opcode.Text, "another")
	refused(true, opcode.Binary, "another")
	refused(false, opcode.Continuation, "\xc3")
	refused(true, opcode.Continuation, "")
	sent(true, opcode.Continuation, "\xbc")
	refused(true, opcode.Continuation, "no message")
	sent(false, opcode.Binary, "\xff")
	sent(true, opcode.Continuation, "\xff")
	sent(true, opcode.Text, "whole")

	a, b := net.Pipe()
	defer b.Close()
	lite, err := stream.New(a, stream.Handshake{}, stream.Lite)
	if err != nil {
		t.Fatal(err)
	}
	defer lite.Abort()
	var bad *stream.ArgumentError
	if err := lite.WriteFrame(bg(t), frameOf(false, opcode.Text, "")); !errors.As(err, &bad) {
		t.Errorf("in mode Lite: %v", err)
	}
}

func TestOtherMessagesWaitForTheLastFrame(t *testing.T) {
	c, peer := serverAndPeer(t)
	if err := c.WriteFrame(bg(t), frameOf(false, opcode.Text, "a")); err != nil {
		t.Fatal(err)
	}
	peer.Want(false, opcode.Text, "a")
	ended, cancel := context.WithCancel(t.Context())
	waits := make(chan error, 1)
	go func() { waits <- c.WriteText(ended, "never") }()
	written := make(chan error, 1)
	go func() { written <- c.WriteBinary(bg(t), []byte("other")) }()
	if err := c.Ping(bg(t), nil); err != nil {
		t.Error(err)
	}
	peer.Want(true, opcode.Ping, "")
	cancel()
	if err := <-waits; err != context.Canceled {
		t.Errorf("WriteText: %v", err)
	}
	if err := c.WriteFrame(ended, frameOf(true, opcode.Continuation, "never")); err != context.Canceled {
		t.Errorf("WriteFrame: %v", err)
	}
	if err := c.WriteFrame(bg(t), frameOf(true, opcode.Continuation, "z")); err != nil {
		t.Fatal(err)
	}
	peer.Want(true, opcode.Continuation, "z")
	peer.Want(true, opcode.Binary, "other")
	if err := <-written; err != nil {
		t.Error(err)
	}
}

func TestAFirstFrameWaitsForTheWriter(t *testing.T) {
	c, peer := serverAndPeer(t)
	w, err := c.NewWriter(bg(t), opcode.Text)
	if err != nil {
		t.Fatal(err)
	}
	soon, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := c.WriteFrame(soon, frameOf(true, opcode.Text, "x")); err != context.DeadlineExceeded {
		t.Errorf("WriteFrame: %v", err)
	}
	go w.Close()
	peer.Want(true, opcode.Text, "")
	go c.WriteFrame(bg(t), frameOf(true, opcode.Text, "x"))
	peer.Want(true, opcode.Text, "x")
}

// A message that was begun has no end any more, and holds up nothing.
func TestNoFrameFollowsTheEndOfTheConnection(t *testing.T) {
	ends := map[string]func(c *conn, peer *wstest.Peer){
		"closed here":  func(c *conn, peer *wstest.Peer) { c.Close() },
		"aborted here": func(c *conn, peer *wstest.Peer) { c.Abort() },
		"cut": func(c *conn, peer *wstest.Peer) {
			for c.Writable() { // nothing is read
				ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
				c.WriteFrame(ctx, frameOf(false, opcode.Continuation, strings.Repeat("x", 16<<20)))
				cancel()
			}
		},
		"lost": func(c *conn, peer *wstest.Peer) {
			peer.Close()
			for c.WriteFrame(context.Background(), frameOf(false, opcode.Continuation, "x")) == nil {
			}
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			c, peer := serverAndPeer(t)
			if err := c.WriteFrame(bg(t), frameOf(false, opcode.Binary, "a")); err != nil {
				t.Fatal(err)
			}
			peer.Want(false, opcode.Binary, "a")
			end(c, peer)
			if err := c.WriteFrame(bg(t), frameOf(true, opcode.Continuation, "z")); !errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) {
				t.Errorf("WriteFrame: %v", err)
			}
			if err := c.WriteText(bg(t), "x"); !errors.Is(err, net.ErrClosed) {
				t.Errorf("WriteText: %v", err)
			}
			if _, err := c.NewWriter(bg(t), opcode.Text); !errors.Is(err, net.ErrClosed) {
				t.Errorf("NewWriter: %v", err)
			}
		})
	}
}

func TestAHookThatPanicsWithinWriteFrameHoldsUpNothing(t *testing.T) {
	panics := false
	trace := &stream.Trace{FrameSent: func(frame.Header) {
		if panics {
			panic("hook")
		}
	}}
	c, peer := serverAndPeer(t, stream.WithTrace(trace))
	for _, fin := range []bool{false, true} {
		panics = true
		if recovering(func() { c.WriteFrame(bg(t), frameOf(fin, opcode.Text, "a")) }) == nil {
			t.Error("the panic was lost")
		}
		panics = false
	}
	go func() {
		if err := c.WriteText(bg(t), "other"); err != nil {
			t.Error(err)
		}
	}()
	peer.Want(true, opcode.Text, "other")
	if err := c.WriteFrame(bg(t), frameOf(true, opcode.Text, "b")); err != nil {
		t.Error(err)
	}
	peer.Want(true, opcode.Text, "b")
}

func TestFramesOfManyGoroutinesStayApart(t *testing.T) {
	client, server := pair(t, wstest.Transports[0])
	const writers, each = 4, 50
	turn := make(chan struct{}, 1)
	for i := range writers {
		go func() {
			for range each {
				turn <- struct{}{} // the frames of a message are for one goroutine
				text := strings.Repeat(string(rune('a'+i)), 100)
				client.WriteFrame(bg(t), frameOf(false, opcode.Text, text))
				client.WriteFrame(bg(t), frameOf(true, opcode.Continuation, text))
				<-turn
				client.WriteText(bg(t), text)
			}
		}()
	}
	got := make(map[string]int)
	for range writers * each * 2 {
		got[receiveAll(t, server)]++
	}
	want := make(map[string]int)
	for i := range writers {
		text := strings.Repeat(string(rune('a'+i)), 100)
		want[text], want[text+text] = each, each
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages differ (-want +got):\n%s", diff)
	}
}

func TestAFirstFrameOfWhichNothingWasSentHasBegunNoMessage(t *testing.T) {
	a, b := net.Pipe()
	c := open(t, a, true)
	if err := c.WriteFrame(brief(t), frameOf(false, opcode.Binary, "half")); err != context.DeadlineExceeded {
		t.Errorf("WriteFrame: %v", err)
	}
	sent := make(chan error, 1)
	go func() { sent <- c.WriteText(bg(t), "another") }()
	wstest.NewPeer(t, b, false).Want(true, opcode.Text, "another")
	if err := <-sent; err != nil {
		t.Error(err)
	}
	c.Abort()
}
