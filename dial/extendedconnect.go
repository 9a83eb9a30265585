//go:build !js

package dial

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
)

// An extendedConnect is a request that net/http has no way to be asked for: CONNECT with the pseudo-header :protocol
// (RFC 8441, section 4). Its HTTP/2 takes that as a field of the header, but its Transport refuses the name before it
// looks for a connection (golang/go#53208). So the field is set behind that check, by the hook of httptrace that is called
// once there is a connection: by the goroutine of RoundTrip, and before anything of the request is read for it.
//
// A release of net/http that does not call the hook sends nothing: until then the header has a field that HTTP/2 refuses.
type extendedConnect struct {
	transport *http.Transport
	request   *http.Request // net/http works with copies of it, which have the same Header and URL
	body      *requestBody  // of the request
	retries   int           // how often there may be another body
	cancel    context.CancelFunc

	// of the connection that there was last
	conn  net.Conn // nil: there was none
	http2 bool
}

const (
	protocolField = ":protocol"

	// notSet is the value of a field that HTTP/2 does not allow (RFC 9113, section 8.2.2), and which its error repeats.
	notSet = "net/http has not let :protocol be set (golang/go#53208)"

	// maxRetries is how often net/http may repeat a request that the server is known to have ignored (RFC 9113, section
	// 8.7): at once, and a second later.
	maxRetries = 2
)

var errRefused = errors.New("the server has refused the stream, or was about to close the connection, several times")

// newExtendedConnect returns the request for u, to be sent by transport. Its context ends by cancel alone; it has the
// values of ctx.
func newExtendedConnect(ctx context.Context, transport *http.Transport, u url.URL, host string, header http.Header) *extendedConnect {
	header["Upgrade"] = []string{notSet}
	x := &extendedConnect{transport: transport, body: newRequestBody(), retries: maxRetries}
	ctx, x.cancel = context.WithCancel(context.WithoutCancel(ctx))
	r := &http.Request{
		Method:        http.MethodConnect,
		URL:           &u,
		Host:          host,
		Header:        header,
		Body:          x.body,
		GetBody:       x.anotherBody,
		ContentLength: -1,
	}
	x.request = r.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:      x.gotConn,
		WroteRequest: x.wroteRequest,
	}))
	return x
}

// gotConn makes the request what it is to be, if the connection is one of HTTP/2. Otherwise nothing of it will be sent.
func (x *extendedConnect) gotConn(info httptrace.GotConnInfo) {
	x.conn, x.http2 = info.Conn, x.isHTTP2(info.Conn)
	header := x.request.Header
	switch {
	case !x.http2:
		x.request.URL.Opaque = "\x00" // which HTTP/1.1 refuses to write
		x.cancel()
	case header[protocolField] == nil: // it is the first attempt; another one may still be reading the header
		delete(header, "Upgrade")
		header[protocolField] = []string{"websocket"}
	}
}

// isHTTP2 reports whether the transport speaks HTTP/2 over conn.
func (x *extendedConnect) isHTTP2(conn net.Conn) bool {
	if t, ok := conn.(*tls.Conn); ok && x.request.URL.Scheme == "https" {
		return t.ConnectionState().NegotiatedProtocol == "h2"
	}
	return speaksPlainHTTP2(x.transport)
}

// speaksPlainHTTP2 reports whether t speaks HTTP/2 without TLS, as it does if it is not to speak HTTP/1.1 there.
func speaksPlainHTTP2(t *http.Transport) bool {
	return t.Protocols != nil && t.Protocols.UnencryptedHTTP2() && !t.Protocols.HTTP1()
}

// speaksHTTP2 reports whether t asks for HTTP/2 over TLS.
func speaksHTTP2(t *http.Transport) bool {
	t.Clone() // has t set itself up, which may be under way: what it has set can be read then
	return t.TLSNextProto["h2"] != nil && (t.Protocols == nil || t.Protocols.HTTP2())
}

// roundTrip sends the request, to what errors call name, and returns the head of the response.
func (x *extendedConnect) roundTrip(name string) (*http.Response, error) {
	response, err := x.transport.RoundTrip(x.request)
	switch {
	case err == nil && x.http2:
		return response, nil
	case err == nil: // somebody else has sent it
		response.Body.Close()
		err = errors.New(notSet)
	case x.conn == nil:
	case !x.http2:
		return nil, &Error{Err: errNotHTTP2}
	case strings.Contains(err.Error(), "extended connect not supported"): // it has waited for the server's SETTINGS
		return nil, &Error{Err: errNotAnnounced}
	default:
		return nil, &failure{"opening a stream to " + name, err}
	}
	return nil, err
}

// connection returns the stream that the response has opened.
func (x *extendedConnect) connection(response *http.Response) *http2Conn {
	return &http2Conn{
		response: response.Body,
		request:  x.body,
		cancel:   x.cancel,
		local:    x.conn.LocalAddr(),
		remote:   x.conn.RemoteAddr(),
	}
}

// anotherBody returns the body for another attempt. Nothing was written to the last one.
func (x *extendedConnect) anotherBody() (io.ReadCloser, error) {
	if x.retries == 0 {
		return nil, errRefused
	}
	x.retries--
	x.body = newRequestBody()
	return x.body, nil
}

func (x *extendedConnect) wroteRequest(info httptrace.WroteRequestInfo) {
	if info.Err == nil {
		x.body.ended()
	}
}
