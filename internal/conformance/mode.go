package conformance

import (
	"context"
	"io"
	"net"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// A Mode is a receive mode, and how to echo messages in it. Make one with [Echo].
type Mode struct {
	Name      string
	Fragments bool // messages may come in fragments; if not, the cases that send some are left out

	accept func(ctx context.Context, ln net.Listener, opts ...listen.Option) error
	dial   func(ctx context.Context, url string, opts ...dial.Option) error
}

// Modes are the modes under test.
var Modes = []Mode{
	Echo("standard", true, stream.Standard, echoReader),
}

// Echo returns the Mode with the name, in which echo sends each message back.
func Echo[M any](name string, fragments bool, mode stream.Mode[M], echo func(context.Context, *stream.Socket, M) error) Mode {
	serve := func(ctx context.Context, conn *stream.Conn[M]) error {
		defer conn.Close()
		for msg, err := range conn.All(ctx) {
			if err != nil {
				return err
			}
			if err := echo(ctx, conn.Socket, msg); err != nil {
				return err
			}
		}
		return nil
	}
	return Mode{
		Name:      name,
		Fragments: fragments,
		accept: func(ctx context.Context, ln net.Listener, opts ...listen.Option) error {
			l, err := listen.NewListener(ln, mode, opts...)
			if err != nil {
				return err
			}
			defer l.Close()
			conn, err := l.Accept(ctx)
			if err != nil {
				return err
			}
			return serve(ctx, conn)
		},
		dial: func(ctx context.Context, url string, opts ...dial.Option) error {
			conn, err := dial.Dial(ctx, url, mode, opts...)
			if err != nil {
				return err
			}
			return serve(ctx, conn)
		},
	}
}

func echoReader(ctx context.Context, s *stream.Socket, msg *stream.Reader) error {
	w, err := s.NewWriter(ctx, msg.Opcode())
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := io.Copy(w, msg); err != nil {
		return err
	}
	return w.Close()
}
