//go:build interop

package interop_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// subprotocol is what both ends speak, and the second of those that the client offers.
const subprotocol = "interop"

var offered = []string{"other", subprotocol}

// hangs is how long a connection may take for its check, and a process to come up or go.
const hangs = 60 * time.Second

// A partner is a peer on one side of the connections that open opens.
type partner struct {
	peer
	isClient bool
	open     func(t *testing.T, opts ...stream.Option) *conversation
}

// A conversation is a connection with a peer, which obeys.
type conversation struct {
	t        *testing.T
	ctx      context.Context
	conn     *stream.Conn[*stream.Reader]
	seen     *sightings
	tells    bool // the peer tells how it has ended
	reports  <-chan string
	reported bool
}

// begin begins the conversation, which ends with its test: in an orderly way, unless something was wrong.
func (c *conversation) begin(conn *stream.Conn[*stream.Reader]) *conversation {
	c.conn = conn
	c.t.Cleanup(func() {
		defer c.conn.Abort()
		if c.reported {
			return
		}
		if c.t.Failed() || !c.conn.Connected() {
			c.conn.Abort()
			c.report() // lest the next conversation take it for its own
			return
		}
		if err := c.conn.Shutdown(context.Background(), closecode.NormalClosure, "done"); err != nil {
			c.t.Errorf("the end: %v", err)
		}
		c.expectReport("closed 1000 done")
	})
	return c
}

// order has the peer do something.
func (c *conversation) order(line string) {
	c.t.Helper()
	if err := c.conn.WriteText(c.ctx, line); err != nil {
		c.t.Fatal(err)
	}
}

// receive returns the next message.
func (c *conversation) receive() *stream.Reader {
	c.t.Helper()
	msg, err := c.conn.Receive(c.ctx)
	if err != nil {
		c.t.Fatal(err)
	}
	return msg
}

// expect receives a message, which must be as told.
func (c *conversation) expect(op opcode.Opcode, want []byte) {
	c.t.Helper()
	msg := c.receive()
	got, err := msg.Bytes()
	if err != nil || msg.Opcode() != op || !bytes.Equal(got, want) {
		c.t.Fatalf("%v of %d bytes came: %.200q (%v); want %v of %d bytes: %.200q", msg.Opcode(), len(got), got, err, op, len(want), want)
	}
}

// echo sends a message, and expects it back.
func (c *conversation) echo(op opcode.Opcode, data []byte) {
	c.t.Helper()
	sent := make(chan error, 1)
	go func() {
		if op == opcode.Text {
			sent <- c.conn.WriteText(c.ctx, string(data))
		} else {
			sent <- c.conn.WriteBinary(c.ctx, data)
		}
	}()
	c.expect(op, data)
	if err := <-sent; err != nil {
		c.t.Fatal(err)
	}
}

// awaitPong waits for a pong, and receives messages meanwhile: a pong may come behind what was sent after its ping.
func (c *conversation) awaitPong(data string) {
	c.t.Helper()
	for !c.seen.ponged(data) {
		c.echo(opcode.Text, []byte("until the pong comes"))
	}
}

// report returns what the peer says of the end of the connection.
func (c *conversation) report() string {
	c.t.Helper()
	c.reported = true
	select {
	case line, ok := <-c.reports:
		if !ok {
			c.t.Error("the peer has ended, and reports nothing any more")
		}
		return strings.TrimRight(line, " ")
	case <-time.After(hangs):
		c.t.Error("the peer reports nothing")
		return ""
	}
}

func (c *conversation) expectReport(want string) {
	c.t.Helper()
	if got := c.report(); got != want && c.tells {
		c.t.Errorf("the peer reports %q, want %q", got, want)
	}
}

// sightings are what the trace of a connection has told.
type sightings struct {
	mu     sync.Mutex // guards following
	data   int        // data frames received
	in     int        // of those, the first of compressed messages
	out    int        // the same, sent
	lenIn  int64      // of the payload of the last data frame received
	lenOut int64      // the same, sent
	ping   int        // pings received
	pongs  []string   // received
}

func (s *sightings) trace() *stream.Trace {
	locked := func(f func()) {
		s.mu.Lock()
		defer s.mu.Unlock()
		f()
	}
	return &stream.Trace{
		FrameReceived: func(h frame.Header) {
			if !h.Opcode.IsControl() {
				locked(func() { s.data++; s.lenIn = h.Length })
			}
			if h.RSV1 {
				locked(func() { s.in++ })
			}
		},
		FrameSent: func(h frame.Header) {
			if !h.Opcode.IsControl() {
				locked(func() { s.lenOut = h.Length })
			}
			if h.RSV1 {
				locked(func() { s.out++ })
			}
		},
		PingReceived: func([]byte) { locked(func() { s.ping++ }) },
		PongReceived: func(data []byte) { locked(func() { s.pongs = append(s.pongs, string(data)) }) },
	}
}

func (s *sightings) frames() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data
}

// compressed returns how many messages were compressed.
func (s *sightings) compressed() (in, out int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.in, s.out
}

// payloads returns the lengths of the last payloads.
func (s *sightings) payloads() (in, out int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lenIn, s.lenOut
}

func (s *sightings) pings() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ping
}

func (s *sightings) ponged(data string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.pongs, data)
}
