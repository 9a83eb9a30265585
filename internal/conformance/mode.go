package conformance

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// A Mode is a receive mode, and how to echo messages in it. Make one with [Echo].
type Mode struct {
	Name      string
	Fragments bool // messages may come in fragments; if not, the cases that send some are left out
	Plain     bool // there is no compression; the cases that need it are left out

	// Both serve one connection, until ctx ends, and tell before that what the echo has ended with.
	accept func(ctx context.Context, ln net.Listener, ended func(error), opts ...listen.Option)
	dial   func(ctx context.Context, url string, ended func(error), opts ...dial.Option)

	// handle returns a server that does so for each request.
	handle func(ctx context.Context, ended func(error), opts ...listen.Option) http.Handler
}

// Modes are the modes under test.
var Modes = []Mode{
	Echo("standard", true, stream.Standard, echoReader),
	Echo("simple", true, stream.Simple, echoMessage),
	Echo("lite", false, stream.Lite, echoMessage),
	Echo("decode", true, stream.Decode(decode), echoMessage),
	plain(echoing("frames", true, stream.Frames, newFrameEcho)),
}

func plain(m Mode) Mode {
	m.Plain = true
	return m
}

// Echo returns the Mode with the name, in which one sends each message back.
func Echo[M any](name string, fragments bool, mode stream.Mode[M], one echo[M]) Mode {
	return echoing(name, fragments, mode, func() echo[M] { return one })
}

// An echo sends back what was received, a message or a part of one.
type echo[M any] func(context.Context, *stream.Socket, M) error

// echoing is Echo where each connection needs an echo of its own.
func echoing[M any](name string, fragments bool, mode stream.Mode[M], newEcho func() echo[M]) Mode {
	serve := func(ctx context.Context, conn *stream.Conn[M], ended func(error)) {
		defer conn.Abort()
		ended(each(ctx, conn, newEcho()))
		<-ctx.Done() // until then it is for the library to close the TCP connection
	}
	return Mode{
		Name:      name,
		Fragments: fragments,
		accept: func(ctx context.Context, ln net.Listener, ended func(error), opts ...listen.Option) {
			l, err := listen.NewListener(ln, mode, opts...)
			if err != nil {
				ended(err)
				return
			}
			defer l.Close()
			conn, err := l.Accept(ctx)
			if err != nil {
				ended(err)
				return
			}
			serve(ctx, conn, ended)
		},
		dial: func(ctx context.Context, url string, ended func(error), opts ...dial.Option) {
			conn, err := dial.Dial(ctx, url, mode, opts...)
			if err != nil {
				ended(err)
				return
			}
			serve(ctx, conn, ended)
		},
		handle: func(ctx context.Context, ended func(error), opts ...listen.Option) http.Handler {
			return handle(ctx, mode, newEcho, ended, opts)
		},
	}
}

// handle is the handle of a Mode. Over HTTP/2 the connection ends with the handler.
func handle[M any](ctx context.Context, mode stream.Mode[M], newEcho func() echo[M], ended func(error), opts []listen.Option) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := errNotOpened
		defer func() { ended(err) }()
		listen.Handler(mode, func(_ *http.Request, conn *stream.Conn[M]) error {
			err = each(ctx, conn, newEcho())
			return err
		}, opts...).ServeHTTP(w, r)
	})
}

var errNotOpened = errors.New("the request was refused")

// each calls echo for each message, until the connection ends.
func each[M any](ctx context.Context, conn *stream.Conn[M], echo echo[M]) error {
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

func echoMessage(ctx context.Context, s *stream.Socket, msg stream.Message) error {
	return s.WriteBuffers(ctx, msg.Opcode, net.Buffers{msg.Data})
}

func decode(r *stream.Reader) (stream.Message, error) {
	p, err := r.Bytes()
	return stream.Message{Opcode: r.Opcode(), Data: p}, err
}

// newFrameEcho returns an echo that puts the frames of a message together again.
func newFrameEcho() echo[stream.Frame] {
	var w *stream.Writer
	return func(ctx context.Context, s *stream.Socket, f stream.Frame) (err error) {
		if f.Opcode.IsMessage() {
			if w, err = s.NewWriter(ctx, f.Opcode); err != nil {
				return err
			}
		}
		if _, err := w.Write(f.Payload); err != nil || !f.Fin {
			return err
		}
		return w.Close()
	}
}
