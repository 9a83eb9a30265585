//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// A link is a connection between the hosts, both ends of which are in this process.
type link struct {
	client, server *end
	watched, other *end // the same; watched is the one that the variant says, or the client
	door           *door
	unfinished     *stream.Writer // of the other one; nil: none
}

// open opens a connection as the variant says. The options are for the end that is looked at; the other one waits for ever.
func (e *env) open(opts ...stream.Option) (*link, error) {
	patient := []stream.Option{stream.IdleTimeout(0)}
	forServer, forClient := patient, opts
	if e.Role == "server" {
		forServer, forClient = opts, patient
	}
	d, err := e.serve(forServer)
	if err != nil {
		return nil, err
	}
	l, err := e.openAt(d, e.url(d.address), forClient)
	if err != nil {
		d.close()
	}
	return l, err
}

// openAt opens a connection to a door, at the URL that leads there. That is closed with it.
func (e *env) openAt(d *door, url string, opts []stream.Option) (*link, error) {
	client, err := e.dial(e.ctx, url, opts)
	if err != nil {
		return nil, err
	}
	server, err := d.accept(e.ctx)
	if err != nil {
		client.Abort()
		return nil, err
	}
	l := &link{client: client, server: server, watched: client, other: server, door: d}
	if e.Role == "server" {
		l.watched, l.other = server, client
	}
	if got := client.Handshake().Deflate != nil; got != e.Deflate {
		l.abort()
		return nil, fmt.Errorf("whether messages are compressed: %t", got)
	}
	return l, nil
}

// abort closes both ends.
func (l *link) abort() {
	l.client.Abort()
	l.server.Abort()
	if l.unfinished != nil {
		l.unfinished.Abort()
	}
}

// close closes both ends, and the listener.
func (l *link) close() {
	l.abort()
	l.door.close()
}

// url returns that of a server at an address.
func (e *env) url(address string) string {
	if e.TLS {
		return "wss://" + address + "/"
	}
	return "ws://" + address + "/"
}

// common returns opts, and what both ends have.
func (e *env) common(opts []stream.Option) stream.Option {
	if e.Deflate {
		opts = append([]stream.Option{stream.Compression(stream.CompressionConfig{})}, opts...)
	}
	return stream.Options(opts...)
}

// serve has the server listen, in its host.
func (e *env) serve(opts []stream.Option, more ...listen.Option) (*door, error) {
	ln, err := e.server.listen()
	if err != nil {
		return nil, err
	}
	more = append(more, e.common(opts))
	if e.HTTP2 {
		return e.serveHTTP2(ln, more), nil
	}
	if e.TLS {
		more = append(more, listen.TLSConfig(e.forServer))
	}
	d, err := e.modeOf().listen(ln, more...)
	if err != nil {
		ln.Close()
	}
	return d, err
}

// dial connects to url, from the host of the client.
func (e *env) dial(ctx context.Context, url string, opts []stream.Option) (*end, error) {
	var raw *net.TCPConn
	connect := func(_ context.Context, _, address string) (net.Conn, error) {
		conn, err := e.client.dial(address, connecting)
		raw, _ = conn.(*net.TCPConn)
		return conn, err
	}
	if e.HTTP2 {
		return e.dialHTTP2(ctx, url, e.common(opts), connect, &raw)
	}
	end, err := e.modeOf().dial(ctx, url, e.common(opts), dial.Proxy(nil), dial.TLSConfig(e.forClient), dial.NetDial(connect))
	if err != nil {
		return nil, err
	}
	end.raw = raw
	return end, nil
}

// connecting bounds how long a connection of TCP may take to be opened.
const connecting = 30 * time.Second

// talk opens a connection, has a message go each way, and closes it.
func (e *env) talk() error {
	l, err := e.open()
	if err != nil {
		return err
	}
	defer l.close()
	return l.exchange(e.ctx, 100_000, nil)
}

// until waits until a condition holds.
func until(ctx context.Context, what string, holds func() bool) error {
	for wait := time.Millisecond; !holds(); wait = min(2*wait, 100*time.Millisecond) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, ctx.Err())
		case <-time.After(wait):
		}
	}
	return nil
}

// isCut returns an error unless err is that of a connection which was lost.
func isCut(err error) error {
	switch {
	case err == nil:
		return errors.New("there was no error")
	case errors.Is(err, io.EOF):
		return fmt.Errorf("the end looks orderly: %w", err)
	case !errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the error does not match io.ErrUnexpectedEOF: %w", err)
	}
	return nil
}
