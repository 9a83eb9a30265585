package stream

import (
	"context"

	"github.com/litert/websocket/frame"
)

// A Mode says what [Conn.Receive] returns for a message: it is a type parameter as well as a value, so that the
// compiler knows.
//
//   - [Standard]: a [*Reader] for each message, which may be larger than memory. The one to take for files and streams.
//   - [Simple]: whole messages. The one to take for small ones.
//   - [Lite]: whole messages of one frame, without a copy. For the fastest answer to a peer that is known.
//   - [Frames]: single frames, for relays and inspectors.
//   - [JSON]: a value of a type of the program, from JSON.
//   - [Decode]: whatever a function makes of a message.
//
// The zero Mode is refused by [New].
type Mode[M any] struct {
	mode    frame.ReceiveMode
	receive func(*receiver, context.Context) (M, error) // the caller is the receiver
	decode  func(context.Context, *Socket) (M, error)   // takes the place of receive; the caller is not the receiver
}

// ReceiveMode tells which of the modes m is.
func (m Mode[M]) ReceiveMode() frame.ReceiveMode { return m.mode }

// Standard is the mode for messages of any size: each is a [*Reader], handed over as soon as the header of its first
// frame is there.
var Standard = Mode[*Reader]{mode: frame.Standard, receive: (*receiver).receive}
