// Package interop has this module talk to other implementations of WebSocket, and to itself through proxies. Its tests
// have the build tag interop, and need what the script .ci/run installs:
//
//	go test -tags interop .
//
// # Who does what
//
// Each check is written once, from this module's side, which leads; the peer obeys. So the same checks hold for every
// peer, and on either side of the connection: as a client of our server, and as a server for our client. Both offer and
// speak the subprotocol "interop". A peer sends each message back as it came, of the same kind and in one piece, but
// for text that begins with an exclamation mark, which is an order:
//
//	!subprotocol         send the subprotocol agreed on, as text
//	!digest              send the SHA-256 of the next message as text, in hexadecimal, before sending it back
//	!fragments SIZE      send the next message back in fragments of SIZE bytes
//	!ping DATA           send a ping; when its pong has come, send "pong DATA" as text
//	!cut HOW             send half of the next message in a fragment, then cut the stream of HTTP/2: by its end, by its
//	                     reset, by the connection's goaway, or as the connection is lost
//	!close               send a close frame without a code
//	!close CODE REASON   send a close frame with the code and the rest of the line as its reason
//
// When a connection has ended, the peer reports so in a line, with what the close frame said that it received:
//
//	closed CODE REASON
//
// or "lost" instead of "closed", if there was no proper closing handshake.
//
// # Peers
//
// Peers in Go run in the test's process. The others are scripts in the folder peers, which run as
//
//	SCRIPT server        say "listening PORT" in a line of the standard output, then report there
//	SCRIPT client        connect to each URL that comes in a line of the standard input, and report on the output
//
// and end when their standard input does. A browser loads a page from our server, and asks and reports through that.
//
// A few orders no program can have carried out through what a peer offers: undici and Chromium send no fragments, and no
// close codes but 1000 and 3000 to 4999, which is all that the interface of browsers has; Chromium sends no pings either,
// for which undici has a function beside that interface. What a peer lacks stands with it in the table of peers.
//
// This module is a peer itself, as a program in WebAssembly (the folder wasm): in Chromium, with WebSocketStream and without,
// in Firefox, and in Node. Beyond the orders of all peers, it has some of its own, for what only it can tell of.
//
// "wscp serve" has a peer of its own in the folder: a program in Python that knows of wscp's protocol what its documentation tells.
// The page of "wscp serve" is loaded as it is by Chromium and Firefox, which are told what to do by the protocol of DevTools and by
// WebDriver BiDi: both go over WebSocket, and this module speaks it.
//
// # Proxies
//
// The reverse proxies have the configurations of docs/deploying.md, and the nodes that are restarted behind them are its program.
//
// # HTTP/2
//
// Over streams of HTTP/2 (RFC 8441) the checks are made again, and more: of streams that end without a close frame, which the
// peer reports as lost. Node has no WebSocket there: ws is given its streams, and the handshake is the script's. Hypercorn tells
// applications nothing of close frames, and refuses compressed fragments with a ping in between. Python's h2 has streams, and
// neither handshake nor frames of WebSocket: they are the script's own. HAProxy takes HTTP/2 to HTTP/2, to HTTP/1.1, and that to HTTP/2.
// The sockets of a page share its connection, in Chromium and in Firefox. Firefox ESR 153 now and then stops for good to open the
// window of a stream, 12 MiB, when that is full: the 64 MiB are not tried with it there.
//
// OpenSSL speaks no WebSocket; it has what TLS does in the middle of a connection done: new keys, and renegotiation.
//
// # Compression
//
// The checks are made again with permessage-deflate, for each peer, in several settings: with context takeover and
// without, and with windows of 8, 9 and 10 bits in both directions or in one. What is agreed on must be the setting to
// the letter, but for what the table of peers says that a peer lacks: gorilla and gobwas have no context takeover, and
// they and coder no small windows, though as clients they inflate what comes with one. Python's zlib refuses to compress
// with 8 bits; Node and Chromium compress with 9 then, which zlib uses no more than 250 bytes of. The routes have context
// takeover alone. How a script is to compress stands in its environment, as JSON in INTEROP_COMPRESSION:
//
//	{"takeover": true, "serverWindowBits": 8, "clientWindowBits": 15}
package interop
