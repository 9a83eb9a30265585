package stream

import (
	"context"
	"errors"
	"io"
	"iter"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/conf"
	"github.com/litert/websocket/internal/gate"
)

// A Conn is a WebSocket connection whose Receive returns messages of type M, which its [Mode] decides. All else is in the
// [Socket] that is part of it, and can be called on the Conn:
//
//   - [Socket.WriteText], [Socket.WriteBinary], [Socket.Write], [Socket.WriteJSON], [Socket.WriteBuffers] and
//     [Socket.WritePrepared] send whole messages, [Socket.NewWriter] one of any size, [Socket.WriteFrame] a single frame;
//   - [Socket.Shutdown], [Socket.Close] and [Socket.Abort] end it, [Socket.CloseWrite] its sending; [Socket.Err] tells why
//     it has ended, and [Socket.Done] when;
//   - [Socket.Ping], [Socket.Pong] and [Socket.Probe] send control frames;
//   - [Socket.Subprotocol], [Socket.Handshake], [Socket.TLS], [Socket.RemoteAddr] and others tell what it is.
//
// Receive, All and the Reader they returned are for one goroutine at a time; further callers wait for their
// turn. Everything else may be called by any goroutine at any time.
type Conn[M any] struct {
	*Socket
	message  func(*receiver, context.Context) (M, error) // receives one; the caller is the receiver. nil: decoding does
	decoding *decoding[M]
}

// New returns the connection over rwc, after the opening handshake hs. Packages dial and listen call it; a program
// calls it to run WebSocket over a transport of its own, such as a channel of SSH.
//
// Over a TCP or UNIX socket ([*net.TCPConn], [*net.UnixConn]) an idle connection holds no buffer on UNIX systems, files are
// sent by the kernel, and large writes are not copied. Over TLS it holds one of 16 KiB for its first second without bytes,
// or none if dial or a Listener has made that. If rwc has no deadlines (SetReadDeadline and SetWriteDeadline as in
// [net.Conn]), a goroutine reads from it until it is closed, from the first read of the connection on: into 512 bytes while
// little comes, and at most 32 KiB before they are wanted.
//
// A write that is cut by its context or deadline closes an rwc without deadlines. Over TLS, and whatever returns timeouts
// that are not temporary, such a write ends the connection, too, though none of it may have left. Close must unblock the
// Read and Write of rwc; a [*tls.Conn] is not closed itself, but says its farewell, and has the connection below it
// closed.
//
// An option with an impossible value, or a mode that is zero, is an [*ArgumentError]; rwc is then as it was.
func New[M any](rwc io.ReadWriteCloser, hs Handshake, mode Mode[M], opts ...Option) (*Conn[M], error) {
	if rwc == nil {
		return nil, &ArgumentError{"New", "the transport is nil"}
	}
	if mode.receive == nil && mode.decode == nil {
		return nil, &ArgumentError{"New", "the mode is the zero Mode"}
	}
	if d := hs.Deflate; d != nil && (mode.mode == frame.Frames || !windowBitsFit(d.ServerMaxWindowBits) || !windowBitsFit(d.ClientMaxWindowBits)) {
		return nil, &ArgumentError{"New", "the handshake's compression is impossible, or the mode is Frames"}
	}
	cfg := conf.DefaultStream()
	for _, o := range opts {
		o.ApplyStream(&cfg)
	}
	if cfg.Err != nil {
		return nil, cfg.Err
	}
	c := &Conn[M]{Socket: newSocket(rwc, &hs, mode.mode, &cfg), message: mode.receive}
	if mode.decode != nil {
		c.decoding = &decoding[M]{receive: mode.decode}
	}
	return c, nil
}

// Receive returns the next message, as the [Mode] says. In mode [Standard] it waits until the header of the message's
// first frame is there, and discards first what was not read of the message before.
//
// The context bounds that wait, nothing after it; in the other modes it bounds the whole message or frame. When it
// ends, Receive returns its error; the connection is as it was, and the next Receive goes on, even in the middle of a
// header. Only in a mode of [Decode] is a message lost whose decoding had begun.
//
// When the connection has ended, Receive returns why: a [*CloseError], which matches [io.EOF] if the end was orderly;
// an error that matches [net.ErrClosed] if this end closed it; one that matches [io.ErrUnexpectedEOF] if it was
// lost; [*ProtocolError], [*LimitError], [ErrIdleTimeout] or [ErrNoPong]. None of these matches [context.DeadlineExceeded] or
// [os.ErrDeadlineExceeded], also where that was the cause: so a program that tries again behind a deadline of its own does not
// do so for ever.
//
// Control frames are answered while a goroutine receives or reads a message, and not otherwise. Before it returns that the
// peer has closed the connection, or broken the protocol, Receive sends a close frame, for which it may have to wait
// for the frame that is on the wire, up to the time of [CloseTimeout].
func (c *Conn[M]) Receive(ctx context.Context) (M, error) {
	m, err := c.receive(ctx)
	if bad, ok := err.(*messageError); ok {
		err = bad.error
	}
	return m, err
}

// All returns an iterator over the messages, as [Conn.Receive] returns them. It stops silently at an orderly end (when
// the error matches [io.EOF]), and otherwise after it has yielded the error. An error of a single message, which only
// [Decode] and [JSON] know, does not stop it. Breaking out of the loop leaves the connection as it is.
//
// Behind the loop, [Socket.Err] tells what has ended it: it is nil if the connection goes on, as after a break, or when ctx
// has ended; it matches [io.EOF] after an orderly end; otherwise it says why the connection has ended. [CloseCode] has the
// code of either.
func (c *Conn[M]) All(ctx context.Context) iter.Seq2[M, error] {
	return func(yield func(M, error) bool) {
		for {
			m, err := c.receive(ctx)
			if bad, ok := err.(*messageError); ok {
				if !yield(m, bad.error) || bad.last {
					return
				}
				continue
			}
			if errors.Is(err, io.EOF) || !yield(m, err) || err != nil {
				return
			}
		}
	}
}

func (c *Conn[M]) receive(ctx context.Context) (m M, err error) {
	if c.decoding != nil {
		return c.receiveDecoded(ctx)
	}
	if err := c.recv.begin(ctx); err != nil {
		return m, err
	}
	return c.receiveBegun(ctx)
}

// receiveBegun is receive for the receiver, and leaves.
func (c *Conn[M]) receiveBegun(ctx context.Context) (M, error) {
	defer c.recv.leave()
	return c.message(&c.recv, ctx)
}

// receiveDecoded is receive for a mode whose function is the receiver only while it reads.
func (c *Conn[M]) receiveDecoded(ctx context.Context) (m M, err error) {
	switch err := c.decoding.gate.Enter(ctx, &c.end.done); err {
	case nil:
		defer c.decoding.gate.Leave()
	case gate.ErrDone: // why the connection has ended is told below
	default:
		return m, err
	}
	return c.decoding.receive(ctx, c.Socket)
}
