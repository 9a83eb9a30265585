// Package listen is the server's side of the opening handshake of WebSocket (RFC 6455, section 4.2).
//
// [Handler] serves connections behind a [http.Server], one call of a function for each:
//
//	http.Handle("/files", listen.Handler(stream.Standard,
//		func(r *http.Request, conn *stream.Conn[*stream.Reader]) error {
//			for msg, err := range conn.All(r.Context()) {
//				if err != nil {
//					return err
//				}
//				if _, err := io.Copy(dst, msg); err != nil {
//					return err
//				}
//			}
//			return nil
//		}))
//
// [Upgrade] does the handshake alone, for programs that have a handler of their own. A [Listener] needs no HTTP server,
// and returns connections from its Accept as a [net.Listener] does. What can be done with a connection is in package
// stream, whose options are options of this package too.
//
// # Origins and hosts
//
// A browser lets every page open a connection to every server, with the user's cookies. It tells the server in the
// field Origin which page that was. Connections from pages of other hosts than the one asked for, and over TLS from
// pages that came without it, are therefore refused, unless [Origins] allows them.
//
// That stops no page whose own name resolves to the server's address. At a loopback or private address, which only its
// users reach, a server should know what it is called: see [Hosts].
//
// # Errors
//
// A request that is refused gets a status and a line of plain text; the same is returned as an [*Error]. A mistake of
// the program, such as an impossible option, is in the Error alone. Everything else begins with "listen: " and wraps its
// cause. [OnError] hears of what is returned to nobody, too.
//
// A page in a browser learns nothing of a refusal, not even the status. To tell a page why, open the connection, and
// close it with a code from 3000 on and a reason ([stream.Socket.Shutdown]).
//
// # The end
//
// Behind a [http.Server], a [Group] ends the connections in an orderly way, as [Group.Serve] does; a Listener does so itself.
//
// # HTTP/2
//
// Behind a [http.Server] that speaks HTTP/2, [Upgrade] and [Handler] take connections that are streams of an HTTP/2 connection
// (RFC 8441), too, if the program imports package [github.com/litert/websocket/listen/xconnect] for its effect. Without it no
// client asks for that, and all is as if there were no HTTP/2. The connections of a client then share one of TCP and TLS,
// and how much of what was sent and not received the server holds for all of them: by default 1 MiB, which is also what it
// holds for each, so that one from which nobody receives stops all others. Set MaxReceiveBufferPerStream and
// MaxReceiveBufferPerConnection of [http.HTTP2Config], as the example of Handler does. Streams are at most
// MaxConcurrentStreams for each client, 250 by default. Two more of its fields are worth to be set:
//
//   - MaxReadFrameSize, to 16 KiB. A client of package net/http, as that of dial.HTTP2, writes each stream from a buffer as long as the
//     longest frame that the server takes, and up to 512 KiB. By default that is what a WebSocket costs such a client.
//   - WriteByteTimeout. While a client takes nothing from TCP, a write to it cannot be ended, be it that of the close frame for which
//     Close and Shutdown of a connection wait, and so the handler cannot return. This closes the connection then, with all of its
//     streams.
//
// While a write to a stream waits for the client to receive, the server of package net/http cannot tell the client that there is
// room for more: its WINDOW_UPDATE stands behind what is written. However much the program receives, the client sends no
// more than the window of the stream. So a client that receives only once it has sent all may stand still, until the idle
// timeout ends the connection, where over HTTP/1.1 it would not. What else differs is in the documentation of package stream.
//
// # Limits
//
// A request may have 128 fields, and the bytes of [MaxHeader]. Behind a [http.Server] its own limits hold, too: set
// ReadHeaderTimeout. A [Listener] bounds a handshake by [HandshakeTimeout], the connections that shake hands or wait for
// Accept by [MaxPending], which says what becomes of those that send nothing, and those of one host by [MaxPerHost].
//
// Of the HTTP server, a connection over HTTP/1.1 keeps nothing but the header of its request once it has come from Accept, or the
// handler that called Upgrade has returned: no goroutine, no buffer, no context.
package listen
