package stream

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
)

// JSON returns the mode in which each message is a T in JSON, as [json.Unmarshal] takes it: text or binary, of up to the
// bytes of [MaxMessageSize], with nothing behind the value but space. Fields that T does not know are left out, and null is
// the zero T. For other rules, such as [json.Decoder.DisallowUnknownFields], give [Decode] a function of your own.
//
// The context is as in [Simple]: it bounds the whole message, and when it ends, nothing is lost.
//
// A message that is not what T wants, also an empty one, is a [*JSONError] of Receive, with what Unmarshal has made of it.
// It is the end of that message alone: [Conn.All] goes on, and so may Receive. Every other error is of the connection, or of
// the context.
//
// The value is the caller's own. While it is decoded, the message is in memory as well. Methods of T must not receive from
// the connection: other receivers wait until it is decoded.
func JSON[T any]() Mode[T] { return Mode[T]{mode: frame.Simple, decode: receiveJSON[T]} }

func receiveJSON[T any](ctx context.Context, s *Socket) (v T, err error) {
	m, err := receiveIn(ctx, s, Simple)
	switch {
	case err != nil:
		return v, err
	case len(m.Data) == 0:
		return v, &messageError{error: &JSONError{errEmpty}}
	}
	if err := json.Unmarshal(m.Data, &v); err != nil {
		return v, &messageError{error: &JSONError{err}}
	}
	return v, nil
}

var errEmpty = errors.New("the message is empty")

// WriteJSON sends v in JSON, as [json.Marshal] has it, as one message in one frame. Otherwise it is as [Socket.WriteText].
// What Marshal refuses is a [*JSONError]: nothing was sent, and the connection is as it was. The context does not bound
// Marshal, and v must not change meanwhile; afterwards nothing of it is kept.
func (s *Socket) WriteJSON(ctx context.Context, v any) error {
	p, err := json.Marshal(v)
	if err != nil {
		return &JSONError{err}
	}
	return s.Write(ctx, opcode.Text, p)
}

// A JSONError says that a message in mode [JSON] could not be decoded, or a value not encoded by [Socket.WriteJSON]. The
// connection is as it was. It matches what Err does, as a [*json.SyntaxError], but never [io.EOF]: it is not the end.
type JSONError struct {
	Err error // of package json, or of a method of the type; or that the message is empty
}

func (e *JSONError) Error() string { return "stream: JSON: " + textOf(e.Err) }

// Is reports whether e.Err matches target, and that is not [io.EOF].
func (e *JSONError) Is(target error) bool { return target != io.EOF && errors.Is(e.Err, target) }

// As does for e what [errors.As] does for e.Err. It takes the place of Unwrap, through which errors.Is would find io.EOF.
func (e *JSONError) As(target any) bool { return errors.As(e.Err, target) }
