package dial

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/conf"
	"github.com/litert/websocket/internal/handshake"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// An Option sets something of [Dial] or [Handshake], or of the connection that they open: every [stream.Option] is one.
// If an option is given twice, the last one wins, but for [EarlyData]. An impossible value is a [*stream.ArgumentError]
// from Dial or Handshake. Options can be kept, and used by several goroutines.
type Option interface{ ApplyDial(*conf.Dial) }

type option func(*conf.Dial)

func (o option) ApplyDial(c *conf.Dial) { o(c) }

// refuse returns the option that says what is wrong with its argument.
func refuse(name, format string, args ...any) Option {
	err := &stream.ArgumentError{Func: "dial." + name, Reason: fmt.Sprintf(format, args...)}
	return option(func(c *conf.Dial) { c.Reject(err) })
}

// Header adds fields to the request; the default is none. It takes a copy of h, with canonical names. Host replaces the
// host of the URL in the request, but neither for connecting nor in the certificate; Authorization replaces the user
// name and password of the URL. Refused are the fields of the handshake itself (Upgrade, Connection, Sec-WebSocket-…)
// and those that announce a body, names that are no tokens, and values with control characters.
func Header(h http.Header) Option {
	h, host, err := splitHeader(h)
	if err != nil {
		return refuse("Header", "%v", err)
	}
	return option(func(c *conf.Dial) { c.Header, c.Host = h, host })
}

// splitHeader returns a copy of h without its Host, and that, or says what is wrong with h.
func splitHeader(h http.Header) (rest http.Header, host string, err error) {
	if rest, err = handshake.CloneHeader(h); err != nil {
		return nil, "", err
	}
	host = rest.Get("Host")
	if hosts := rest["Host"]; len(hosts) > 1 || len(hosts) == 1 && !validHostField(host) {
		return nil, "", fmt.Errorf("%q is not a host", hosts)
	}
	rest.Del("Host")
	return rest, host, nil
}

// Subprotocols offers subprotocols to the server, the preferred one first (RFC 6455, section 1.9); the default is none.
// The names are tokens, and differ. The server may choose one of them, which [stream.Socket.Subprotocol] returns, or
// none.
func Subprotocols(names ...string) Option {
	if err := handshake.CheckSubprotocols(names); err != nil {
		return refuse("Subprotocols", "%v", err)
	}
	names = slices.Clone(names)
	return option(func(c *conf.Dial) { c.Subprotocols = names })
}

// CookieJar sets where cookies come from and go to; nil is the default, none. The jar's cookies for the URL, as http or
// https, are sent behind those of [Header]; if Header has a Host, that is the host they are for. The cookies of every
// response are stored, also of one that opens no connection.
func CookieJar(jar http.CookieJar) Option {
	return option(func(c *conf.Dial) { c.CookieJar = jar })
}

// Redirects follows at most n redirects of the server: the statuses 301, 302, 303, 307 and 308 with a field Location,
// whose scheme is ws, wss, http or https. The default is 0: a redirect is an [*Error], as it is when it is one too
// many, leads nowhere, or leads from TLS to a connection without. A negative n is refused.
//
// A relative location stays with the server, also behind a UNIX socket. Any other drops the Host that [Header] has set.
// If it has another scheme, host or port, be it a subdomain, it drops for good the user name and password of the URL, and
// of the header all but Accept, Accept-Language, Cache-Control, Origin, Pragma and User-Agent; ws is http here, wss is
// https, and a redirect from port 80 without TLS to port 443 with it, on one host, is to the same. What [Subprotocols]
// and [TLSConfig] hold, a client's certificate too, goes along; the cookies of a [CookieJar] go where the jar says.
// [CheckRedirect] decides otherwise.
func Redirects(n int) Option {
	if n < 0 {
		return refuse("Redirects", "%d is negative", n)
	}
	return option(func(c *conf.Dial) { c.Redirects = n })
}

// CheckRedirect sets what decides on each redirect that [Redirects] would follow; nil is the default: all are followed.
// The URLs are as http or https, without a user name. The header is what will be sent to the server at to, as [Redirects]
// says: the fields of [Header] and, as Authorization, the user name and password of the URL, without those that stay
// behind. What check changes in it is sent, and goes on from there at the next redirect; to have credentials go along,
// check puts them in again. Neither the fields of the handshake itself nor the cookies of a [CookieJar] are in it, and the
// former are refused, as Header does. A Host is only in it where that of Header is kept.
//
// If check returns an error, the redirect is not followed, and the [*Error] of its answer wraps that error. The URLs and
// the header are for check to keep. It is called with nothing connected, by the goroutine of [Dial], whose context does
// not interrupt it; calls of Dial that share the option may call it at the same time.
func CheckRedirect(check func(from, to *url.URL, header http.Header) error) Option {
	return option(func(c *conf.Dial) { c.CheckRedirect = check })
}

// TLSConfig sets the configuration of TLS for wss and https; nil is the default, an empty one. It takes a copy. If
// NextProtos is empty, http/1.1 is asked for; if ServerName is empty, it is the host of the URL. A [Proxy] over https
// is talked to with the same configuration, but for its ServerName.
func TLSConfig(config *tls.Config) Option {
	config = config.Clone()
	return option(func(c *conf.Dial) { c.TLS = config })
}

// NetDial replaces [net.Dialer.DialContext], the default, for connecting to the server, or to the [Proxy] in front of
// it. The network is "tcp" and the address that of the URL with its port, or the network is "unix" and the address a
// path. TLS comes on top. The function should obey its context, which carries the connect timeout too; calls of Dial that
// share the option may call it at the same time. A nil function is refused.
func NetDial(dial func(ctx context.Context, network, address string) (net.Conn, error)) Option {
	if dial == nil {
		return refuse("NetDial", "the function is nil")
	}
	return option(func(c *conf.Dial) { c.NetDial = dial })
}

// Proxy sets what tells which proxy to connect through, if any. The default is [http.ProxyFromEnvironment], which reads
// HTTP_PROXY, HTTPS_PROXY and NO_PROXY; [http.ProxyURL] makes one that is always the same; nil means none. The function
// gets the request with the URL as http or https, and returns nil for no proxy; calls of Dial
// that share the option may call it at the same time. UNIX sockets are never connected to through one.
//
// The proxy's scheme is http or https for one that does CONNECT (RFC 9110, section 9.3.6), socks5 or socks5h for one
// that does SOCKS version 5 (RFC 1928), where the proxy looks the name of the server up; the port is 80, 443 or 1080 if
// there is none. The user name and password of the proxy's URL are sent to it. An HTTP proxy's refusal is an [*Error]
// whose Proxy is true. The [stream.Socket.RemoteAddr] of the connection is the proxy's address.
func Proxy(choose func(*http.Request) (*url.URL, error)) Option {
	return option(func(c *conf.Dial) { c.Proxy, c.ProxyChosen = choose, true })
}

// ConnectTimeout bounds all of connecting, from the look-up of the name to the server's response. The default is 30
// seconds; 0 turns it off; a negative d is refused. The error matches [context.DeadlineExceeded], and its method
// Timeout returns true.
func ConnectTimeout(d time.Duration) Option {
	if d < 0 {
		return refuse("ConnectTimeout", "%v is negative", d)
	}
	return option(func(c *conf.Dial) { c.ConnectTimeout = d })
}

// Masking sets how frames are masked; the default is a fresh key from a cryptographic source for every frame
// (RFC 6455, section 5.3). [stream.Socket.SetMasking] changes it later.
func Masking(m frame.Masking) Option {
	return option(func(c *conf.Dial) { c.Masking = m })
}

// EarlyData sends a message right behind the request, in the same write, instead of after the server's response: its
// answer can come a round trip sooner. Given several times, it sends several messages, in that order; the default is
// none. The message is one frame, masked as [Masking] says, with a copy of data. An op other than [opcode.Text] and
// [opcode.Binary] is refused, and so are text that is not UTF-8, and [Redirects] beside it.
//
// RFC 6455 has clients wait (section 4.1), so this is for servers that are known to keep what comes behind the request,
// as those of package listen do; others, and proxies in front of them, may drop it or break the connection off. If the
// server does not open a connection, the message is lost, and a server that then closes without having read it may
// reset the connection, so that its answer is lost too. Keep it small: while Dial sends it, it does not read. A [stream.Trace]
// does not see it.
func EarlyData(op opcode.Opcode, data []byte) Option {
	switch {
	case !op.IsMessage():
		return refuse("EarlyData", "%v is not the opcode of a message", op)
	case op == opcode.Text && !utf8.Valid(data):
		return refuse("EarlyData", "the text is not UTF-8")
	}
	message := conf.EarlyMessage{Opcode: op, Data: bytes.Clone(data)}
	return option(func(c *conf.Dial) { c.Early = append(c.Early, message) })
}
