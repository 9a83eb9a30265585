package main

import (
	"context"
	"io"
	"net"
	"net/http"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A place is how a receive mode is served, and dialled.
type place struct {
	mode   string
	listen func(ln net.Listener, opts ...listen.Option) error
	handle func(opts ...listen.Option) http.Handler
	dial   func(ctx context.Context, url string, opts ...dial.Option) Outcome
}

// places are all receive modes.
var places = []place{
	echoing("standard", stream.Standard, always(echoReader)),
	echoing("simple", stream.Simple, always(echoMessage)),
	echoing("lite", stream.Lite, always(echoMessage)),
	echoing("decode", stream.Decode(decode), always(echoMessage)),
	echoing("frames", stream.Frames, newFrameEcho),
}

// An echo sends back what was received, a message or a part of one, and reports whether a message has ended.
type echo[M any] func(context.Context, *stream.Socket, M) (whole bool, err error)

// always is for an echo that keeps nothing from call to call.
func always[M any](one echo[M]) func() echo[M] { return func() echo[M] { return one } }

func echoing[M any](name string, mode stream.Mode[M], newEcho func() echo[M]) place {
	serve := func(ctx context.Context, conn *stream.Conn[M]) error {
		_, err := each(ctx, conn, newEcho())
		return err
	}
	return place{
		mode: name,
		listen: func(ln net.Listener, opts ...listen.Option) error {
			l, err := listen.NewListener(ln, mode, opts...)
			if err == nil {
				go acceptAll(l, serve)
			}
			return err
		},
		handle: func(opts ...listen.Option) http.Handler {
			return listen.Handler(mode, func(r *http.Request, conn *stream.Conn[M]) error { return serve(r.Context(), conn) }, opts...)
		},
		dial: func(ctx context.Context, url string, opts ...dial.Option) (o Outcome) {
			conn, err := dial.Dial(ctx, url, mode, opts...)
			if err == nil {
				defer conn.Abort()
				o.Opened = true
				o.Messages, err = each(ctx, conn, newEcho())
			}
			if err != nil {
				o.Err = err.Error()
			}
			return o
		},
	}
}

// acceptAll serves all connections of l.
func acceptAll[M any](l *listen.Listener[M], serve func(context.Context, *stream.Conn[M]) error) {
	for conn, err := range l.All(context.Background()) {
		if err != nil {
			panic(err) // no more are accepted
		}
		go func() {
			defer conn.Abort()
			if serve(context.Background(), conn) == nil {
				conn.Close()
			}
		}()
	}
}

// each calls echo for each message, until the connection ends, and returns how many messages have come whole.
func each[M any](ctx context.Context, conn *stream.Conn[M], echo echo[M]) (messages int, err error) {
	for msg, err := range conn.All(ctx) {
		if err != nil {
			return messages, err
		}
		whole, err := echo(ctx, conn.Socket, msg)
		if err != nil {
			return messages, err
		}
		if whole {
			messages++
		}
	}
	return messages, nil
}

func echoReader(ctx context.Context, s *stream.Socket, msg *stream.Reader) (bool, error) {
	w, err := s.NewWriter(ctx, msg.Opcode())
	if err != nil {
		return false, err
	}
	defer w.Abort()
	if _, err := io.Copy(w, msg); err != nil {
		return false, err
	}
	return true, w.Close()
}

func echoMessage(ctx context.Context, s *stream.Socket, msg stream.Message) (bool, error) {
	return true, s.WriteBuffers(ctx, msg.Opcode, net.Buffers{msg.Data})
}

func decode(r *stream.Reader) (stream.Message, error) {
	p, err := r.Bytes()
	return stream.Message{Opcode: r.Opcode(), Data: p}, err
}

// newFrameEcho returns an echo that puts the frames of a message together again.
func newFrameEcho() echo[stream.Frame] {
	var w *stream.Writer
	return func(ctx context.Context, s *stream.Socket, f stream.Frame) (whole bool, err error) {
		if f.Opcode != opcode.Continuation {
			if w, err = s.NewWriter(ctx, f.Opcode); err != nil {
				return false, err
			}
		}
		if _, err := w.Write(f.Payload); err != nil || !f.Fin {
			return false, err
		}
		return true, w.Close()
	}
}
