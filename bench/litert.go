package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// litert is this library: mode Lite for small messages that are echoed, and Standard for everything else.
type litert struct{ s *site }

func newLitert(s *site) endpoint { return litert{s} }

// lent is the size up to which mode Lite hands out messages without a copy.
const lent = 16 << 10

// whole reports whether messages are received whole.
func (l litert) whole() bool {
	j := &l.s.job
	return (j.Kind.echoes() || j.Kind == pair) && j.Size <= lent && j.Way != copied && j.Way != netConn
}

func (l litert) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if l.whole() {
		c, err := listen.Upgrade(w, r, l.mode(), l.options()...)
		if l.s.job.HTTP2 { // the connection ends with the handler
			l.s.run(l.echoer(c), err)
			return
		}
		go l.s.run(l.echoer(c), err)
		return
	}
	c, err := listen.Upgrade(w, r, stream.Standard, l.options()...)
	if l.s.job.Way == netConn {
		go l.s.run(litertTunnel{litertConn{c}}, err)
		return
	}
	if l.s.job.HTTP2 {
		l.s.run(litertConn{c}, err)
		return
	}
	go l.s.run(litertConn{c}, err)
}

// options are those of a server behind net/http.
func (l litert) options() (opts []listen.Option) {
	if l.s.job.Deflate {
		opts = append(opts, stream.Compression(stream.CompressionConfig{Threshold: l.s.job.threshold()}))
	}
	switch {
	case !l.whole():
		opts = append(opts, stream.MaxMessageSize(stream.Unlimited))
	case l.s.job.Way == writer:
		opts = append(opts, stream.ReuseBuffer())
	}
	return opts
}

func (l litert) serve(ln net.Listener) error {
	var opts []listen.Option
	if l.s.tls != nil {
		opts = append(opts, listen.TLSConfig(l.s.tls))
	}
	server, err := listen.NewListener(ln, stream.Lite, opts...)
	if err != nil {
		return err
	}
	for c, err := range server.All(context.Background()) {
		go l.s.run(litertEcho{c}, err)
	}
	return nil
}

func (l litert) dial(url string) error {
	if l.whole() {
		c, err := dial.Dial(context.Background(), url, stream.Lite)
		if err != nil {
			return err
		}
		go l.s.run(litertEcho{c}, nil)
		return nil
	}
	c, err := dial.Dial(context.Background(), url, stream.Standard, stream.MaxMessageSize(stream.Unlimited), dial.TLSConfig(clientTLS()))
	if err != nil {
		return err
	}
	go l.s.run(litertConn{c}, nil)
	return nil
}

func (l litert) broadcast(p []byte, conns []conn) error {
	msg, err := stream.Prepare(opcode.Binary, p)
	if err != nil {
		return err
	}
	for _, c := range conns {
		if err := c.(litertConn).WritePrepared(context.Background(), msg); err != nil {
			return err
		}
	}
	return nil
}

// litertConn receives streams.
type litertConn struct {
	*stream.Conn[*stream.Reader]
}

func (c litertConn) next() (io.Reader, error) { return c.Receive(context.Background()) }

func (c litertConn) sendFile(f *os.File) error {
	w, err := c.NewWriter(context.Background(), opcode.Binary)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := io.Copy(w, f); err != nil {
		return err
	}
	return w.Close()
}

func (c litertConn) write(p []byte) error { return c.WriteBinary(context.Background(), p) }

// echo is the one of the package documentation.
func (c litertConn) echo() error {
	ctx := context.Background()
	for {
		msg, err := c.Receive(ctx)
		if err != nil {
			return err
		}
		w, err := c.NewWriter(ctx, msg.Opcode())
		if err != nil {
			return err
		}
		if _, err := io.Copy(w, msg); err != nil {
			w.Abort()
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
	}
}

func (c litertConn) drop() { c.Abort() }

// litertEcho receives whole messages, which are binary.
type litertEcho struct {
	*stream.Conn[stream.Message]
}

func (c litertEcho) echo() error {
	ctx := context.Background()
	for {
		msg, err := c.Receive(ctx)
		if err != nil {
			return err
		}
		if err := c.WriteBinary(ctx, msg.Data); err != nil {
			return err
		}
	}
}

func (c litertEcho) converse(next func([]byte) ([]byte, error)) error {
	ctx := context.Background()
	for {
		msg, err := c.Receive(ctx)
		if err != nil {
			return err
		}
		p, err := next(msg.Data)
		if err != nil {
			return err
		}
		if p == nil {
			continue
		}
		if err := c.WriteBinary(ctx, p); err != nil {
			return err
		}
	}
}

func (c litertEcho) write(p []byte) error { return c.WriteBinary(context.Background(), p) }

func (c litertEcho) drop() { c.Abort() }
