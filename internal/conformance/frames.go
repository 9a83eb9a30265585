package conformance

import (
	"fmt"
	"strings"
)

// whole returns an unfragmented frame.
func whole(op byte, payload string) Frame { return Frame{First: fin | op, Payload: payload} }

// part returns a frame without the FIN bit: the first fragment of a message, or a continuation.
func part(op byte, payload string) Frame { return Frame{First: op, Payload: payload} }

// closeOf returns a close frame.
func closeOf(code int, reason string) Frame {
	return whole(closing, string([]byte{byte(code >> 8), byte(code)})+reason)
}

// echoOf returns the message that f is by itself, if it is one, as it comes back.
func echoOf(f Frame) Message { return Message{f.First & 0xF, f.Payload} }

// pongOf returns the answer to a ping.
func pongOf(payload string) Message { return Message{pong, payload} }

// split returns the message in fragments, one for each piece.
func split(op byte, pieces ...string) []Frame {
	var frames []Frame
	for i, p := range pieces {
		f := part(op, p)
		if i > 0 {
			f.First = continuation
		}
		if i == len(pieces)-1 {
			f.First |= fin
		}
		frames = append(frames, f)
	}
	return frames
}

// between returns frames with f between each two of them.
func between(frames []Frame, f Frame) []Frame {
	var list []Frame
	for i, g := range frames {
		if i > 0 {
			list = append(list, f)
		}
		list = append(list, g)
	}
	return list
}

// pieces cuts s into pieces of n bytes.
func pieces(s string, n int) []string {
	var list []string
	for len(s) > n {
		list = append(list, s[:n])
		s = s[n:]
	}
	return append(list, s)
}

// words returns n bytes of text, in code points of one to four bytes.
func words(n int) string {
	const unit = "aé€😀"
	return strings.Repeat(unit, n/len(unit)) + strings.Repeat("z", n%len(unit))
}

// noise returns n bytes of all values, which are no text.
func noise(n int) string {
	b := make([]byte, n)
	state := uint32(2463534242)
	for i := range b {
		state ^= state << 13
		state ^= state >> 17
		state ^= state << 5
		b[i] = byte(state >> 8)
	}
	if n > 0 {
		b[0] = 0xFF
	}
	return string(b)
}

// payload returns n bytes that a message with the opcode can have.
func payload(op byte, n int) string {
	if op == text {
		return words(n)
	}
	return noise(n)
}

// name returns what an opcode is called in the name of a case.
func name(op byte) string {
	switch op {
	case continuation:
		return "continuation"
	case text:
		return "text"
	case binary:
		return "binary"
	case closing:
		return "close"
	case ping:
		return "ping"
	case pong:
		return "pong"
	}
	return fmt.Sprintf("opcode%X", op)
}

// chopName returns what a size of writes is called in the name of a case.
func chopName(n int) string {
	if n == 0 {
		return "whole"
	}
	return fmt.Sprintf("chop%d", n)
}

// hex returns s as digits, for the name of a case.
func hex(s string) string { return fmt.Sprintf("%X", s) }
