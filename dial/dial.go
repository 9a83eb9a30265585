package dial

import (
	"context"
	"io"
	"reflect"
	"time"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/conf"
	"github.com/litert/websocket/stream"
)

// Dial connects to the WebSocket server at url and returns the connection, whose Receive returns what mode says.
//
// The scheme of url is ws or http for a plain connection, wss or https for one over TLS. The port is 80 or 443 if there
// is none. A user name and password are sent as basic authentication. ws+unix:///run/app.sock:/path is for the UNIX
// socket /run/app.sock, the path there being /path; a colon in the name of the socket is written %3A. wss+unix is the
// same with TLS, and a certificate for localhost unless [TLSConfig] has a ServerName. A fragment is not allowed
// (RFC 6455, section 3). Names of hosts are in ASCII.
//
// The context bounds all of it, and so does [ConnectTimeout]; once Dial has returned, the context has no effect any
// more. The package documentation tells the errors. On an error nothing is left open. Dial may be called by any number
// of goroutines.
func Dial[M any](ctx context.Context, url string, mode stream.Mode[M], opts ...Option) (*stream.Conn[M], error) {
	cfg := defaults()
	forDialling(&cfg)
	c, err := newCall("dial.Dial", url, mode, cfg, opts)
	if err != nil {
		return nil, err
	}
	rwc, hs, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	return open(rwc, hs, mode, c.cfg.Stream)
}

// Handshake performs the opening handshake as a client over rwc, and returns the connection, as [Dial] does. The url
// tells what to ask for, and is as in Dial, but nothing is dialled, and TLS, if there is any, is already in rwc: the
// options [NetDial], [TLSConfig], [Proxy], [Redirects] and [CheckRedirect] have no effect. [HTTP2] is refused.
//
// Once it is called, rwc belongs to Handshake: if it returns an error, whatever error, rwc is closed. When the context
// or [ConnectTimeout] ends, rwc is closed too; Close must unblock its Read and Write.
func Handshake[M any](ctx context.Context, rwc io.ReadWriteCloser, url string, mode stream.Mode[M], opts ...Option) (*stream.Conn[M], error) {
	if rwc == nil {
		return nil, &stream.ArgumentError{Func: "dial.Handshake", Reason: "the transport is nil"}
	}
	c, err := newCall("dial.Handshake", url, mode, defaults(), opts)
	if err != nil {
		rwc.Close()
		return nil, err
	}
	if c.cfg.HTTP2 != nil {
		rwc.Close()
		return nil, &stream.ArgumentError{Func: "dial.HTTP2", Reason: "Handshake has its transport already"}
	}
	hs, err := c.handshake(ctx, rwc)
	if err != nil {
		return nil, err
	}
	return open(rwc, hs, mode, c.cfg.Stream)
}

func open[M any](rwc io.ReadWriteCloser, hs stream.Handshake, mode stream.Mode[M], cfg conf.Stream) (conn *stream.Conn[M], err error) {
	defer func() {
		if conn == nil { // also where a hook panics
			rwc.Close()
		}
	}()
	return stream.New(rwc, hs, mode, conf.Preset(&cfg))
}

// A call is what one call of Dial or Handshake was asked for.
type call struct {
	cfg    conf.Dial
	target target
}

// defaults returns what holds without an option.
func defaults() conf.Dial {
	return conf.Dial{Stream: conf.DefaultStream(), ConnectTimeout: defaultConnectTimeout}
}

// newCall puts together what the function named fn was called with, beside the defaults in cfg, and refuses what is
// impossible.
func newCall[M any](fn, url string, mode stream.Mode[M], cfg conf.Dial, opts []Option) (*call, error) {
	c := &call{cfg: cfg}
	for _, o := range opts {
		o.ApplyDial(&c.cfg)
	}
	if c.cfg.Err != nil {
		return nil, c.cfg.Err
	}
	if len(c.cfg.Early) > 0 && c.cfg.Redirects > 0 {
		return nil, &stream.ArgumentError{Func: "dial.EarlyData", Reason: "a redirect would lose it"}
	}
	if reason := c.conflict(); c.cfg.HTTP2 != nil && reason != "" {
		return nil, &stream.ArgumentError{Func: "dial.HTTP2", Reason: reason}
	}
	if mode.ReceiveMode() == frame.Frames {
		c.cfg.Compression = nil
	}
	if reflect.ValueOf(mode).IsZero() { // which stream.New refuses: better before anything is sent
		return nil, &stream.ArgumentError{Func: fn, Reason: "the mode is the zero Mode"}
	}
	t, err := parseTarget(url)
	if err != nil {
		return nil, &stream.ArgumentError{Func: fn, Reason: err.Error()}
	}
	if err := c.canOpenStream(&t); err != nil {
		return nil, &stream.ArgumentError{Func: "dial.HTTP2", Reason: err.Error()}
	}
	c.target = t
	return c, nil
}

const defaultConnectTimeout = 30 * time.Second

func (c *call) handshake(ctx context.Context, rwc io.ReadWriteCloser) (stream.Handshake, error) {
	ctx, cancel := c.bound(ctx)
	defer cancel()
	return c.shake(ctx, rwc)
}
