// Package stream is WebSocket (RFC 6455) for programs that move bytes: a received message is an [io.ReadCloser], an
// outgoing one an [io.WriteCloser] of fragments, and one [io.Copy] takes a file of any size across in constant memory.
//
// Connections come from packages dial and listen, or from [New] over any transport.
//
//	for msg, err := range conn.All(ctx) { // *stream.Reader
//		if err != nil {
//			return err
//		}
//		w, err := conn.NewWriter(ctx, msg.Opcode())
//		if err != nil {
//			return err
//		}
//		if _, err := io.Copy(w, msg); err != nil {
//			w.Abort()
//			return err
//		}
//		if err := w.Close(); err != nil {
//			return err
//		}
//	}
//
// # Receiving
//
// [Conn.Receive] and [Conn.All] hand over each message as soon as its first frame has begun, as a [Reader] in mode
// [Standard]. Nothing is read ahead but what a small buffer holds: a slow reader slows the sender. Read a message to
// its end, or close it; what is left of it when the next Receive begins is discarded. [io.EOF] is the true end of a
// message and nothing else: if it was cut short, the error matches [io.ErrUnexpectedEOF].
//
// That is mode [Standard]. [Simple] receives whole messages, for programs whose messages are small; [Lite] does so
// without a copy, for a peer that sends no fragments; [Frames] receives the frames as they come, for relays; [JSON]
// receives values, and [Decode] makes a mode of a function that reads a message. Whatever the mode, all but receiving is in [Socket], so
// that a program can hold its connections in one map.
//
// Control frames are taken care of while a goroutine receives or reads, and not otherwise: pings are answered, and the
// peer's close frame is noticed. A program that only sends should have a goroutine that receives. [KeepAlive] sends
// pings by itself, and [WithTrace] tells what happens.
//
// # Sending
//
// [Socket.NewWriter] begins a message of any size. A [Writer] must be closed: its Close sends the last fragment. If
// something goes wrong before, Abort gives the message up; deferred, it does nothing after Close. If the source of a
// ReadFrom fails, Close does not send the end, so that half a file never arrives as a whole one. [Socket.WriteText],
// [Socket.WriteBinary], [Socket.Write], [Socket.WriteJSON] and [Socket.WriteBuffers] send a message in one frame,
// [Socket.WritePrepared] the same one over many connections. A relay of messages of any size copies from a Reader to a
// Writer, as above, and its fragments are its own; one that has to keep those that came uses mode Frames and
// [Socket.WriteFrame].
//
// [Compression] has messages compressed. [NetConn] makes a plain stream of a connection, for tunnels.
//
// Writes wait while the peer does not read. From a server, a regular file in a binary message is sent by the kernel
// (sendfile), and large writes are not copied.
//
// # Contexts and deadlines
//
// A context bounds the call it is given to, and no more. When it ends, the connection stays as it was: the next Receive
// goes on where that one stopped, even in the middle of a header. Only a write that was cut inside a frame takes the
// connection with it: its error matches [net.ErrClosed], too, and those of the calls behind match that alone. Reader and Writer
// have deadlines of their own.
//
// # Closing
//
// [Socket.Shutdown] performs the closing handshake; [Socket.Close] says good-bye and does not wait; [Socket.Abort] just
// closes the transport. When the peer closes, Receive returns a [*CloseError], which matches [io.EOF] if the end was
// orderly: [Conn.All] then ends silently. The first error that ends a connection is the one that stays: [Socket.Err]
// tells it, and [Socket.Done] when. [CloseCode] is the peer's code in any error that has one.
//
// # Concurrency
//
// Receive, All and the current Reader are for one goroutine at a time; others wait for their turn, and nothing breaks.
// Whole messages may be written by any number of goroutines: they go out one after the other, and wait while a Writer
// is open. A Writer is for one goroutine. Ping, Pong, Close, Shutdown and Abort may be called by any goroutine at any time,
// also between the fragments of an open message. A goroutine that holds an open Writer and calls WriteText waits for
// itself.
//
// # Limits
//
// A message may have 64 MiB ([MaxMessageSize]); nothing is allocated for what a peer merely claims. A connection on
// which nothing comes or goes for 60 seconds while a call waits ends ([IdleTimeout]). The closing handshake takes 5
// seconds at most ([CloseTimeout]). On UNIX systems an idle connection over TCP or a UNIX socket holds no buffer,
// with TLS or without, where dial or a Listener has made that; over other TLS it holds one of 16 KiB until it has been idle
// for a second, and on other systems all the time. One that moves bytes holds 16 to 512 KiB from a pool.
//
// # HTTP/2
//
// A connection can be a stream of an HTTP/2 connection, which others share (RFC 8441): see packages dial and listen. All that is
// said here holds for it, but for this:
//
//	                      HTTP/1.1                         HTTP/2
//	TCP and TLS           its own                          shared: if lost, all of its streams are
//	a cut write           ends it if inside a frame        ends it, as over all transports without deadlines
//	a waiting Receive     holds no buffer and goroutine    holds a goroutine, which reads into a small buffer
//	files, large writes   sendfile, writev; not copied     copied to frames of HTTP/2
//	a slow receiver       slows its sender                 slows its sender, and others if their common window is full
//	a write that waits    hinders no read                  at a server, keeps the client from sending once its window is full
//	pings                 KeepAlive                        the same; those of HTTP/2 (SendPingTimeout) are for all at once
//	Close, at a server    closes TCP at once               ends the stream when the handler returns, resets it if a write waits
//	end at a server       when it is closed                with the handler at the latest; http.Server.Shutdown awaits it
//	Done, at a server     when it is known why it ends     when the last frame has left, too, so that the handler may return
//	end of one side       by TCP or TLS                    a server cannot end its side and go on receiving
//	a server that fails   ends its side, and takes what    takes what comes until the client's close frame, in the call that
//	the connection        comes until the client closes    has found the fault, for as long as the CloseTimeout
//
// A stream that ends without a close frame, however that comes, is a lost connection: the error matches
// [io.ErrUnexpectedEOF].
package stream
