package conformance

import (
	"fmt"
	"strings"
)

// utf8Text has text that is UTF-8 and text that is not (section 8.1).
func utf8Text() []Case {
	var list []Case
	for _, p := range codePoints() {
		list = append(list, rightText(p)...)
	}
	for _, p := range longTexts {
		list = append(list, rightText(p)...)
	}
	for _, p := range impossible() {
		list = append(list, wrongText(p)...)
	}
	for _, p := range incomplete() {
		list = append(list, cutText(p)...)
	}
	return append(append(list, farText()...), otherText()...)
}

// codePoints are those at the boundaries of the lengths, beside the surrogates, and all noncharacters.
func codePoints() []string {
	points := []rune{
		0, 1, 0x7F, 0x80, 0x7FF, 0x800, 0xFFF, 0x1000, 0xCFFF, 0xD000, 0xD7FF, 0xE000, 0xFFFD, 0x10000, 0x3FFFF,
		0x40000, 0xFFFFF, 0x100000, 0x10FFFD, 0xFEFF, 0xFDD0, 0xFDEF,
	}
	for plane := rune(0); plane <= 0x10; plane++ {
		points = append(points, plane<<16|0xFFFE, plane<<16|0xFFFF)
	}
	var list []string
	for _, r := range points {
		list = append(list, string(r))
	}
	return unique(list)
}

var longTexts = []string{
	"κόσμε",
	"Hello-µ@ßöäüàá-UTF-8!!",
	"\ufeffbyte order mark",
	"e\u0301 \u202eright to left\u202c \U0001F468\u200d\U0001F469\u200d\U0001F467",
	"\x00\x00",
	"𝄞𝄞𝄞𝄞𝄞𝄞𝄞𝄞",
}

// rightText has p whole, byte by byte, and cut at every place: by reads, by fragments, and by a ping that must be
// answered before the rest comes.
func rightText(p string) []Case {
	id := "utf8/valid/" + hex(p)
	echo := Message{text, p}
	list := []Case{
		{ID: id + "/whole", Section: "8.1", test: sending(whole(text, p)).want(echo)},
		{ID: id + "/slow", Section: "8.1", Weight: Medium, test: sending(whole(text, p)).slow().want(echo)},
		{ID: id + "/behind-ascii", Section: "8.1", test: sending(whole(text, "12345"+p)).chop(1).want(Message{text, "12345" + p})},
		{ID: id + "/fragment-for-each-byte", Section: "8.1", test: sending(split(text, pieces(p, 1)...)...).want(echo)},
		{ID: id + "/empty-fragments", Section: "8.1", test: sending(between(split(text, pieces(p, 1)...), part(continuation, ""))...).want(echo)},
	}
	for cut := 1; cut < len(p); cut++ {
		list = append(list, Case{
			ID: fmt.Sprintf("%s/cut-at-%d", id, cut), Section: "8.1",
			test: sending(part(text, p[:cut]), whole(ping, "so far")).want(pongOf("so far")).
				then(whole(continuation, p[cut:])).want(echo),
		})
	}
	return list
}

// second returns the bytes that may stand behind a lead byte, from lo to hi (RFC 3629, section 4).
func second(lead byte) (lo, hi byte) {
	switch lead {
	case 0xE0:
		return 0xA0, 0xBF
	case 0xED:
		return 0x80, 0x9F
	case 0xF0:
		return 0x90, 0xBF
	case 0xF4:
		return 0x80, 0x8F
	}
	return 0x80, 0xBF
}

// leads are the lead bytes whose kinds differ, at the boundaries of each kind.
var leads = []byte{0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4}

// size is how many bytes a code point with the lead byte has.
func size(lead byte) int {
	switch {
	case lead >= 0xF0:
		return 4
	case lead >= 0xE0:
		return 3
	}
	return 2
}

// impossible returns sequences of which the last byte is the first one that can be no part of UTF-8: bytes that never
// are a lead, overlong forms, surrogates, what is above U+10FFFF, and what is no continuation where there must be one.
func impossible() []string {
	var list []string
	for c := 0x80; c <= 0xFF; c++ {
		if c < 0xC2 || c > 0xF4 {
			list = append(list, string([]byte{byte(c)}))
		}
	}
	for _, lead := range leads {
		lo, hi := second(lead)
		for _, c := range []byte{0, ' ', 0x7F, lo - 1, hi + 1, 0xC0, lead, 0xFF} {
			list = append(list, string([]byte{lead, c}))
		}
		for n := 2; n < size(lead); n++ {
			for _, end := range []byte{lo, hi} {
				so := string([]byte{lead, end}) + strings.Repeat("\xbf", n-2)
				for _, c := range []byte{0, 0x7F, 0xC0, lead, 0xFF} {
					list = append(list, so+string([]byte{c}))
				}
			}
		}
		complete := string([]byte{lead, lo}) + strings.Repeat("\x80", size(lead)-2)
		list = append(list, complete+"\x80", complete+"\xbf")
	}
	return unique(list)
}

func unique(list []string) []string {
	seen := make(map[string]bool)
	var once []string
	for _, s := range list {
		if !seen[s] {
			once = append(once, s)
		}
		seen[s] = true
	}
	return once
}

// wrongText has p, whose last byte is impossible, in a whole frame, and then such that the rest of the frame or message
// does not come: the connection must fail at once.
func wrongText(p string) []Case {
	id := "utf8/invalid/" + hex(p)
	begun := Frame{First: fin | text, Payload: p, Claim: uint64(len(p) + 100)}
	list := []Case{
		{ID: id + "/whole", Section: "8.1", test: sending(whole(text, "a"+p+"b")).fails(1007)},
		{ID: id + "/at-once", Section: "8.1", test: sending(begun).fails(1007)},
		{ID: id + "/at-once/chop1", Section: "8.1", Weight: Heavy, test: sending(begun).chop(1).fails(1007)},
		{ID: id + "/at-once/fragments", Section: "8.1", Weight: Medium, test: sending(notFinal(split(text, pieces(p, 1)...))...).fails(1007)},
		{ID: id + "/in-binary", Section: "5.6", Weight: Heavy, test: sending(whole(binary, p)).want(Message{binary, p})},
	}
	if n := len(p) - 1; n > 0 {
		bad := Frame{First: continuation, Payload: p[n:], Claim: 1000}
		list = append(list, Case{
			ID: id + "/at-once/behind-a-ping", Section: "8.1", Weight: Medium,
			test: sending(part(text, p[:n]), whole(ping, "so far")).want(pongOf("so far")).then(bad).fails(1007),
		})
	}
	return list
}

// notFinal takes the FIN bit from the last of frames.
func notFinal(frames []Frame) []Frame {
	frames[len(frames)-1].First &^= fin
	return frames
}

// incomplete returns the beginnings of code points.
func incomplete() []string {
	var list []string
	for _, lead := range leads {
		lo, hi := second(lead)
		for n := 1; n < size(lead); n++ {
			for _, end := range []byte{lo, hi} {
				list = append(list, (string([]byte{lead, end}) + "\xbf")[:n])
			}
		}
	}
	return unique(list)
}

// cutText has a message that ends inside the code point that p begins.
func cutText(p string) []Case {
	id := "utf8/incomplete/" + hex(p)
	return []Case{
		{ID: id + "/whole", Section: "8.1", test: sending(whole(text, p)).fails(1007)},
		{ID: id + "/chop1", Section: "8.1", test: sending(whole(text, "aé"+p)).chop(1).fails(1007)},
		{ID: id + "/fragments", Section: "8.1", test: sending(split(text, pieces(p, 1)...)...).fails(1007)},
		{ID: id + "/empty-last-fragment", Section: "8.1", test: sending(split(text, "a", p, "")...).fails(1007)},
		{ID: id + "/before-a-message", Section: "8.1", test: sending(whole(text, p), whole(text, "\x80")).fails(1007)},
	}
}

// farText has wrong bytes behind much that is right, where large reads may go another way.
func farText() []Case {
	var list []Case
	for _, n := range []int{10, 120, 1000, 4090, 4096, 16380, 65530, 200000} {
		weight := Light
		if n > 20000 {
			weight = Heavy
		}
		for _, p := range []string{"\xff", "\x80", "\xc0\xaf", "\xe2\x28", "\xed\xa0", "\xf4\x90", "\xf0\x9f\x98\x00"} {
			id := fmt.Sprintf("utf8/invalid/behind-%d/%s", n, hex(p))
			before := words(n)
			begun := Frame{First: fin | text, Payload: before + p, Claim: 1 << 20}
			for _, chop := range []int{0, 997, 2048} {
				list = append(list, Case{ID: id + "/at-once/" + chopName(chop), Section: "8.1", Weight: weight, test: sending(begun).chop(chop).fails(1007)})
			}
			list = append(list,
				Case{ID: id + "/whole", Section: "8.1", test: sending(whole(text, before+p+before)).fails(1007)},
				Case{ID: id + "/fragments", Section: "8.1", Weight: weight, test: sending(notFinal(split(text, before, before[:n/10*10], p))...).fails(1007)},
			)
		}
	}
	return list
}

// otherText has what surrounds wrong text: other messages, and control frames whose payload is no text.
func otherText() []Case {
	add := func(id string, x Exchange) Case { return Case{ID: "utf8/around/" + id, Section: "8.1", test: x} }
	return []Case{
		add("behind-a-message", sending(whole(text, "é"), whole(text, "\xff")).want(Message{text, "é"}).fails(1007)),
		add("behind-binary", sending(whole(binary, "\xc3"), whole(text, "\xa9")).want(Message{binary, "\xc3"}).fails(1007)),
		add("binary-begins-anew", sending(split(binary, "\xc3", "\xff")...).want(Message{binary, "\xc3\xff"})),
		add("ping-inside-a-code-point", sending(part(text, "\xe2\x82"), whole(ping, "\xff"), whole(continuation, "\xac")).
			want(Message{text, "€"}, pongOf("\xff"))),
		add("pong-inside-a-code-point", sending(part(text, "\xe2\x82"), whole(pong, "\xac"), whole(continuation, "\xac")).want(Message{text, "€"})),
		add("pong-does-not-complete", sending(part(text, "\xe2\x82"), whole(pong, "\xac"), whole(continuation, "a")).fails(1007)),
		add("wrong-then-close", sending(whole(text, "\xff"), closeOf(1000, "")).fails(1007)),
		add("wrong-then-right", sending(whole(text, "\xff"), whole(text, "a")).fails(1007)),
	}
}
