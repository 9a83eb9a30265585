// Package conformance puts both ends of this library to the test of RFC 6455 and RFC 7692: a peer that speaks in single
// frames, right or wrong, meets over TCP an echo server built with package listen, and an echo client built with package
// dial.
//
// Each end does so over HTTP/2, too (RFC 8441), through a gateway that turns the peer's opening handshake over HTTP/1.1 into that over
// HTTP/2. What that handshake is itself put to is for the tests of dial and listen.
//
// The cases are data, made by [Cases]: what the peer sends byte by byte and in which pieces, and what must come back.
// [Run] has the outcome of each for one [Subject], an end in one receive mode. To test a further mode, add it to
// [Modes].
//
//	go test ./internal/conformance          all but the heavy cases
//	go run ./internal/conformance/report    all of them, and a table in Markdown
//
// # Outcomes
//
// A case has [Passed], it has [Failed], or it is [NonStrict]: nothing was done that the RFC forbids, but something that
// it recommends (SHOULD), or that is usual, was not, and the note says what. So it is if a close frame was left out
// when a connection failed (section 7.1.7), if the TCP connection was reset rather than closed (section 7.1.1), or if
// not all pings were answered but the latest one (section 5.5.3).
//
// That text fails at its first impossible byte, before the frame is whole, is more than section 8.1 asks for. Here it
// is a failure all the same if it does not: the library promises it.
//
// # Independence
//
// The peer encodes, parses and judges frames and handshakes by itself, with none of the code of packages frame and
// internal/handshake, and compresses and inflates by itself: what both ends got wrong in the same way would not show.
package conformance
