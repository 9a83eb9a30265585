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
// # Browsers
//
// Where GOOS is js, [Dial] has the browser connect: over WebSocketStream where there is one, as in Chromium, and over WebSocket
// otherwise, as in Firefox, Safari and Node. The connection is as any other, but for what a browser does not have:
//
//	                             WebSocketStream         WebSocket
//	a peer that sends too fast   is held back            ends the connection: *stream.LimitError
//	a write                      waits for the peer      waits while the browser has 1 MiB that has not left
//	Ping, Pong, Probe            are refused: errors.ErrUnsupported
//	SetMasking                   is refused: *stream.ArgumentError
//	Shutdown                     1000 and 3000 to 4999 go out, and 4001 to 4014 for the codes 1001 to 1014
//	Abort                        closes, with 4006
//
// The bound for a peer that is not received from is that of [stream.MaxMessageSize], and at most 64 MiB, behind a first message
// of any size. With a context or deadline, a write that waits ends, and leaves the connection as it was. In a page that is not
// shown, a browser wakes timers once a second, and so a write over WebSocket may wait longer than it has to.
//
// The options [Header], [TLSConfig], [NetDial], [Proxy], [HTTP2], [CookieJar], [Redirects], [CheckRedirect], [EarlyData], [Masking] and
// [stream.KeepAlive], UNIX sockets, and a user name in the URL, are a [*stream.ArgumentError]. All that is the browser's, as
// cookies and proxies are. So is compression: browsers offer permessage-deflate by themselves, whether there is a
// [stream.Compression] or not. They answer the server's pings unseen, and so there is no [stream.IdleTimeout] by default.
//
// A browser has messages, and no frames: it holds each as a whole, and those that are sent in fragments are gathered, up to
// 1 GiB. One of 256 MiB costs about 1 GiB of memory: send a file as many messages. It tells no reason why a connection is
// refused, and no [*Error]; its console may. Chromium refuses a server that chooses none of the [Subprotocols]. After a close frame was
// sent, nothing more is received. The addresses of the connection are unknown, and its [stream.Handshake] has no header. Chromium
// keeps a page that was left, with its connections, for going back; the server does not hear of it for a while.
//
// A function that JavaScript calls, from [js.FuncOf], must not wait, and so not call Dial, Receive or a write: the events that
// they wait for come once it has returned. It starts a goroutine that does:
//
//	js.FuncOf(func(js.Value, []js.Value) any {
//		go connect()
//		return nil
//	})
//
// [Handshake] works in a browser, too, over a transport that the program has, and as it does everywhere.
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
//
// [js.FuncOf]: https://pkg.go.dev/syscall/js#FuncOf
package dial
