package stream

import (
	"context"
	"fmt"
	"io"
	"time"

	"golang.org/x/exp/constraints"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/opcode"
)

// A Writer sends one message, piece by piece, in any size. It is for one goroutine at a time. It must be closed
// or aborted; until then every other message waits.
//
// What is written is gathered into fragments (see [FragmentSize]); the last one, which Close sends, carries the FIN
// bit. The idle timeout bounds how long the peer may refuse to take bytes. An error of the connection is returned by
// all further calls.
type Writer struct {
	m        *messages
	gen      uint64
	op       opcode.Opcode
	deadline transport.Deadline
	ended    bool // Close or Abort was called
	err      error
}

// A WriterOption is an option of [Socket.NewWriter]: [SingleFrame], [FragmentSize] or [Compress].
type WriterOption interface{ applyWriter(*writerConfig) }

type writerConfig struct {
	single   int64 // payload of the single frame; -1: fragments
	fragment int   // payload of a fragment, at most; 0: as the connection says
	compress choice
	err      error
}

func (c *writerConfig) reject(err error) {
	if c.err == nil {
		c.err = err
	}
}

type writerOption func(*writerConfig)

func (o writerOption) applyWriter(c *writerConfig) { o(c) }

// SingleFrame has the message sent as one frame of n bytes, for peers that do not take fragments, or take ever longer to
// join them: Tornado 6.2 copies all that came before for each. The frame is still streamed. To write more or less than n
// bytes is an error that fails the connection with code 1011. Control frames wait until the frame is complete, so it
// should not be left standing. A negative n is an [*ArgumentError] from NewWriter.
func SingleFrame[N constraints.Integer](n N) WriterOption {
	return writerOption(func(c *writerConfig) {
		if n < 0 || uint64(n) > uint64(Unlimited) {
			c.reject(&ArgumentError{"SingleFrame", fmt.Sprintf("%d is not a length", n)})
			return
		}
		c.single = int64(n)
	})
}

// NewWriter begins a message with the opcode Text or Binary. It waits until the messages before are finished, and ctx
// bounds that wait, nothing after it. Nothing is sent before there is something to send.
//
// An impossible opcode or option is an [*ArgumentError], and so is a Writer without [SingleFrame] in mode [Lite]. If
// the connection has ended, or is being closed, the error matches [net.ErrClosed] and the cause, unless that was a deadline.
func (s *Socket) NewWriter(ctx context.Context, op opcode.Opcode, opts ...WriterOption) (*Writer, error) {
	if !op.IsMessage() {
		return nil, &ArgumentError{"NewWriter", fmt.Sprintf("a message cannot begin with opcode %v", op)}
	}
	cfg := writerConfig{single: -1}
	if len(opts) > 0 { // without, nothing is allocated
		var err error
		if cfg, err = configureWriter(opts); err != nil {
			return nil, err
		}
	}
	if s.recv.limits.mode == frame.Lite && cfg.single < 0 {
		return nil, &ArgumentError{"NewWriter", "in mode Lite a message has a single frame: give stream.SingleFrame(n)"}
	}
	return s.send.newWriter(ctx, op, cfg)
}

func (m *messages) newWriter(ctx context.Context, op opcode.Opcode, cfg writerConfig) (*Writer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := m.enter(ctx); err != nil {
		return nil, err
	}
	o := m.outgoing()
	w := o.newWriter()
	w.m, w.op = m, op
	w.gen = o.begin(w, cfg)
	return w, nil
}

func configureWriter(opts []WriterOption) (writerConfig, error) {
	cfg := writerConfig{single: -1}
	for _, o := range opts {
		o.applyWriter(&cfg)
	}
	if cfg.err == nil && cfg.compress == always && cfg.single >= 0 {
		cfg.err = &ArgumentError{"NewWriter", "SingleFrame declares a length, and Compress changes it"}
	}
	return cfg, cfg.err
}

// Opcode returns the opcode of the message.
func (w *Writer) Opcode() opcode.Opcode { return w.op }

// Write writes p to the message. It does not change p, nor keep it. It takes all of p, or returns an error. Text that is
// not UTF-8 is an error at its first impossible byte, after which the message can only be aborted.
func (w *Writer) Write(p []byte) (int, error) {
	o, err := w.enter()
	if err != nil {
		return 0, err
	}
	defer o.mu.Unlock()
	n, err := o.write(p, false, nil)
	o.calling = false // but behind a panic
	return n, err
}

// pass is Write for p, the latest piece of a Reader, whose text need not be checked twice. It may keep what was lent.
func (w *Writer) pass(l *lender, p []byte) (int, error) {
	o, err := w.enter()
	if err != nil {
		return 0, err
	}
	defer o.mu.Unlock()
	n, err := o.pass(l, p)
	o.calling = false
	return n, err
}

// WriteString is Write for a string.
func (w *Writer) WriteString(text string) (n int, err error) {
	o, err := w.enter()
	if err != nil {
		return 0, err
	}
	defer o.mu.Unlock()
	n, err = o.write(bytesOf(text), true, nil)
	o.calling = false
	return n, err
}

// ReadFrom writes all that src has. It returns the number of bytes taken from src, and the first error other than
// [io.EOF]. After an error of src, Close does not send the message as if it were whole: see there. [io.Copy] calls
// ReadFrom, but for a source that has a WriteTo, whose errors the Writer cannot know: after one, call Abort. Those of a
// [Reader] it knows.
//
// If the message goes out as it is (from a server, or a client that uses [frame.NoMask] or a key of zeros; a binary
// message, over TCP, or on Linux a UNIX socket) and src is a regular [*os.File], or an [io.LimitedReader] on one, the kernel
// sends the file, whatever Read returns of a type that has the methods of an [*os.File]. If the file shrinks while a part
// of it is on its way, the connection fails.
func (w *Writer) ReadFrom(src io.Reader) (int64, error) {
	o, err := w.enter()
	if err != nil {
		return 0, err
	}
	defer o.mu.Unlock()
	n, err := o.readFrom(src)
	o.calling = false
	return n, err
}

// Flush sends what was gathered as a fragment, so that the peer can read it. Only the last fragment says that it is the
// last, so a Close with nothing written behind Flush has to send an empty one.
func (w *Writer) Flush() error {
	o, err := w.enter()
	if err != nil {
		return err
	}
	defer o.mu.Unlock()
	err = o.flush()
	o.calling = false
	return err
}

// Close sends the end of the message. After a Write or ReadFrom that has failed, the message has no end: Close then
// returns that error, and, if a part of the message has left, fails the connection with code 1011, so that the peer
// does not take the part for the whole; its close frame may take as long as [CloseTimeout] allows. Called again, it
// returns the same as before; after Abort, [ErrAborted], or what was wrong before.
//
// If a deadline has ended it between frames, the message is still open, and the others wait: call Close again after a
// later deadline was set, or Abort. A last fragment of up to 4 KiB may be put off, as [Socket.WriteText] says.
func (w *Writer) Close() error { return w.end(nil) }

// Abort gives the message up. If a part of it has left, that fails the connection with code 1011; otherwise the
// connection goes on as if the message had never begun. It may take as long as Close. After Close it does nothing, so that
// it can be deferred.
func (w *Writer) Abort() { w.end(ErrAborted) }

func (w *Writer) end(cause error) error {
	if w.ended {
		return w.err
	}
	o, err := w.enter()
	if err != nil {
		return err
	}
	defer o.mu.Unlock()
	err, w.ended = o.end(cause)
	w.err = lasting(err)
	o.calling = false
	return err
}

// SetDeadline sets when Write, ReadFrom, Flush and Close give up with [os.ErrDeadlineExceeded]; the zero time is never.
// If a frame was cut by it, the connection has ended, which the error says by matching [net.ErrClosed]; if not, they may be tried
// again after a later deadline was set.
// What a Write has not taken must be written then, by the calls that come next, before anything else; what the source of a
// ReadFrom has left is written by ReadFrom or Write. Otherwise the error stays, and Close returns it.
// Any goroutine may call it, also for calls that wait already.
func (w *Writer) SetDeadline(t time.Time) error {
	if w.stale() {
		return ErrStale
	}
	w.m.wire.tr.SetDeadline(&w.deadline, t)
	return nil
}

func (w *Writer) stale() bool { return w.m.out.Load().gen.Load() != w.gen }

// enter returns the open message, locked. What a call that has panicked has left of it is not known: it has no end.
func (w *Writer) enter() (*outgoing, error) {
	if w.stale() {
		return nil, ErrStale // without waiting for what another Writer does
	}
	o := w.m.out.Load()
	o.mu.Lock()
	if w.stale() {
		o.mu.Unlock()
		return nil, ErrStale
	}
	if o.calling {
		o.account.spoil(errPanicked, spoiled)
	}
	o.calling = true
	return o, nil
}

// spoil is for a source that does not come through ReadFrom.
func (w *Writer) spoil(err error) {
	if o, stale := w.enter(); stale == nil {
		defer o.mu.Unlock()
		o.account.spoil(err, spoiled)
		o.calling = false
	}
}
