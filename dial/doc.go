// Package dial is the client's side of the opening handshake of WebSocket (RFC 6455, section 4.1).
//
//	conn, err := dial.Dial(ctx, "wss://example.com/files", stream.Standard, dial.Subprotocols("files.v1"))
//	if err != nil {
//		return err
//	}
//	defer conn.Close()
//	msg, err := conn.Receive(ctx)
//	if err != nil {
//		return err
//	}
//	_, err = io.Copy(dst, msg)
//
// [Dial] connects to a URL; [Handshake] does the same over a transport that is there already. What they return, and
// what can be done with it, is in package stream, whose options are options of this package too.
//
// # Proxies
//
// Connections go through the proxy that the environment names, over HTTP, HTTPS or SOCKS 5; [Proxy] chooses another, or
// none. UNIX sockets have no proxy.
//
// # HTTP/2
//
// [HTTP2] opens connections as streams of the HTTP/2 connections that an [http.Transport] keeps, so that many share one of
// TCP and TLS (RFC 8441).
//
// # Redirects, credentials and cookies
//
// A redirect is an [*Error], unless [Redirects] has it followed; credentials stay with the scheme, host and port that they
// are for, unless [CheckRedirect] has them go along. The user name and password of a URL are sent as basic authentication,
// and never appear in an error. [CookieJar] keeps cookies from one connection to the next.
//
// # Errors
//
// An option or URL that is impossible is a [*stream.ArgumentError], and nothing was dialled or sent. What the server
// answered, if it was not what the protocol asks for, is an [*Error], and so is the answer of an HTTP proxy that does
// not connect. Everything else begins with "dial: " and wraps its cause: [context.Canceled],
// [context.DeadlineExceeded], a [*net.OpError], a [*tls.CertificateVerificationError].
//
// The text of an error is one short line of printable characters, with a question mark in the place of each other one,
// whatever a certificate, an answer or a function of the program has in it. What an error wraps, and the fields of an
// [*Error], are as they came.
//
// # Limits
//
// The whole of connecting, with its proxies and redirects, is bounded by the context and by [ConnectTimeout], the head
// of every response by 64 KiB and 128 fields; over HTTP/2 it is the transport that bounds the bytes, by its
// MaxResponseHeaderBytes. Neither the context nor its end has any effect on a connection that was returned.
package dial
