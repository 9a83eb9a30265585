// Package transport owns the bytes of one connection: what its transport can do, which is decided once, in [New];
// deadlines, contexts and idle time; waiting without a buffer; writing in one or two parts; sending files; and closing.
// It does not know what the bytes mean.
//
// # Reading and writing
//
// A [Conn] is read by one caller at a time, and written by one at a time; the two do not wait for each other. What ends a
// call is in its [Bounds], beside the idle timeout of the connection, and the error says which of them it was: all errors
// of Read, Await, Write, TryWrite and SendFile are of type [*Error], and have a [Kind]. A read that its bounds have ended
// can be repeated, and loses nothing. A write that they have ended says how much of it has left, and whether it has broken
// the transport ([Error].Broken).
//
// # Time
//
// The transport has one deadline for each direction, and three things share it: the idle timeout, the [Deadline] of the
// call, and its context. Type limit owns it, and the wait that is under way.
//
// # Closing
//
// Close and Cut may be called by any goroutine at any time, and end the calls that are under way.
package transport
