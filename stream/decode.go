package stream

import (
	"context"
	"errors"
	"time"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/gate"
)

// Decode returns the mode in which fn makes a value of each message: from JSON, say, straight from the [Reader], of any
// length. What fn leaves unread is discarded. The Reader ends when fn returns.
//
// If fn returns an error, Receive returns the same, with the value that came with it: it is the end of that message
// alone, and the connection goes on, as [Conn.All] does with the next message; unless it is, or wraps, what the Reader told of
// the end of the connection, with which All ends. [Socket.Err] tells whether the connection has ended: so fn had better not return
// [io.EOF], as a [json.Decoder] does for an empty message, which callers of Receive take for an orderly end.
//
// The context of Receive bounds fn, too: when it ends, what fn reads fails with [os.ErrDeadlineExceeded], Receive
// returns the error of the context, and the rest of the message is discarded. fn must not receive from its own
// connection: other receivers wait until it returns. It is called by several goroutines at the same time only if several
// connections use the mode. A nil fn makes the zero Mode, which [New] refuses.
func Decode[M any](fn func(*Reader) (M, error)) Mode[M] {
	if fn == nil {
		return Mode[M]{}
	}
	return Mode[M]{mode: frame.Standard, decode: func(ctx context.Context, s *Socket) (m M, err error) {
		r, err := receiveIn(ctx, s, Standard)
		if err != nil {
			return m, err
		}
		return decodeMessage(ctx, r, fn)
	}}
}

// A decoding is what a connection in mode Decode or JSON has beside the rest.
type decoding[M any] struct {
	gate    gate.Gate // admits one receiver until its message is decoded
	receive func(context.Context, *Socket) (M, error)
}

// receiveIn is Receive in mode m, which is neither of these.
func receiveIn[M any](ctx context.Context, s *Socket, mode Mode[M]) (m M, err error) {
	if err := s.recv.begin(ctx); err != nil {
		return m, err
	}
	defer s.recv.leave()
	return mode.receive(&s.recv, ctx)
}

// decodeMessage has fn make a value of the message of r, bounded by ctx.
func decodeMessage[M any](ctx context.Context, r *Reader, fn func(*Reader) (M, error)) (m M, err error) {
	defer r.Close()
	defer context.AfterFunc(ctx, func() { r.SetDeadline(time.Unix(1, 0)) })()
	m, err = fn(r)
	switch {
	case err == nil:
		return m, nil
	case ctx.Err() != nil:
		return m, ctx.Err()
	}
	ended := r.rc.end().reason()
	return m, &messageError{err, ended != nil && errors.Is(err, ended)}
}

// A messageError is an error that ends a message. Receive and All unwrap it.
type messageError struct {
	error
	last bool // it tells how the connection has ended, too
}
