package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A breach ends a connection in the middle of a message, and is to be seen in the error.
type breach struct {
	name string
	opts []stream.Option
	do   func(t *testing.T, c *stream.Socket, peer *wstest.Peer)
	is   func(error) bool
}

func isErr(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func isA[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

func shutDown(cause error) func(*testing.T, *stream.Socket, *wstest.Peer) {
	return func(t *testing.T, c *stream.Socket, _ *wstest.Peer) {
		ctx, cancel := context.WithCancelCause(bg(t))
		time.AfterFunc(10*time.Millisecond, func() { cancel(cause) })
		c.Shutdown(ctx, closecode.NormalClosure, "")
	}
}

func wait(*testing.T, *stream.Socket, *wstest.Peer) {}

// breaches of this end, or of the transport, come anywhere.
var breaches = []breach{
	{"Close", nil, func(_ *testing.T, c *stream.Socket, _ *wstest.Peer) { c.Close() }, isErr(net.ErrClosed)},
	{"Abort", nil, func(_ *testing.T, c *stream.Socket, _ *wstest.Peer) { c.Abort() }, isErr(net.ErrClosed)},
	{"Shutdown that is cancelled", nil, shutDown(nil), isErr(net.ErrClosed)},
	{"Shutdown with the cause io.EOF", nil, shutDown(io.EOF), isErr(net.ErrClosed)},
	{"Shutdown with a cause that matches io.EOF", nil, shutDown(fmt.Errorf("all read: %w", io.EOF)), isErr(net.ErrClosed)},
	{"Shutdown with a close frame as the cause", nil, shutDown(&stream.CloseError{Code: closecode.NormalClosure}), isErr(net.ErrClosed)},
	{"Shutdown that takes too long", []stream.Option{stream.CloseTimeout(20 * time.Millisecond)},
		func(t *testing.T, c *stream.Socket, _ *wstest.Peer) {
			c.Shutdown(bg(t), closecode.NormalClosure, "")
		}, isErr(net.ErrClosed)},
	{"idle timeout", []stream.Option{stream.IdleTimeout(30 * time.Millisecond)}, wait, isErr(stream.ErrIdleTimeout)},
	{"no pong", []stream.Option{stream.KeepAlive(20 * time.Millisecond)}, wait, isErr(stream.ErrNoPong)},
	{"transport closed by the peer", nil, func(_ *testing.T, _ *stream.Socket, peer *wstest.Peer) { peer.Close() }, isErr(io.ErrUnexpectedEOF)},
	{"transport reset by the peer", nil, func(_ *testing.T, _ *stream.Socket, peer *wstest.Peer) {
		peer.ReadWriteCloser.(*net.TCPConn).SetLinger(0)
		peer.Close()
	}, isErr(io.ErrUnexpectedEOF)},
}

// breachesOfThePeer are frames where a fragment was due.
var breachesOfThePeer = []breach{
	{"close frame 1000", nil, closing(closecode.NormalClosure), isA[*stream.CloseError]},
	{"close frame 1001", nil, closing(closecode.GoingAway), isA[*stream.CloseError]},
	{"close frame without a code", nil, closing(0), isA[*stream.CloseError]},
	{"close frame 1002", nil, closing(closecode.ProtocolError), isA[*stream.CloseError]},
	{"close frame 1000 after ours", nil, func(t *testing.T, c *stream.Socket, peer *wstest.Peer) {
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			peer.WantClose(closecode.NormalClosure)
			peer.SendClose(closecode.NormalClosure, "")
			peer.Close()
		}()
		c.Shutdown(bg(t), closecode.NormalClosure, "")
		<-sent
	}, isA[*stream.CloseError]},
	{"another message", nil, func(_ *testing.T, _ *stream.Socket, peer *wstest.Peer) {
		peer.SendFrame(true, opcode.Text, "x")
	}, isA[*stream.ProtocolError]},
	{"a reserved opcode", nil, func(_ *testing.T, _ *stream.Socket, peer *wstest.Peer) {
		peer.SendFrame(true, opcode.Opcode(5), "x")
	}, isA[*stream.ProtocolError]},
	{"a close frame that is wrong", nil, func(_ *testing.T, _ *stream.Socket, peer *wstest.Peer) {
		peer.SendFrame(true, opcode.Close, "x")
	}, isA[*stream.ProtocolError]},
	{"too much of it", []stream.Option{stream.MaxMessageSize(100)}, func(_ *testing.T, _ *stream.Socket, peer *wstest.Peer) {
		peer.Send(peer.FrameOf(frame.Header{Opcode: opcode.Continuation, Length: 1 << 20}, ""))
	}, isA[*stream.LimitError]},
}

func closing(code closecode.Code) func(*testing.T, *stream.Socket, *wstest.Peer) {
	return func(_ *testing.T, _ *stream.Socket, peer *wstest.Peer) { peer.SendClose(code, "") }
}

// eachCut calls test for each way to receive, role, and with and without compression.
func eachCut(t *testing.T, test func(t *testing.T, how receiver, server bool, d *stream.Deflate)) {
	for _, how := range waysToReceive {
		for _, server := range []bool{true, false} {
			for _, d := range []*stream.Deflate{nil, {}} {
				if d != nil && !how.takes(compression) {
					continue
				}
				t.Run(fmt.Sprintf("%s, server %v, compressed %v", how.name, server, d != nil), func(t *testing.T) {
					t.Parallel()
					test(t, how, server, d)
				})
			}
		}
	}
}

func TestAConnectionThatEndsWithinAFrameIsNoEndOfAMessage(t *testing.T) {
	t.Parallel()
	eachCut(t, func(t *testing.T, how receiver, server bool, d *stream.Deflate) {
		for _, b := range breaches {
			b.wantCut(t, how, server, d, func(peer *wstest.Peer) []byte {
				whole := part(t, peer, d != nil, true, opcode.Text, "the beginning"+strings.Repeat(" and more", 10))
				return whole[:len(whole)-5]
			})
		}
	})
}

func TestAConnectionThatEndsBetweenFragmentsIsNoEndOfAMessage(t *testing.T) {
	t.Parallel()
	eachCut(t, func(t *testing.T, how receiver, server bool, d *stream.Deflate) {
		if !how.takes(fragments) {
			return
		}
		for _, b := range append(breachesOfThePeer, breaches...) {
			b.wantCut(t, how, server, d, func(peer *wstest.Peer) []byte {
				return part(t, peer, d != nil, false, opcode.Text, "the beginning")
			})
		}
	})
}

// wantCut checks what a receiver is told of a message that has begun when the breach comes.
func (b *breach) wantCut(t *testing.T, how receiver, server bool, d *stream.Deflate, begin func(*wstest.Peer) []byte) {
	t.Helper()
	begun := make(chan struct{}, 1)
	trace := stream.WithTrace(&stream.Trace{FrameReceived: func(h frame.Header) {
		if h.Opcode == opcode.Text {
			select {
			case begun <- struct{}{}:
			default:
			}
		}
	}})
	end, peer := how.openAt(t, server, d, append([]stream.Option{stream.CloseTimeout(time.Second), trace}, b.opts...)...)
	defer peer.Close()
	peer.Send(begin(peer))
	go func() {
		<-begun
		b.do(t, end.Socket, peer)
	}()
	within(t, how.name+": "+b.name, func() { end.Abort() }, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*patient)
		defer cancel()
		_, err := end.receive(ctx)
		wantCut(t, b.name, err)
		if !b.is(err) {
			t.Errorf("%s: %v, which does not say so", b.name, err)
		}
		if end.reader == nil {
			return
		}
		for _, how := range readings {
			if p, again := how.read(end.reader); len(p) > 0 || again == nil || again.Error() != err.Error() || errors.Is(again, io.EOF) {
				t.Errorf("%s, then %s: %q, %v, and before: %v", b.name, how.name, p, again, err)
			}
		}
	})
}
