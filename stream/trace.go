package stream

import (
	"sync/atomic"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/conf"
	"github.com/litert/websocket/opcode"
)

// A Trace has functions to call while a connection is used, each of which may be nil; see [WithTrace]. They are called
// by the goroutine to which it happens, which waits for them, and several at the same time. They must not call methods
// of the connection that read, write or close. Slices and headers are theirs only for the call.
//
// A panic of theirs leaves nothing taken, and goes on out of the method of the connection that has called them. Where a
// goroutine of the connection itself has, it ends the process, as in every goroutine of Go that does not recover. Such
// goroutines call Ended, what there is for the pings of [KeepAlive] and for pongs, and FrameSent for what a [NetConn] writes.
type Trace struct {
	// Opened is called when the connection begins, behind the opening handshake.
	Opened func(Handshake)

	// FrameReceived is called for each frame that has come, control frames included: for a data frame when its header
	// has. FrameSent is called for each frame when its header is about to be sent.
	FrameReceived, FrameSent func(frame.Header)

	// PingReceived and its like are called for control frames, after they were received, and sent, or put off for a moment to be
	// sent with others.
	PingReceived, PingSent, PongReceived, PongSent func(data []byte)
	CloseReceived, CloseSent                       func(code closecode.Code, reason string)

	// Timeout is called with ErrIdleTimeout or ErrNoPong, before it ends the connection.
	Timeout func(error)

	// Ended is called once, last, when the transport was closed.
	Ended func(Summary)
}

// A Summary is what there is to say of a connection that has ended.
type Summary struct {
	Err            error // as Socket.Err returns it
	Received, Sent Count
}

// A Count is what went in one direction.
type Count struct {
	Messages int64 // whose last frame has begun (received), or was sent
	Bytes    int64 // of all frames with their headers, behind the handshake
}

// WithTrace has the functions of t called. The default, or a nil t, is no trace, and costs nothing.
func WithTrace(t *Trace) Option {
	return conf.StreamOption(func(c *conf.Stream) { c.Trace = t })
}

// A tracer calls the functions of a Trace. A nil tracer calls none.
type tracer struct {
	Trace
	messagesReceived, messagesWritten, received, sent atomic.Int64
}

func newTracer(t any) *tracer {
	if trace, _ := t.(*Trace); trace != nil {
		return &tracer{Trace: *trace}
	}
	return nil
}

func (t *tracer) opened(hs Handshake) {
	if t != nil && t.Opened != nil {
		t.Opened(hs)
	}
}

func (t *tracer) frameReceived(h frame.Header) {
	if t != nil && t.FrameReceived != nil {
		t.FrameReceived(h)
	}
}

// seesFrames reports whether there is a hook for the frames that come.
func (t *tracer) seesFrames() bool { return t != nil && t.FrameReceived != nil }

func (t *tracer) frameSent(h *frame.Header) {
	if t != nil && t.FrameSent != nil {
		t.FrameSent(*h)
	}
}

func (t *tracer) pingReceived(data []byte) {
	if t != nil && t.PingReceived != nil {
		t.PingReceived(data)
	}
}

func (t *tracer) pongReceived(data []byte) {
	if t != nil && t.PongReceived != nil {
		t.PongReceived(data)
	}
}

// controlSent is for pings and pongs.
func (t *tracer) controlSent(op opcode.Opcode, data []byte) {
	if t == nil {
		return
	}
	if op == opcode.Ping && t.PingSent != nil {
		t.PingSent(data)
	}
	if op == opcode.Pong && t.PongSent != nil {
		t.PongSent(data)
	}
}

func (t *tracer) closeReceived(code closecode.Code, reason string) {
	if t != nil && t.CloseReceived != nil {
		t.CloseReceived(code, reason)
	}
}

func (t *tracer) closeSent(code closecode.Code, reason string) {
	if t != nil && t.CloseSent != nil {
		t.CloseSent(code, reason)
	}
}

func (t *tracer) timeout(err error) {
	if t != nil && t.Timeout != nil {
		t.Timeout(err)
	}
}

func (t *tracer) messageReceived() {
	if t != nil {
		t.messagesReceived.Add(1)
	}
}

func (t *tracer) messageSent() {
	if t != nil {
		t.messagesWritten.Add(1)
	}
}

func (t *tracer) bytesReceived(n int64) {
	if t != nil {
		t.received.Add(n)
	}
}

func (t *tracer) bytesSent(n int64) {
	if t != nil {
		t.sent.Add(n)
	}
}

func (t *tracer) ended(err error) {
	if t == nil || t.Ended == nil {
		return
	}
	t.Ended(Summary{
		Err:      err,
		Received: Count{t.messagesReceived.Load(), t.received.Load()},
		Sent:     Count{t.messagesWritten.Load(), t.sent.Load()},
	})
}
