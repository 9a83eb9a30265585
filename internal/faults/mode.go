//go:build linux

package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A mode is one of the receive modes, and how messages are sent to an end that has it.
type mode struct {
	name     string
	single   bool  // messages are single frames
	inPieces bool  // what comes of a message is handed out before its end
	deflates bool  // messages that are streamed can be compressed
	most     int64 // bytes of a message in a transfer

	listen func(net.Listener, ...listen.Option) (*door, error)
	handle func(came func(*http.Request, *end), opts ...listen.Option) http.Handler // calls came with each end
	dial   func(context.Context, string, ...dial.Option) (*end, error)
}

var modes = []mode{
	newMode(mode{name: "Standard", inPieces: true, deflates: true, most: 64 << 20}, stream.Standard, receiveReader),
	newMode(mode{name: "Simple", deflates: true, most: 1 << 20}, stream.Simple, receiveMessage),
	newMode(mode{name: "Lite", single: true, most: 1 << 20}, stream.Lite, receiveMessage),
	newMode(mode{name: "Frames", inPieces: true, most: 64 << 20}, stream.Frames, receiveFrames),
}

// modeOf returns the mode of the variant.
func (v variant) modeOf() mode {
	for _, m := range modes {
		if m.name == v.Mode {
			return m
		}
	}
	panic("there is no mode " + v.Mode)
}

// A door is where a server waits for its clients.
type door struct {
	address string
	accept  func(context.Context) (*end, error)
	close   func() error
}

// An end is one end of a connection.
type end struct {
	*stream.Socket
	mode mode
	raw  *net.TCPConn // below it; nil where another process has it
	flow *http2Flow   // nil: it is no stream of HTTP/2

	// receive hands what comes of the next message to w, and returns nil at the true end of the message. The context bounds it.
	receive func(ctx context.Context, w io.Writer) error
}

// newMode returns m with what depends on the type of its messages.
func newMode[M any](m mode, of stream.Mode[M], receive func(context.Context, *stream.Conn[M], io.Writer) error) mode {
	newEnd := func(conn *stream.Conn[M], raw *net.TCPConn) *end {
		return &end{Socket: conn.Socket, mode: m, raw: raw, receive: func(ctx context.Context, w io.Writer) error { return receive(ctx, conn, w) }}
	}
	m.listen = func(ln net.Listener, opts ...listen.Option) (*door, error) {
		keeper := &keeper{Listener: ln, conns: make(chan *net.TCPConn, 1)}
		l, err := listen.NewListener(keeper, of, opts...)
		if err != nil {
			return nil, err
		}
		accept := func(ctx context.Context) (*end, error) {
			conn, err := l.Accept(ctx)
			if err != nil {
				return nil, err
			}
			return newEnd(conn, <-keeper.conns), nil
		}
		return &door{ln.Addr().String(), accept, l.Close}, nil
	}
	m.handle = func(came func(*http.Request, *end), opts ...listen.Option) http.Handler {
		return listen.Handler(of, func(r *http.Request, conn *stream.Conn[M]) error {
			came(r, newEnd(conn, nil))
			<-conn.Done()
			return nil
		}, opts...)
	}
	m.dial = func(ctx context.Context, url string, opts ...dial.Option) (*end, error) {
		conn, err := dial.Dial(ctx, url, of, opts...)
		if err != nil {
			return nil, err
		}
		return newEnd(conn, nil), nil
	}
	return m
}

// A keeper keeps the last connection that its listener has accepted.
type keeper struct {
	net.Listener
	conns chan *net.TCPConn
}

func (k *keeper) Accept() (net.Conn, error) {
	conn, err := k.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		select {
		case <-k.conns: // that before has come to no connection
		default:
		}
		k.conns <- tcp
	}
	return conn, err
}

func receiveReader(ctx context.Context, conn *stream.Conn[*stream.Reader], w io.Writer) error {
	r, err := conn.Receive(ctx)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { r.SetDeadline(time.Now()) })()
	_, err = io.Copy(w, r)
	return err
}

func receiveMessage(ctx context.Context, conn *stream.Conn[stream.Message], w io.Writer) error {
	m, err := conn.Receive(ctx)
	if err != nil {
		return err
	}
	_, err = w.Write(m.Data)
	return err
}

func receiveFrames(ctx context.Context, conn *stream.Conn[stream.Frame], w io.Writer) error {
	for {
		f, err := conn.Receive(ctx)
		if err != nil {
			return err
		}
		if _, err := w.Write(f.Payload); err != nil || f.Fin {
			return err
		}
	}
}

// newWriter begins a message of n bytes that the mode can receive.
func (e *end) newWriter(ctx context.Context, n int64) (*stream.Writer, error) {
	var opts []stream.WriterOption
	if e.mode.single {
		opts = append(opts, stream.SingleFrame(n))
	}
	return e.NewWriter(ctx, opcode.Binary, opts...)
}

// send sends n bytes of src, as as many messages as the mode makes of them.
func (e *end) send(ctx context.Context, src io.Reader, n int64) error {
	for n > 0 {
		size := min(n, e.mode.most)
		w, err := e.newWriter(ctx, size)
		if err != nil {
			return err
		}
		if _, err := io.CopyN(w, src, size); err != nil {
			w.Abort()
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		n -= size
	}
	return nil
}
