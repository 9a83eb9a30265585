// Package browser makes of a browser's connection of messages a stream of frames, as package stream reads and writes them.
//
// A [Conn] is between the two. What the engine writes it parses, and gives the browser a message once its last frame is
// there: a browser has no fragments, so those of a message are gathered, in the browser's memory. Of what the browser
// receives, each message is one frame, and the close event a close frame. The Conn knows nothing of JavaScript: that is for
// its [Port], of which there are two where GOOS is js, over WebSocketStream and over WebSocket.
package browser
