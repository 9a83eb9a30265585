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
// # Errors
//
// An option or URL that is impossible is a [*stream.ArgumentError], and nothing was dialled or sent. What the server
// answered, if it was not what the protocol asks for, is an [*Error]. Everything else begins with "dial: " and wraps
// its cause: [context.Canceled], [context.DeadlineExceeded], a [*net.OpError], a [*tls.CertificateVerificationError].
//
// # Limits
//
// The whole of connecting is bounded by the context and by [ConnectTimeout], the head of the server's response by 64
// KiB. Neither the context nor its end has any effect on a connection that was returned.
package dial
