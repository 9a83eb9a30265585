package listen

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/conf"
	"github.com/litert/websocket/internal/handshake"
	"github.com/litert/websocket/stream"
)

// An Option sets something of the handshakes of this package, or of the connections that they open: every
// [stream.Option] is one. If an option is given twice, the last one wins. An impossible value is a
// [*stream.ArgumentError]: returned by [Listen] and [NewListener], inside of an [*Error] with status 500 by [Upgrade], and the
// panic of [Handler].
// Options can be kept, and used by several goroutines.
type Option interface{ ApplyListen(*conf.Listen) }

type option func(*conf.Listen)

func (o option) ApplyListen(c *conf.Listen) { o(c) }

// refuse returns the option that says what is wrong with its argument.
func refuse(name, format string, args ...any) Option {
	err := &stream.ArgumentError{Func: "listen." + name, Reason: fmt.Sprintf(format, args...)}
	return option(func(c *conf.Listen) { c.Reject(err) })
}

// Origins allows connections from web pages of other origins than that of the request itself: its host and port, and
// over TLS the scheme https; without TLS the page may have either scheme, as a proxy may have put TLS on top. All other
// pages are refused by default with status 403; so is a page without an origin of its own ("null"). Requests without the
// field Origin do not come from a browser, and are always allowed.
//
// A pattern is one of
//
//	example.com              over http or https, at the default port of the scheme
//	*.example.com            all hosts below example.com, however deep, but not itself
//	https://example.com      over https only; other schemes, such as chrome-extension, must be named
//	example.com:8443         at that port only
//	localhost:*              at any port
//	null                     pages without an origin of their own, such as local files
//	*                        everything
//
// and what can be put together of these: https://*.example.com:8443. An asterisk elsewhere, a path, and a host that is
// not in ASCII are refused. The case of letters does not matter. To decide otherwise, allow everything, and look at the
// request before Upgrade.
func Origins(patterns ...string) Option {
	parsed := make([]originPattern, len(patterns))
	for i, p := range patterns {
		var err error
		if parsed[i], err = parsePattern(p); err != nil {
			return refuse("Origins", "%q: %v", p, err)
		}
	}
	allow := func(value string) bool {
		return slices.ContainsFunc(parsed, func(p originPattern) bool { return p.match(value) })
	}
	return option(func(c *conf.Listen) { c.AllowOrigin = allow })
}

// Subprotocols tells which subprotocols the server speaks, the preferred one first (RFC 6455, section 1.9); the default is
// none. The names are tokens, and differ. Chosen is the first of names that is on the client's list, whose order does not
// matter: to choose by that, see [OfferedSubprotocols]. If there is none, the connection is opened without a subprotocol, and
// [stream.Socket.Subprotocol] returns an empty string.
func Subprotocols(names ...string) Option {
	if err := handshake.CheckSubprotocols(names); err != nil {
		return refuse("Subprotocols", "%v", err)
	}
	names = slices.Clone(names)
	return option(func(c *conf.Listen) { c.Subprotocols = names })
}

// Header adds fields to the response that opens the connection; the default is none. It takes a copy of h, with
// canonical names. What a handler or middleware has set in the header of its [http.ResponseWriter] is not sent, unless
// it is given here. Refused are the fields of the handshake itself (Upgrade, Connection, Sec-WebSocket-…) and those
// that announce a body, names that are no tokens, and values with control characters.
func Header(h http.Header) Option {
	h, err := handshake.CloneHeader(h)
	if err != nil {
		return refuse("Header", "%v", err)
	}
	return option(func(c *conf.Listen) { c.Header = h })
}

// AllowUnmasked accepts frames from the client that are not masked. By default they fail the connection, as RFC 6455,
// section 5.1, demands.
func AllowUnmasked() Option {
	return option(func(c *conf.Listen) { c.AllowUnmasked = true })
}

// TLSConfig has a [Listener] speak TLS; by default it does not. It takes a copy of config, which needs a certificate,
// or a function that returns one. The context of its functions ends at the [HandshakeTimeout], and when the Listener is closed,
// which waits for them. [Upgrade] and [Handler] ignore it.
func TLSConfig(config *tls.Config) Option {
	switch {
	case config == nil:
		return refuse("TLSConfig", "the configuration is nil")
	case len(config.Certificates) == 0 && config.GetCertificate == nil && config.GetConfigForClient == nil:
		return refuse("TLSConfig", "the configuration has no certificate")
	}
	config = config.Clone()
	return option(func(c *conf.Listen) { c.TLS = config })
}

// HandshakeTimeout bounds how long a client of a [Listener] may take for each part of the handshake: for the first byte, for
// TLS, and for the request. With [Upgrade] and [Handler] it bounds writing the response; over HTTP/2,
// where others write to the same connection, see WriteByteTimeout of [http.HTTP2Config], too. The default is 10 seconds; 0 turns it off;
// a negative d is refused.
func HandshakeTimeout(d time.Duration) Option {
	if d < 0 {
		return refuse("HandshakeTimeout", "%v is negative", d)
	}
	return option(func(c *conf.Listen) { c.HandshakeTimeout = d })
}

// MaxPending bounds how many connections of a [Listener] may be in their handshake, or wait for Accept. The default is
// 1024; n must be from 1 to 1,048,576. [Upgrade] and [Handler] ignore it.
//
// Clients that have sent nothing yet, or wait for their turn, are not among them: up to 16 times n are in line. They have
// no request, and take little memory. Where there are more, or where descriptors are scarce, the oldest of those that have
// sent nothing is dropped, of the host that has most of these, but none that has come within a tenth of a second. So
// one host cannot keep others out.
//
// Where n handshakes go on, the next one takes the place of the one that began first, of the host that has most of them, once
// that has taken a second. Before, and while all wait for Accept, clients wait in line, where hosts take turns, and behind that
// in the queue of the operating system. None that has sent its request is dropped.
//
// A connection that is dropped is closed without an answer; [OnError] hears [ErrDropped]. A host is an IPv4 address, or the
// first 64 bits of an IPv6 address; connections without such an address, as those over UNIX sockets, count as one.
// Whether something was sent can be told of TCP and UNIX sockets on UNIX systems, with TLS or without; elsewhere a handshake
// begins when a connection is taken, and only as many are taken as there are places.
func MaxPending(n int) Option {
	if n < 1 || n > maxMaxPending {
		return refuse("MaxPending", "%d is not from 1 to %d", n, maxMaxPending)
	}
	return option(func(c *conf.Listen) { c.MaxPending = n })
}

// MaxPerHost bounds how many connections of one host a [Listener] has open, from the response that opens them until they
// have ended, whether Accept has returned them or not. The next handshake is answered with status 429 Too Many Requests;
// [OnError] hears the [*Error]. A host is an IPv4 address, or the first 64 bits of an IPv6 address; connections without such an
// address, as those over UNIX sockets, are not counted. Behind a proxy all are of one host. The default is no bound; n must be
// 1 or more. [Upgrade] and [Handler] ignore it.
func MaxPerHost(n int) Option {
	if n < 1 {
		return refuse("MaxPerHost", "%d is less than 1", n)
	}
	return option(func(c *conf.Listen) { c.MaxPerHost = n })
}

const (
	defaultHandshakeTimeout = 10 * time.Second
	defaultMaxPending       = 1024
	maxMaxPending           = 1 << 20 // memory is set aside for a pointer each
)

// configure puts together what the options of the function named fn set. What is impossible is in Err.
func configure[M any](fn string, mode stream.Mode[M], opts []Option) *conf.Listen {
	c := &conf.Listen{
		Stream:           conf.DefaultStream(),
		HandshakeTimeout: defaultHandshakeTimeout,
		MaxPending:       defaultMaxPending,
		MaxHeader:        defaultMaxHeader,
	}
	for _, o := range opts {
		o.ApplyListen(c)
	}
	if mode.ReceiveMode() == frame.Frames {
		c.Compression = nil
	}
	if reflect.ValueOf(mode).IsZero() { // which stream.New refuses: better before anything is sent
		c.Reject(&stream.ArgumentError{Func: fn, Reason: "the mode is the zero Mode"})
	}
	return c
}
