//go:build !js

package dial

import (
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/litert/websocket/internal/conf"
	"github.com/litert/websocket/internal/handshake"
	"github.com/litert/websocket/stream"
)

// HTTP2 opens the connection as a stream of an HTTP/2 connection (RFC 8441): of one that t keeps, or of a new one that t
// makes, with its own TLS, proxy and dialling, and uses for other requests, too. Any number of WebSockets share one, up to what
// the server allows (SETTINGS_MAX_CONCURRENT_STREAMS); then t makes another. The default is a connection of its own, over
// HTTP/1.1. Refused are a nil t, URLs for UNIX sockets, [TLSConfig], [NetDial], [Proxy] and [EarlyData] beside it, and a t
// that does not speak HTTP/2: one with a configuration of TLS or functions that dial needs ForceAttemptHTTP2, and for ws and
// http its [http.Protocols] must have unencrypted HTTP/2 and not HTTP/1.1.
//
// A server that does not announce WebSocket over HTTP/2, or does not speak HTTP/2, is sent no request. The error is an
// [*Error] that matches [errors.ErrUnsupported], and nothing else is tried:
//
//	conn, err := dial.Dial(ctx, url, stream.Standard, dial.HTTP2(t))
//	if errors.Is(err, errors.ErrUnsupported) {
//		conn, err = dial.Dial(ctx, url, stream.Standard) // over HTTP/1.1
//	}
//
// The context and [ConnectTimeout] bound the handshake, but t may go on connecting for its next request. It sees the values
// of the context for as long as the connection is open.
//
// The end of the connection, by whatever end, is that of the stream alone: also if a write is cut by its context or deadline,
// which ends the connection, as over all transports without deadlines. If the HTTP/2 connection is lost, all that share it
// are. Closing the idle connections of t leaves it open.
//
// For each connection t reads ahead of the program up to 4 MiB, unless MaxReceiveBufferPerStream of its [http.HTTP2Config]
// says otherwise. It has a buffer to write from, as long as the longest frame that the server takes (SETTINGS_MAX_FRAME_SIZE)
// or 512 KiB: 16 KiB with most servers, but one of net/http takes 1 MiB, unless its MaxReadFrameSize says otherwise. While
// the server takes nothing at all from TCP, what bounds a write ends the stream, but the HTTP/2 connection stays for others, until
// WriteByteTimeout of the HTTP2Config ends it.
//
// Receive while you send: a server of net/http gives no more room to send while it waits to write to the same stream.
func HTTP2(t *http.Transport) Option {
	if t == nil {
		return refuse("HTTP2", "the transport is nil")
	}
	return option(func(c *conf.Dial) { c.HTTP2 = t })
}

// What is wrong with a server, or its response, over HTTP/2.
var (
	errNotAnnounced = unsupported("it has not announced that (RFC 8441, section 3)")
	errNotHTTP2     = unsupported("it does not speak HTTP/2")
	errStatusOK     = errors.New("the status is not 200 OK")
	errLength       = errors.New("the stream is to end by its Content-Length")
)

// transport returns that of HTTP2.
func (c *call) transport() *http.Transport { return c.cfg.HTTP2.(*http.Transport) }

// canOpenStream tells why no stream can be opened to t, if the connection is to be one.
func (c *call) canOpenStream(t *target) error {
	switch {
	case c.cfg.HTTP2 == nil:
	case t.network == "unix":
		return errors.New("its transport does not connect to UNIX sockets")
	case t.secure && !speaksHTTP2(c.transport()):
		return errors.New("its transport does not speak HTTP/2")
	case !t.secure && !speaksPlainHTTP2(c.transport()):
		return errors.New("its transport does not speak HTTP/2 alone without TLS")
	}
	return nil
}

// openStream performs the handshake over HTTP/2, and returns the stream.
func (c *call) openStream(ctx context.Context) (io.ReadWriteCloser, stream.Handshake, error) {
	var conn *http2Conn
	var hs stream.Handshake
	header := c.header()
	x := newExtendedConnect(ctx, c.transport(), c.streamURL(), cmp.Or(c.cfg.Host, c.target.host), c.streamHeader(header))
	err := within(ctx, closer(x.cancel), "connecting to "+c.target.address, func() error {
		response, err := x.roundTrip(c.target.address)
		if err != nil {
			return err
		}
		conn = x.connection(response)
		c.storeCookies(response)
		hs.Resource, hs.Header, hs.TLS = c.target.resource, handshake.Others(response.Header), response.TLS
		if err := c.checkStream(response, &hs); err != nil {
			return refusal(response, header, c.target.url.RawQuery, err)
		}
		return nil
	})
	if err != nil && conn != nil {
		go conn.Close() // which may have to wait for what others write to the connection
	}
	return conn, hs, err
}

// A closer is a function as the Close of a connection.
type closer func()

func (c closer) Close() error {
	c()
	return nil
}

// streamURL returns the URL of the request. The transport has to know the zone of an address, the server has not.
func (c *call) streamURL() url.URL {
	u := *c.target.url
	if strings.Contains(c.target.address, "%") {
		u.Host = c.target.address
	}
	return u
}

// streamHeader returns the header of the request: h, and the fields of the handshake (RFC 8441, section 5).
func (c *call) streamHeader(h http.Header) http.Header {
	header := make(http.Header, len(h)+8)
	header["User-Agent"] = nil                       // net/http adds none
	header["Accept-Encoding"] = []string{"identity"} // nor does it unpack what it takes for the body
	maps.Copy(header, h)
	header[handshake.FieldVersion] = []string{handshake.Version}
	if names := c.cfg.Subprotocols; len(names) > 0 {
		header[handshake.FieldSubprotocol] = []string{strings.Join(names, ", ")}
	}
	if c.cfg.Compression != nil {
		header[handshake.FieldExtensions] = []string{handshake.OfferDeflate(c.cfg.Compression.Deflate)}
	}
	return header
}

// checkStream checks the response, and fills in what was agreed on (RFC 8441, section 5).
func (c *call) checkStream(response *http.Response, hs *stream.Handshake) error {
	switch {
	case countFields(response.Header) > maxFields:
		return errManyFields
	case response.StatusCode != opened(response):
		return errStatusOK
	case response.Header["Content-Length"] != nil:
		return errLength
	}
	return c.checkAgreed(response.Header, hs)
}
