package stream_test

import (
	"strings"

	"github.com/litert/websocket/opcode"
)

// illegalFrame adds a frame that is illegal where it stands, between messages or within one.
func (s *sequence) illegalFrame() {
	open := !s.lite && oneIn(s.r, 2)
	op := byte(1 + s.r.IntN(2))
	if open {
		s.message(opcode.Opcode(op), randomText(s.r, randomSize(s.r)), false)
		op = 0
	}
	s.end = ending{broken, 1002, ""}
	fin := byte(0x80)
	switch s.r.IntN(9) {
	case 0: // reserved bits
		s.raw(fin|op|0x10<<s.r.IntN(2), "x")
	case 1: // a reserved opcode
		s.raw(fin|byte(3+s.r.IntN(5)+8*s.r.IntN(2)), "x")
	case 2: // a continuation of nothing, or a message within one
		s.raw(fin*byte(s.r.IntN(2))|(1-min(op, 1)), "x")
	case 3:
		s.raw(9+byte(s.r.IntN(2)), "a ping or pong in fragments")
	case 4:
		s.raw(fin|9, strings.Repeat("x", 126+s.r.IntN(10)))
	case 5: // masked, or not, and should be the other
		s.raw(fin|op, "x")
		s.wire[len(s.wire)-2-4*int(maskBit(s.peer)>>7)] ^= 0x80
	case 6: // RSV1 on a ping, or a continuation
		if !open || oneIn(s.r, 2) {
			op = 9
		}
		s.raw(fin|0x40|op, "x")
	case 7: // a close frame with half a code, or one that must not be sent
		s.raw(fin|8, []string{"\x03", "\x03\xed", "\x00\x00"}[s.r.IntN(3)])
	case 8: // a length that has a shorter form
		s.wire = append(s.wire, fin|op, 126|maskBit(s.peer), 0, 125)
	}
	s.wire = append(s.wire, s.peer.Frame(true, opcode.Ping, "behind it")...)
}

// raw adds a frame whose first byte is first.
func (s *sequence) raw(first byte, payload string) {
	f := s.peer.Frame(true, opcode.Binary, payload)
	f[0] = first
	s.wire = append(s.wire, f...)
}

// illegalText adds a text message that is not UTF-8 at one place, or ends within a code point.
func (s *sequence) illegalText() {
	before, behind := randomText(s.r, randomSize(s.r)), randomText(s.r, randomSize(s.r))
	illegal := []struct {
		bytes string
		at    int // the first byte behind which no text can follow
	}{{"\xff", 0}, {"\xc0\x80", 0}, {"\xed\xa0\x80", 1}, {"\xf4\x90\x80\x80", 1}, {"\xe2\x82", 2}, {"\xc3", 1}}[s.r.IntN(6)]
	if illegal.at == len(illegal.bytes) {
		behind = ""
	}
	s.message(opcode.Text, before+illegal.bytes+behind, true)
	s.breakOff(len(before)+illegal.at, ending{broken, 1007, ""})
}

// breakOff has the connection fail when the last message has come up to its byte n.
func (s *sequence) breakOff(n int, end ending) {
	s.end, s.unseen = end, true
	m := &s.messages[len(s.messages)-1]
	m.whole, m.Data = false, m.Data[:n]
	for i, f := range s.frames {
		if f.begun < m.begun {
			continue
		}
		if n -= len(f.Payload); n < 0 || f.Fin {
			s.frames = s.frames[:i]
			break
		}
	}
}
