// Package websocket is the front page of a module for WebSocket (RFC 6455) in which bytes flow: received messages are
// [io.ReadCloser] values, outgoing ones [io.WriteCloser] fragment writers, and a file of any size goes over a
// connection with one [io.Copy], in constant memory. The package itself is empty; its examples show what the others do
// together:
//
//   - [github.com/litert/websocket/dial] connects to a server;
//   - [github.com/litert/websocket/listen] is the server's side, for net/http or on its own;
//   - [github.com/litert/websocket/stream] is the connection: receiving, sending, closing, options, errors;
//   - [github.com/litert/websocket/stream/streamtest] has connections in memory, for tests of programs;
//   - [github.com/litert/websocket/listen/xconnect] has servers announce WebSocket over HTTP/2;
//   - [github.com/litert/websocket/frame] is the wire, for tools that look at single frames;
//   - [github.com/litert/websocket/opcode] and [github.com/litert/websocket/closecode] are the two enumerations.
//
// The command wscp, in cmd/wscp, copies files over WebSocket.
package websocket
