package dial

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/browser"
	"github.com/litert/websocket/internal/conf"
	"github.com/litert/websocket/stream"
)

// maxBacklog is how many bytes may have come and wait to be received, where the browser cannot hold them back.
const maxBacklog = 64 << 20

// forDialling sets the defaults that are of Dial alone. The pings of the server are answered without being seen, and so a
// connection that nothing comes over may be in order.
func forDialling(cfg *conf.Dial) { cfg.IdleTimeout = 0 }

// dial has the browser connect to the target.
func (c *call) dial(ctx context.Context) (io.ReadWriteCloser, stream.Handshake, error) {
	if err := c.refuse(); err != nil {
		return nil, stream.Handshake{}, err
	}
	ctx, cancel := c.bound(ctx)
	defer cancel()
	backlog := min(c.cfg.MaxMessageSize, maxBacklog)
	conn, subprotocol, err := browser.Open(ctx, &browser.Request{
		URL:          "ws" + strings.TrimPrefix(c.target.url.String(), "http"),
		Subprotocols: c.cfg.Subprotocols,
		Backlog:      backlog,
		Overrun:      &backlogError{stream.LimitError{Limit: backlog}},
	})
	if err != nil {
		return nil, stream.Handshake{}, failed(ctx, "connecting to "+c.target.address, err)
	}
	c.cfg.Masking, c.cfg.MessagesOnly = frame.NoMask, true
	return conn, stream.Handshake{Resource: c.target.resource, Subprotocol: subprotocol}, nil
}

// HTTP2 is refused: it is the browser that connects.
func HTTP2(*http.Transport) Option {
	return refuse("HTTP2", "it is the browser that connects, over HTTP/2 where it likes to")
}

// canOpenStream has nothing to tell: a browser does not take the option.
func (c *call) canOpenStream(*target) error { return nil }

// refuse tells which option asks for what a browser does not have.
func (c *call) refuse() error {
	cfg := &c.cfg
	for _, o := range []struct {
		isSet        bool
		name, reason string
	}{
		{len(cfg.Header) > 0 || cfg.Host != "", "dial.Header", "a browser sends a header of its own"},
		{cfg.TLS != nil, "dial.TLSConfig", "TLS is the browser's"},
		{cfg.NetDial != nil, "dial.NetDial", "it is the browser that connects"},
		{cfg.Proxy != nil, "dial.Proxy", "the proxy is the browser's"},
		{cfg.CookieJar != nil, "dial.CookieJar", "a browser has cookies of its own"},
		{cfg.Redirects > 0, "dial.Redirects", "a browser follows none"},
		{cfg.CheckRedirect != nil, "dial.CheckRedirect", "a browser follows no redirects"},
		{len(cfg.Early) > 0, "dial.EarlyData", "a browser sends nothing before the connection is open"},
		{cfg.Masking != frame.RandomMask, "dial.Masking", "a browser masks by itself"},
		{cfg.KeepAlive > 0, "KeepAlive", "a browser sends no pings; those of the server it answers"},
		{c.target.network == "unix", "dial.Dial", "a browser has no UNIX sockets"},
		{c.target.user != nil, "dial.Dial", "a browser sends no user name and password of a URL"},
	} {
		if o.isSet {
			return &stream.ArgumentError{Func: o.name, Reason: o.reason}
		}
	}
	return nil
}

// A backlogError is why a connection has ended that messages came over faster than they were received.
type backlogError struct{ limit stream.LimitError }

func (e *backlogError) Error() string {
	return fmt.Sprintf("more than %d bytes have come and were not received, which only a browser with WebSocketStream holds back", e.limit.Limit)
}

func (e *backlogError) Unwrap() error { return &e.limit }
