package stream_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A journal writes down what a Trace is told.
type journal struct {
	mu      sync.Mutex // guards following
	lines   []string
	summary stream.Summary
}

func (j *journal) note(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf(format, args...))
}

// take returns the lines since it was called last.
func (j *journal) take() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	defer func() { j.lines = nil }()
	return strings.Join(j.lines, ", ")
}

func (j *journal) trace() stream.Option {
	bytes := func(what string) func([]byte) { return func(p []byte) { j.note("%s %s", what, p) } }
	header := func(what string) func(frame.Header) {
		return func(h frame.Header) { j.note("%s %v %d", what, h.Opcode, h.Length) }
	}
	closing := func(what string) func(closecode.Code, string) {
		return func(code closecode.Code, reason string) { j.note("%s %d %s", what, code, reason) }
	}
	return stream.WithTrace(&stream.Trace{
		Opened:        func(hs stream.Handshake) { j.note("opened %s", hs.Subprotocol) },
		FrameReceived: header("<"), FrameSent: header(">"),
		PingReceived: bytes("ping received"), PingSent: bytes("ping sent"),
		PongReceived: bytes("pong received"), PongSent: bytes("pong sent"),
		CloseReceived: closing("close received"), CloseSent: closing("close sent"),
		Timeout: func(err error) { j.note("%v", err) },
		Ended: func(s stream.Summary) {
			j.note("ended")
			j.summary = s
		},
	})
}

func TestTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		go io.Copy(io.Discard, b)
		var j journal
		hs := stream.Handshake{Server: true, Subprotocol: "chat"}
		c, err := stream.New(a, hs, stream.Simple, j.trace())
		if err != nil {
			t.Fatal(err)
		}
		peer := wstest.NewPeer(t, b, false)
		want := func(lines string) {
			t.Helper()
			synctest.Wait()
			if got := j.take(); got != lines {
				t.Errorf("got  %s\nwant %s", got, lines)
			}
		}
		want("opened chat")
		c.WriteText(bg(t), "hi")
		want("> text 2")
		c.Ping(bg(t), []byte("p"))
		want("> ping 1, ping sent p")
		go func() {
			peer.SendFrame(true, opcode.Pong, "q")
			peer.SendFrame(false, opcode.Text, "h")
			peer.SendFrame(true, opcode.Ping, "r")
			time.Sleep(time.Second) // of the bubble's time: the pong is sent first
			peer.SendFrame(true, opcode.Continuation, "o")
		}()
		c.Receive(bg(t))
		want("< pong 1, pong received q, < text 1, < ping 1, ping received r, > pong 1, pong sent r, < continuation 1")
		w, _ := c.NewWriter(bg(t), opcode.Binary)
		w.Write([]byte("a"))
		w.Flush()
		w.Write([]byte("b"))
		w.Close()
		want("> binary 1, > continuation 1")
		go peer.SendClose(closecode.GoingAway, "bye")
		c.Receive(bg(t))
		want("< close 5, close received 1001 bye, > close 2, close sent 1001 , ended")
		counts := fmt.Sprint(j.summary.Received, j.summary.Sent)
		if counts != "{1 39} {2 20}" || !errors.Is(j.summary.Err, c.Err()) || c.Err() == nil {
			t.Errorf("summary %s, %v", counts, j.summary.Err)
		}
	})
}

// A peer that does not wait for the end of the handshake sends frames that are read along with that.
func TestASummaryCountsWhatCameWithTheHandshake(t *testing.T) {
	for _, early := range []int{0, 1, 5} { // of the 12 bytes
		a, b := wstest.TCP(t)
		peer := wstest.NewPeer(t, a, true)
		wire := append(peer.Frame(true, opcode.Text, "one"), peer.Frame(true, opcode.Text, "three")...)
		var j journal
		c, err := stream.New(b, stream.Handshake{Buffered: wire[:early]}, stream.Simple, j.trace())
		if err != nil {
			t.Fatal(err)
		}
		peer.Send(wire[early:])
		for range 2 {
			if _, err := c.Receive(bg(t)); err != nil {
				t.Error(err)
			}
		}
		c.Abort()
		if got := fmt.Sprint(j.summary.Received); got != "{2 12}" {
			t.Errorf("%d bytes were early: received is %s", early, got)
		}
	}
}

func TestATraceIsToldOfATimeout(t *testing.T) {
	var j journal
	bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
		go peer.WantClose(closecode.GoingAway)
		c.Receive(bg(t))
		synctest.Wait()
		if got := j.take(); got != "opened , stream: idle timeout, > close 14, close sent 1001 idle timeout, ended" {
			t.Errorf("got %s", got)
		}
	}, j.trace(), stream.IdleTimeout(time.Second))
}

func TestATraceIsToldOfTheTimeoutOfAWrite(t *testing.T) {
	var j journal
	bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
		if err := c.WriteText(bg(t), "nobody reads"); !errors.Is(err, stream.ErrIdleTimeout) {
			t.Errorf("WriteText: %v", err)
		}
		if got := j.take(); got != "opened , > text 12, stream: idle timeout, ended" {
			t.Errorf("got %s", got)
		}
	}, j.trace(), stream.IdleTimeout(time.Second))
}

func TestAnEmptyTraceIsCalledForNothing(t *testing.T) {
	for _, trace := range []*stream.Trace{nil, {}} {
		client, server := pair(t, wstest.Transports[0], stream.WithTrace(trace))
		go client.WriteText(bg(t), "x")
		if got := receiveAll(t, server); got != "x" {
			t.Errorf("got %q", got)
		}
		go server.Receive(bg(t))
		if err := client.Shutdown(bg(t), closecode.NormalClosure, ""); err != nil {
			t.Error(err)
		}
	}
}
