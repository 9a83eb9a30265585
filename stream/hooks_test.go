package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

var errHook = errors.New("this hook panics")

// A fuse makes the hooks of a Trace panic, once, when it is lit.
type fuse struct{ lit atomic.Bool }

func (f *fuse) blow() {
	if f.lit.CompareAndSwap(true, false) {
		panic(errHook)
	}
}

// trace returns a Trace in which the hook with the given name panics.
func (f *fuse) trace(hook string) stream.Option {
	var trace stream.Trace
	switch hook {
	case "FrameReceived":
		trace.FrameReceived = func(frame.Header) { f.blow() }
	case "PingReceived":
		trace.PingReceived = func([]byte) { f.blow() }
	case "PongReceived":
		trace.PongReceived = func([]byte) { f.blow() }
	case "Timeout":
		trace.Timeout = func(error) { f.blow() }
	}
	return stream.WithTrace(&trace)
}

// causes are frames for which a hook is called.
var causes = map[string]opcode.Opcode{"PingReceived": opcode.Ping, "PongReceived": opcode.Pong}

// wantHookPanic checks that do panics as a hook does, and does not wait instead.
func wantHookPanic(t testing.TB, what string, end func(), do func() error) bool {
	t.Helper()
	ok := false
	returned := within(t, what, end, func() {
		var err error
		value := recovering(func() { err = do() })
		if ok = value == errHook; !ok {
			t.Errorf("%s: recovered %v, and got %v", what, value, err)
		}
	})
	return returned && ok
}

// eachHook calls test for each hook of a frame, role, and with and without compression.
func eachHook(t *testing.T, test func(t *testing.T, hook string, server bool, d *stream.Deflate)) {
	for _, hook := range []string{"FrameReceived", "PingReceived", "PongReceived"} {
		for _, server := range []bool{true, false} {
			for _, d := range []*stream.Deflate{nil, {}} {
				t.Run(fmt.Sprintf("%s, server %v, compressed %v", hook, server, d != nil), func(t *testing.T) {
					t.Parallel()
					test(t, hook, server, d)
				})
			}
		}
	}
}

func TestAHookThatPanicsWithinAReaderLeavesItUsable(t *testing.T) {
	eachHook(t, func(t *testing.T, hook string, server bool, d *stream.Deflate) {
		for _, how := range readings {
			var f fuse
			a, b := wstest.TCP(t)
			c := openWith(t, a, stream.Handshake{Server: server, Deflate: d}, stream.Standard, []stream.Option{f.trace(hook)})
			peer := wstest.NewPeer(t, b, !server)
			peer.Send(part(t, peer, d != nil, false, opcode.Text, lastWords))
			r, err := c.Receive(bg(t))
			if err != nil {
				t.Fatal(err)
			}
			readLastWords(t, r)
			f.lit.Store(true)
			peer.Send(peer.Frame(true, causeOf(hook), ""), part(t, peer, d != nil, true, opcode.Continuation, "and more"))
			if !wantHookPanic(t, how.name, func() { c.Abort() }, func() error { _, err := how.read(r); return err }) {
				continue
			}
			within(t, how.name+" again", func() { c.Abort() }, func() {
				if p, err := how.read(r); string(p) != "and more" || err != nil {
					t.Errorf("%s again: %q, %v", how.name, p, err)
				}
			})
			wantEnd(t, c, r)
		}
	})
}

// causeOf returns the opcode of a control frame for which the hook is called.
func causeOf(hook string) opcode.Opcode {
	if op, ok := causes[hook]; ok {
		return op
	}
	return opcode.Pong
}

func TestAHookThatPanicsWhileAMessageIsDiscardedLeavesTheConnectionUsable(t *testing.T) {
	eachHook(t, func(t *testing.T, hook string, server bool, d *stream.Deflate) {
		var f fuse
		a, b := wstest.TCP(t)
		c := openWith(t, a, stream.Handshake{Server: server, Deflate: d}, stream.Standard, []stream.Option{f.trace(hook)})
		peer := wstest.NewPeer(t, b, !server)
		peer.Send(part(t, peer, d != nil, false, opcode.Text, lastWords))
		if _, err := c.Receive(bg(t)); err != nil {
			t.Fatal(err)
		}
		f.lit.Store(true)
		peer.Send(peer.Frame(true, causeOf(hook), ""), part(t, peer, d != nil, true, opcode.Continuation, "and more"),
			part(t, peer, d != nil, true, opcode.Text, "the next"))
		wantHookPanic(t, "Receive", func() { c.Abort() }, func() error { _, err := c.Receive(bg(t)); return err })
		wantNext(t, "Receive", receiveText(c), "the next")
	})
}

func receiveText(c *conn) func(context.Context) ([]byte, error) {
	return func(ctx context.Context) ([]byte, error) {
		r, err := c.Receive(ctx)
		if err != nil {
			return nil, err
		}
		return r.Bytes()
	}
}

// wantNext checks that the next message is text, and comes soon.
func wantNext(t testing.TB, what string, receive func(context.Context) ([]byte, error), text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	if p, err := receive(ctx); string(p) != text || err != nil {
		t.Errorf("%s again: %q, %v", what, p, err)
	}
}

// Where a whole message is received, the next call has all of it, also what had come before the panic.
func TestAHookThatPanicsWithinAReceiveLeavesTheMessageWhole(t *testing.T) {
	eachHook(t, func(t *testing.T, hook string, server bool, d *stream.Deflate) {
		for _, how := range waysToReceive {
			whole := how.name == "Simple" || how.name == "Frames"
			if !whole && how.name != "Lite" || d != nil && !how.takes(compression) {
				continue
			}
			var f fuse
			end, peer := how.openAt(t, server, d, f.trace(hook))
			f.lit.Store(true)
			control := peer.Frame(true, causeOf(hook), "")
			switch {
			case how.takes(fragments) && how.name != "Frames":
				peer.Send(part(t, peer, d != nil, false, opcode.Text, lastWords), control, part(t, peer, d != nil, true, opcode.Continuation, ""))
			default:
				peer.Send(control, part(t, peer, d != nil, true, opcode.Text, lastWords))
			}
			receive := func() error { _, err := end.receive(bg(t)); return err }
			if wantHookPanic(t, how.name, func() { end.Abort() }, receive) {
				wantNext(t, how.name, end.receive, lastWords)
			}
		}
	})
}

func TestAHookThatPanicsWithinATunnelLosesNothing(t *testing.T) {
	eachHook(t, func(t *testing.T, hook string, server bool, d *stream.Deflate) {
		var f fuse
		a, b := wstest.TCP(t)
		c := openWith(t, a, stream.Handshake{Server: server, Deflate: d}, stream.Standard, []stream.Option{f.trace(hook)})
		tunnel := netConn(t, c, opcode.Text)
		peer := wstest.NewPeer(t, b, !server)
		peer.Send(part(t, peer, d != nil, false, opcode.Text, lastWords))
		readLastWords(t, tunnel)
		f.lit.Store(true)
		peer.Send(peer.Frame(true, causeOf(hook), ""), part(t, peer, d != nil, true, opcode.Continuation, lastWords))
		read := func() error { _, err := tunnel.Read(make([]byte, 10)); return err }
		if wantHookPanic(t, "Read", func() { c.Abort() }, read) {
			within(t, "Read again", func() { c.Abort() }, func() {
				p := make([]byte, len(lastWords))
				if _, err := io.ReadFull(tunnel, p); string(p) != lastWords || err != nil {
					t.Errorf("Read again: %q, %v", p, err)
				}
			})
		}
	})
}

// A Decode function that panics, or reads where a hook does, ends its message alone.
func TestAPanicWithinADecodeFunctionLeavesTheConnectionUsable(t *testing.T) {
	eachHook(t, func(t *testing.T, hook string, server bool, d *stream.Deflate) {
		for _, itself := range []bool{true, false} {
			var f fuse
			decode := stream.Decode(func(r *stream.Reader) ([]byte, error) {
				if itself {
					f.blow()
				}
				return r.Bytes()
			})
			options := []stream.Option{f.trace(hook)}
			if itself {
				options = nil
			}
			a, b := wstest.TCP(t)
			c := openWith(t, a, stream.Handshake{Server: server, Deflate: d}, decode, options)
			peer := wstest.NewPeer(t, b, !server)
			peer.Send(part(t, peer, d != nil, false, opcode.Text, lastWords))
			f.lit.Store(itself)
			time.AfterFunc(20*time.Millisecond, func() {
				if !itself {
					f.lit.Store(true)
				}
				peer.Send(peer.Frame(true, causeOf(hook), ""), part(t, peer, d != nil, true, opcode.Continuation, "and more"),
					part(t, peer, d != nil, true, opcode.Text, "the next"))
			})
			what := fmt.Sprintf("Receive, its own panic %v", itself)
			if wantHookPanic(t, what, func() { c.Abort() }, func() error { _, err := c.Receive(bg(t)); return err }) {
				wantNext(t, what, c.Receive, "the next")
			}
		}
	})
}

// The peer's close frame is the end, also if its hook has panicked.
func TestAHookThatPanicsForTheCloseFrameDoesNotTakeItAway(t *testing.T) {
	for _, how := range waysToReceive {
		if !how.takes(bounds) {
			continue
		}
		t.Run(how.name, func(t *testing.T) {
			t.Parallel()
			var f fuse
			trace := stream.WithTrace(&stream.Trace{CloseReceived: func(closecode.Code, string) { f.blow() }})
			end, peer := how.openAt(t, true, nil, trace)
			defer peer.Close()
			f.lit.Store(true)
			peer.SendClose(closecode.NormalClosure, "")
			receive := func() error { _, err := end.receive(bg(t)); return err }
			if !wantHookPanic(t, "Receive", func() { end.Abort() }, receive) {
				return
			}
			ctx, cancel := context.WithTimeout(context.Background(), patient)
			defer cancel()
			if _, err := end.receive(ctx); !errors.Is(err, io.EOF) {
				t.Errorf("Receive again: %v", err)
			}
		})
	}
}

// The frame is sent by a goroutine of Shutdown, which the panic must not end the process in.
func TestAHookThatPanicsForTheCloseFrameOfShutdownDoesSoInItsCaller(t *testing.T) {
	t.Parallel()
	for name, trace := range map[string]*stream.Trace{
		"FrameSent": {FrameSent: func(frame.Header) { panic(errHook) }},
		"CloseSent": {CloseSent: func(closecode.Code, string) { panic(errHook) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := wstest.TCP(t)
			c := open(t, a, true, stream.WithTrace(trace))
			peer := wstest.NewPeer(t, b, false)
			defer peer.Close()
			go func() {
				if _, _, err := peer.Receive(); err == nil { // it has ended if no frame was sent
					peer.SendClose(closecode.NormalClosure, "")
				}
			}()
			shutdown := func() error { return c.Shutdown(bg(t), closecode.NormalClosure, "") }
			if wantHookPanic(t, "Shutdown", func() { c.Abort() }, shutdown) && c.Connected() {
				t.Error("the connection is open")
			}
		})
	}
}
