package stream_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/stream"
)

// A reception is the receiver of a sequence: it receives, reads and leaves in random ways.
type reception struct {
	*stream.Socket
	t    *testing.T
	r    *rand.Rand
	s    *sequence
	unit time.Duration

	next  int         // the message of the sequence that comes next
	left  int         // how many messages there are up to the latest that was not read to its end
	own   atomic.Bool // this end has begun to close the connection
	hooks hooks
}

// receivingModes are the modes that a reception may be in, and how it receives the next message, or frame: until the
// error is that of the connection.
var receivingModes = []func(*reception, io.ReadWriteCloser, stream.Handshake, []stream.Option) (receive func() error){
	func(p *reception, rwc io.ReadWriteCloser, hs stream.Handshake, opts []stream.Option) func() error {
		c := newReceiver(p, rwc, hs, stream.Standard, opts)
		return func() error { return p.receiveReader(c, 0) }
	},
	func(p *reception, rwc io.ReadWriteCloser, hs stream.Handshake, opts []stream.Option) func() error {
		return p.receiveDecoded(rwc, hs, opts)
	},
	func(p *reception, rwc io.ReadWriteCloser, hs stream.Handshake, opts []stream.Option) func() error {
		return p.receiveWhole(newReceiver(p, rwc, hs, stream.Simple, opts))
	},
	func(p *reception, rwc io.ReadWriteCloser, hs stream.Handshake, opts []stream.Option) func() error {
		return p.receiveWhole(newReceiver(p, rwc, hs, stream.Lite, opts))
	},
	func(p *reception, rwc io.ReadWriteCloser, hs stream.Handshake, opts []stream.Option) func() error {
		return p.receiveFrames(newReceiver(p, rwc, hs, stream.Frames, opts))
	},
}

// The modes of the list above that have rules of their own.
const (
	randomLite   = 3
	randomFrames = 4
)

func newReceiver[M any](p *reception, rwc io.ReadWriteCloser, hs stream.Handshake, mode stream.Mode[M], opts []stream.Option) *stream.Conn[M] {
	c, err := stream.New(rwc, hs, mode, opts...)
	if err != nil {
		p.t.Fatal(err)
	}
	p.Socket = c.Socket
	return c
}

// Whatever legal or illegal frames come, in whatever pieces, and whatever the receiver does: it gets each byte of each
// message in order, the true outcome of each message, and why the connection ended.
func TestRandomReceiver(t *testing.T) {
	randomly(t, 150, func(t *testing.T, r *rand.Rand) {
		randomLink(t, r, func(t *testing.T, l link) { receiveRandomly(t, r, l) })
	})
}

func receiveRandomly(t *testing.T, r *rand.Rand, l link) {
	mode := []int{0, 0, 0, 1, 2, randomLite, randomFrames}[r.IntN(7)]
	s := newSequence(r, mode == randomLite, mode != randomFrames)
	p := &reception{t: t, r: r, s: s, unit: l.unit}
	early := r.IntN(len(s.wire)+1) * max(0, r.IntN(4)-2)
	opts := []stream.Option{
		stream.MaxMessageSize(s.limit), stream.IdleTimeout(0), stream.CloseTimeout(4000 * l.unit), p.hooks.option(r),
	}
	if oneIn(r, 2) {
		opts = append(opts, stream.ReuseBuffer())
	}
	receive := receivingModes[mode](p, l.near, stream.Handshake{Server: s.server, Deflate: s.deflate, Buffered: s.wire[:early]}, opts)
	answers := newAnswers(l.far)
	var others sync.WaitGroup
	feeding, closing := fork(r), fork(r)
	others.Go(func() { feed(feeding, l, s.wire[early:]) })
	if oneIn(r, 3) {
		others.Go(func() {
			time.Sleep(l.unit * time.Duration(closing.IntN(100)))
			p.leave(closing)
		})
	}
	err := receive()
	for err == nil {
		err = receive()
	}
	p.checkEnd(err, receive)
	others.Wait()
	p.Close()
	p.checkAnswers(<-answers)
}

// feed sends wire in pieces with pauses, and then the end of it.
func feed(r *rand.Rand, l link, wire []byte) {
	most := []int{1 << 20, 64 << 10, 5000, 500, 1 + len(wire)/50}[r.IntN(5)]
	most = max(most, len(wire)/100)
	for len(wire) > 0 {
		n := min(len(wire), 1+r.IntN(most))
		if _, err := l.far.Write(wire[:n]); err != nil {
			return
		}
		wire = wire[n:]
		pause(r, l.unit)
	}
	l.far.(interface{ CloseWrite() error }).CloseWrite()
}

// pause waits, sometimes.
func pause(r *rand.Rand, unit time.Duration) {
	if oneIn(r, 4) {
		time.Sleep(unit * time.Duration(r.IntN(10)))
	}
}

// An answered is all that has come back.
type answered struct {
	bytes []byte
	err   error
}

func newAnswers(far io.Reader) <-chan answered {
	c := make(chan answered, 1)
	go func() {
		all, err := io.ReadAll(far)
		c <- answered{all, err}
	}()
	return c
}

// leave ends the connection from this end, one way or the other.
func (p *reception) leave(r *rand.Rand) {
	p.own.Store(true)
	switch r.IntN(5) {
	case 0:
		p.Abort()
	case 1, 2:
		ctx, cancel := context.WithCancelCause(context.Background())
		defer cancel(nil)
		defer time.AfterFunc(p.unit*time.Duration(r.IntN(2000)), func() { cancel(io.EOF) }).Stop()
		p.hooks.guard(func() error { return p.Shutdown(ctx, 1000, "") })
		if p.Connected() {
			p.Close() // a hook has panicked
		}
	default:
		p.Close()
	}
}

// patience returns a context that never ends, or soon, or has.
func (p *reception) patience() (context.Context, context.CancelFunc) {
	if oneIn(p.r, 4) {
		return endingSoon(p.r, 20, p.unit)
	}
	return context.Background(), func() {}
}

// isEnd reports whether the connection may end with e. What is wrong with a message that is not read may stay unseen.
func (p *reception) isEnd(e ending) bool {
	return e == p.s.end || e.why == lost && p.s.unseen && p.left == len(p.s.messages)
}

// isPassing reports whether err leaves the connection as it was.
func (p *reception) isPassing(ctx context.Context, err error) bool {
	return err == errHookPanics || err != nil && err == ctx.Err()
}

// checkMessageError checks the error that has ended a message before its end.
func (p *reception) checkMessageError(what string, err error) {
	p.t.Helper()
	var wrong *stream.ProtocolError
	var over *stream.LimitError
	switch {
	case errors.Is(err, io.EOF):
		p.t.Errorf("%s: a message that was cut says %v, which matches io.EOF", what, err)
	case !errors.Is(err, io.ErrUnexpectedEOF) && !errors.As(err, &wrong) && !errors.As(err, &over):
		p.t.Errorf("%s: a message that was cut says %v", what, err)
	case !p.own.Load() && !p.isEnd(endingOf(err)):
		p.t.Errorf("%s: a message was cut by %v, want %v", what, err, p.s.end)
	}
}

// checkEnd checks that the connection has ended with err, that of Receive, when it should.
func (p *reception) checkEnd(err error, receive func() error) {
	p.t.Helper()
	if p.Connected() {
		p.t.Errorf("Receive says %v, and the connection is up", err)
		p.Abort()
		return
	}
	again := receive()
	for again == nil && !p.Connected() { // its context has ended before
		again = receive()
	}
	if again == nil || endingOf(again) != endingOf(p.Err()) || errors.Is(again, io.EOF) != errors.Is(p.Err(), io.EOF) {
		p.t.Errorf("Receive says %v, and then %v; the connection says %v", err, again, p.Err())
	}
	orderly := p.s.end.why == closed && (p.s.end.code == 1000 || p.s.end.code == 1001 || p.s.end.code == 1005)
	is := endingOf(p.Err())
	if !p.own.Load() && !p.isEnd(is) {
		p.t.Errorf("the connection ended with %v (%v), want %v", is, err, p.s.end)
	}
	if errors.Is(p.Err(), io.EOF) != (orderly && is == p.s.end) {
		p.t.Errorf("the connection ended with %v, which matches io.EOF: %v", p.Err(), errors.Is(p.Err(), io.EOF))
	}
	if p.own.Load() && is != p.s.end && !errors.Is(p.Err(), net.ErrClosed) && !errors.Is(p.Err(), os.ErrDeadlineExceeded) && !errors.Is(p.Err(), io.ErrUnexpectedEOF) {
		p.t.Errorf("this end has closed the connection, and it says %v", p.Err())
	}
}

// checkAnswers checks what this end has sent: pongs, in the order of the pings, and a close frame that fits.
func (p *reception) checkAnswers(a answered) {
	p.t.Helper()
	all := (&plainReader{rest: a.bytes, server: !p.s.server, limit: stream.Unlimited}).run()
	if len(all.frames) > 0 || len(all.pings) > 0 || all.open || all.end.why == broken {
		p.t.Errorf("it has sent %v", all)
	}
	pings := p.s.pings
	for _, pong := range all.pongs {
		for len(pings) > 0 && pings[0] != pong {
			pings = pings[1:]
		}
		if len(pings) == 0 {
			p.t.Errorf("pongs %q for pings %q", all.pongs, p.s.pings)
			return
		}
		pings = pings[1:]
	}
	if p.own.Load() || a.err != nil {
		return
	}
	if want := p.s.end; !p.isEnd(all.end) && (all.end.why != closed || all.end.code != want.code) {
		p.t.Errorf("it has ended with %v, want %v", all.end, want)
	}
	if n := len(p.s.pings); p.s.end.why == closed && n > 0 && p.hooks.every == 0 &&
		(len(all.pongs) == 0 || all.pongs[len(all.pongs)-1] != p.s.pings[n-1]) {
		p.t.Errorf("the last ping has no answer")
	}
}

// errHookPanics is what a hook panics with.
var errHookPanics = errors.New("a hook has panicked")

// hooks are those of a Trace that only the goroutine calls that receives. Every so many calls they panic.
type hooks struct {
	every int64 // 0: never
	calls atomic.Int64
}

func (h *hooks) option(r *rand.Rand) stream.Option {
	if !oneIn(r, 4) {
		return stream.WithTrace(nil)
	}
	h.every = 2 + r.Int64N(6) // a frame may be told again to a hook that has panicked
	return stream.WithTrace(&stream.Trace{
		FrameReceived: func(frame.Header) { h.call() },
		PingReceived:  func([]byte) { h.call() },
		PongReceived:  func([]byte) { h.call() },
	})
}

func (h *hooks) call() {
	if h.calls.Add(1)%h.every == 0 {
		panic(errHookPanics)
	}
}

// guard calls do, and returns errHookPanics if a hook has panicked meanwhile.
func (h *hooks) guard(do func() error) (err error) {
	defer func() {
		if v := recover(); v == any(errHookPanics) {
			err = errHookPanics
		} else if v != nil {
			panic(v)
		}
	}()
	return do()
}
