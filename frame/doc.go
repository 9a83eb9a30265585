// Package frame is the wire of WebSocket: the frame header, masking, and the payload of close frames. It works on
// byte slices and does no I/O; package stream is built on it.
//
// A frame (RFC 6455, section 5.2) is a header and a payload:
//
//	byte 0     1       2 …              … then          … then
//	+--------+-------+-----------------+---------------+---------+
//	|F|R R R |M| len | length, if len  | masking key   | payload |
//	|I|S S S |A|     | is 126: 2 bytes | if MASK is    |         |
//	|N|V V V |S| 7   | is 127: 8 bytes | set: 4 bytes  |         |
//	| |1 2 3 |K| bits|                 |               |         |
//	| |opcode| |     |                 |               |         |
//	+--------+-------+-----------------+---------------+---------+
//
// One or more data frames make a message: the first has the opcode of the message, further fragments the opcode
// continuation, and the last one the FIN bit. Control frames may stand between them.
//
// A receiver parses a header, checks it, and unmasks what follows:
//
//	h, n, err := frame.Parse(b)
//	if err == io.ErrUnexpectedEOF {
//		// read more into b, and try again
//	}
//	if err := h.Check(frame.Rules{Server: true}); err != nil {
//		// fail the connection
//	}
//	payload := b[n : n+int(h.Length)] // if it is all there
//	frame.Mask(payload, h.Key, 0)
package frame
