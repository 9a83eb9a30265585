package stream_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// An underWay is a connection with what goes on over it when it ends.
type underWay struct {
	*conn
	peer *wstest.Peer
	r    *stream.Reader // of a text message that goes on; nil: none does
	w    *stream.Writer // that is open; nil: none is
}

// sendText has the peer send text and the end of a message.
func (u *underWay) sendText(text string) {
	op := opcode.Text
	if u.r != nil {
		op = opcode.Continuation
	}
	u.peer.SendFrame(true, op, text)
}

// waysToEnd are the ways in which a connection may end, with the options that they need. Some need an open Writer, or none.
var waysToEnd = []struct {
	name    string
	opts    []stream.Option
	end     func(*testing.T, *underWay)
	writing bool // there has to be a Writer
	alone   bool // there must be none
}{
	{name: "orderly close", end: func(_ *testing.T, u *underWay) {
		u.peer.SendClose(closecode.NormalClosure, "")
	}},
	{name: "close with a reason", end: func(_ *testing.T, u *underWay) {
		u.peer.SendClose(closecode.PolicyViolation, "not you")
	}},
	{name: "connection lost", end: func(_ *testing.T, u *underWay) { u.peer.Close() }},
	{name: "reserved opcode", end: func(_ *testing.T, u *underWay) {
		u.peer.SendFrame(true, opcode.Opcode(3), "")
	}},
	{name: "malformed close frame", end: func(_ *testing.T, u *underWay) {
		u.peer.SendFrame(true, opcode.Close, "\x03")
	}},
	{name: "message over the limit", opts: []stream.Option{stream.MaxMessageSize(10)}, end: func(_ *testing.T, u *underWay) {
		u.sendText("of more than ten bytes")
	}},
	{name: "text that is none", end: func(_ *testing.T, u *underWay) {
		u.sendText("\xff")
	}},
	{name: "idle timeout", opts: []stream.Option{stream.IdleTimeout(5 * time.Millisecond)}, end: func(*testing.T, *underWay) {}},
	{name: "no pong", opts: []stream.Option{stream.KeepAlive(5 * time.Millisecond)}, end: func(*testing.T, *underWay) {}},
	{name: "Close", end: func(_ *testing.T, u *underWay) { u.Close() }},
	{name: "Abort", end: func(_ *testing.T, u *underWay) { u.Abort() }},
	{name: "Shutdown", end: func(t *testing.T, u *underWay) {
		u.peer.SendClose(closecode.NormalClosure, "as you like")
		u.peer.Close() // Shutdown waits for that
		checkOnePrefix(t, "Shutdown", u.Shutdown(bg(t), closecode.NormalClosure, ""))
	}},
	{name: "Shutdown without an answer", end: func(t *testing.T, u *underWay) {
		ctx, cancel := context.WithCancelCause(bg(t))
		cancel(&stream.CloseError{Code: closecode.GoingAway})
		u.peer.Close() // Shutdown waits for that
		checkOnePrefix(t, "Shutdown", u.Shutdown(ctx, closecode.NormalClosure, ""))
	}},
	{name: "Shutdown, and then lost", end: func(t *testing.T, u *underWay) {
		u.peer.Close()
		u.peer.Close() // Shutdown waits for that
		checkOnePrefix(t, "Shutdown", u.Shutdown(bg(t), closecode.NormalClosure, ""))
	}},
	{name: "Writer aborted", writing: true, end: func(_ *testing.T, u *underWay) { u.w.Abort() }},
	{name: "relayed message cut short", writing: true, end: func(t *testing.T, u *underWay) {
		from, peer := serverAndPeer(t)
		peer.SendFrame(false, opcode.Binary, "the beginning")
		r, err := from.Receive(bg(t))
		if err != nil {
			t.Fatal(err)
		}
		peer.Close()
		_, err = io.Copy(u.w, r)
		checkOnePrefix(t, "Copy", err)
		checkOnePrefix(t, "Close", u.w.Close())
	}},
	{name: "Write cut", alone: true, end: func(t *testing.T, u *underWay) {
		ctx, cancel := context.WithCancel(bg(t))
		go func() {
			io.ReadFull(u.peer, make([]byte, 100)) // and nothing more
			cancel()
		}()
		u.WriteBinary(ctx, make([]byte, 16<<20))
	}},
}

// checkOnePrefix complains if the text of err names a package of this module more than once.
func checkOnePrefix(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	checkText(t, err)
	if n := strings.Count(err.Error(), "stream: ") + strings.Count(err.Error(), "frame: "); n != 1 {
		t.Errorf("%s: %d prefixes in %q", what, n, err)
	}
}

// Whatever ends a connection, and whichever call tells: the text begins with the package, and has that once.
func TestTheTextOfAnEndHasOnePrefix(t *testing.T) {
	t.Parallel()
	for _, how := range waysToEnd {
		for _, role := range []string{"client", "server"} {
			for _, reading := range []bool{false, true} {
				for _, writing := range []bool{false, true} {
					if how.writing && !writing || how.alone && writing {
						continue
					}
					t.Run(fmt.Sprintf("%s, %s, reading %v, writing %v", how.name, role, reading, writing), func(t *testing.T) {
						t.Parallel()
						open := map[string]func(testing.TB, ...stream.Option) (*conn, *wstest.Peer){"client": clientAndPeer, "server": serverAndPeer}[role]
						u := begin(t, open, how.opts, reading, writing)
						how.end(t, u)
						checkEnd(t, u)
					})
				}
			}
		}
	}
}

// begin opens a connection, and begins the messages that are asked for.
func begin(t *testing.T, open func(testing.TB, ...stream.Option) (*conn, *wstest.Peer), opts []stream.Option, reading, writing bool) *underWay {
	t.Helper()
	c, p := open(t, opts...)
	u := &underWay{conn: c, peer: p}
	var err error
	if reading {
		p.SendFrame(false, opcode.Text, "begun")
		if u.r, err = c.Receive(bg(t)); err != nil {
			t.Fatal(err)
		}
	}
	if writing {
		if u.w, err = c.NewWriter(bg(t), opcode.Text); err != nil {
			t.Fatal(err)
		}
		io.WriteString(u.w, "begun")
		if err := u.w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	return u
}

// checkEnd complains about the text of what any call tells of the end of u.
func checkEnd(t *testing.T, u *underWay) {
	t.Helper()
	if u.r != nil {
		_, err := u.r.Bytes()
		checkOnePrefix(t, "Bytes", err)
		_, err = u.r.Read(make([]byte, 1))
		checkOnePrefix(t, "Read", err)
	}
	r, err := u.Receive(bg(t))
	if err == nil { // it has begun before the end
		_, err = r.Bytes()
	}
	checkOnePrefix(t, "Receive", err)
	for name, call := range map[string]func() error{
		"Receive":   func() error { _, err := u.Receive(bg(t)); return err },
		"Err":       u.Err,
		"WriteText": func() error { return u.WriteText(bg(t), "late") },
		"Ping":      func() error { return u.Ping(bg(t), nil) },
		"Probe":     func() error { _, err := u.Probe(bg(t)); return err },
		"NewWriter": func() error { _, err := u.NewWriter(bg(t), opcode.Text); return err },
	} {
		err := call()
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		checkOnePrefix(t, name, err)
	}
	u.peer.Close() // Shutdown waits for that
	checkOnePrefix(t, "Shutdown", u.Shutdown(bg(t), closecode.NormalClosure, ""))
	if u.w != nil {
		_, err := io.WriteString(u.w, "late")
		checkOnePrefix(t, "Write", err)
		checkOnePrefix(t, "Flush", u.w.Flush())
		checkOnePrefix(t, "Writer.Close", u.w.Close())
	}
}

func TestTheTextOfARefusalHasOnePrefix(t *testing.T) {
	c, _ := serverAndPeer(t)
	for _, err := range []error{
		c.Shutdown(bg(t), closecode.NoStatus, "a reason without a code"),
		c.Shutdown(bg(t), closecode.NormalClosure, "\xff"),
		c.Shutdown(bg(t), closecode.NormalClosure, strings.Repeat("x", 200)),
		c.Shutdown(bg(t), closecode.Abnormal, ""),
	} {
		wantRefusal(t, err)
		checkOnePrefix(t, "Shutdown", err)
	}
}

func TestTheTextOfAnEndSaysWhy(t *testing.T) {
	tests := []struct {
		end     func(*underWay)
		message string // the text of a message that is cut
		err     string // of Err
		write   string // of a later write
	}{
		{
			func(u *underWay) { u.peer.SendClose(closecode.GoingAway, "") },
			"stream: message cut short: closed by the peer: 1001 (going away)",
			"stream: closed by the peer: 1001 (going away)",
			"stream: cannot write: closed by the peer: 1001 (going away)",
		}, {
			func(u *underWay) { u.peer.Close() },
			"stream: connection lost: EOF",
			"stream: connection lost: EOF",
			"stream: cannot write: connection lost: EOF",
		}, {
			func(u *underWay) { u.peer.SendFrame(true, opcode.Close, "\x03") },
			"stream: message cut short: protocol error by the peer: close frame has one byte of payload (RFC 6455, section 5.5.1)",
			"stream: protocol error by the peer: close frame has one byte of payload (RFC 6455, section 5.5.1)",
			"stream: cannot write: protocol error by the peer: close frame has one byte of payload (RFC 6455, section 5.5.1)",
		}, {
			func(u *underWay) {
				u.peer.SendClose(closecode.NormalClosure, "as you like")
				u.Shutdown(context.Background(), closecode.NormalClosure, "")
			},
			`stream: message cut short: closed by this end, and by the peer: 1000 (normal closure): "as you like"`,
			`stream: closed by this end, and by the peer: 1000 (normal closure): "as you like"`,
			`stream: cannot write: closed by this end, and by the peer: 1000 (normal closure): "as you like"`,
		}, {
			func(u *underWay) { u.Close() },
			"stream: message cut short: closed by this end: use of closed network connection",
			"stream: closed by this end: use of closed network connection",
			"stream: closed by this end: use of closed network connection",
		},
	}
	for _, tt := range tests {
		u := begin(t, serverAndPeer, nil, true, false)
		tt.end(u)
		_, err := u.r.Bytes()
		got := []string{err.Error(), u.Err().Error(), u.WriteText(bg(t), "late").Error()}
		if diff := cmp.Diff([]string{tt.message, tt.err, tt.write}, got); diff != "" {
			t.Error(diff)
		}
	}
}
