package conformance

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/litert/websocket/stream"
)

// deflate is the extension of RFC 7692.
const deflate = "permessage-deflate"

// forgetting has neither end use the messages before.
const forgetting = "; server_no_context_takeover; client_no_context_takeover"

// always is the configuration that has even short messages compressed.
var always = stream.CompressionConfig{Threshold: 1}

// offered is what a client offers that wants nothing special.
var offered = []string{deflate + "; client_max_window_bits"}

// compression has messages that are compressed (RFC 7692), right and wrong, with all parameters.
func compression() []Case {
	return slices.Concat(parameters(), sizes(), thousands(), compressedExamples(), turns(), compressedFragments(), withoutPayload(),
		compressedBits(), corrupt(), bombs())
}

// compressing returns the cases of d for both sides. Its Answer is what the peer says if it is the server, and its
// Offers, of which there need not be any, what it says if it is the client.
func compressing(id, section string, weight Weight, d Deflated) []Case {
	server, client := d, d
	server.Config, client.Config = always, always
	if server.Offers == nil {
		server.Offers = []string{d.Answer}
	}
	client.Offers = offered
	section = "RFC 7692, " + section
	return []Case{
		{ID: "compression/" + id + "/server", Section: section, Side: Server, Weight: weight, test: server},
		{ID: "compression/" + id + "/client", Section: section, Side: Client, Weight: weight, test: client},
	}
}

// alike returns n bytes that compress well, and of which every part comes again.
func alike(op byte, n int) string {
	if op == text {
		return words(n)
	}
	unit := noise(min(max(1, n/4), 100))
	return strings.Repeat(unit, n/len(unit)) + unit[:n%len(unit)]
}

// sizes has messages of 16 bytes to 128 KiB, whole, in fragments and in chops.
func sizes() []Case {
	var list []Case
	for _, op := range []byte{text, binary} {
		for size := 16; size <= 128*kib; size *= 2 {
			for _, fragments := range []int{1, 2, 3, 6} {
				for _, chop := range []int{0, 1, 997} {
					if chop == 1 && size > 4*kib {
						continue
					}
					weight := Light
					if fragments > 2 || chop > 0 || size >= 32*kib {
						weight = Medium
					}
					form := "in-one-frame"
					if fragments > 1 {
						form = fmt.Sprintf("in-%d-fragments", fragments)
					}
					id := fmt.Sprintf("sizes/%s/%d/%s/%s", name(op), size, form, chopName(chop))
					list = append(list, compressing(id, "6", weight, Deflated{
						Answer: deflate, Fragments: fragments > 1, Plain: size < 128,
						Messages: func(h *history) Exchange { return thrice(h, op, size, fragments, chop) },
					})...)
				}
			}
		}
	}
	return list
}

// thrice has three messages, the last two of which are the same.
func thrice(h *history, op byte, size, fragments, chop int) Exchange {
	x := Exchange{}
	for _, message := range []string{alike(op, size), payload(op, size/2) + alike(op, size-size/2), payload(op, size/2) + alike(op, size-size/2)} {
		p := h.squeeze(message)
		x = x.then(squeezedIn(op, pieces(p, (len(p)+fragments-1)/fragments)...)...).want(Message{op, message}).chop(chop)
	}
	return x
}

// thousands has a thousand messages in a row.
func thousands() []Case {
	var list []Case
	for _, params := range []string{
		"", "; server_no_context_takeover", "; client_no_context_takeover", forgetting,
		"; server_max_window_bits=9", "; client_max_window_bits=9", "; server_max_window_bits=9; client_max_window_bits=9",
		forgetting + "; server_max_window_bits=8; client_max_window_bits=8",
	} {
		for _, op := range []byte{text, binary} {
			for _, size := range []int{16, 64, 256, kib, 4 * kib, 8 * kib, 16 * kib, 32 * kib, 64 * kib, 128 * kib} {
				weight := Heavy
				if size == 256 {
					weight = Medium
				}
				id := fmt.Sprintf("thousand/%s/%d%s", name(op), size, strings.ReplaceAll(params, "; ", "/"))
				list = append(list, compressing(id, "7", weight, Deflated{
					Answer: deflate + params, Plain: size < 128,
					Messages: func(h *history) Exchange { return thousand(h, op, size) },
				})...)
			}
		}
	}
	return list
}

// thousand has messages of five kinds in turn. From 1 KiB on, they make no use of those before.
func thousand(h *history, op byte, size int) Exchange {
	var frames []Frame
	var want []Message
	if size >= kib {
		h.takeover = false
	}
	kinds := [5]Frame{}
	for i := range 1000 {
		k := i % len(kinds)
		message := []byte(alike(op, size))
		number(message, k)
		if h.takeover || i < len(kinds) {
			kinds[k] = h.frame(op, string(message))
		}
		frames, want = append(frames, kinds[k]), append(want, Message{op, string(message)})
	}
	return sending(frames...).want(want...)
}

// compressedExamples has those of RFC 7692, section 7.2.3.
func compressedExamples() []Case {
	hello := Message{text, "Hello"}
	examples := []struct {
		section  string
		fragment bool
		frames   []Frame
		want     []Message
	}{
		{"7.2.3.1", false, []Frame{squeezed(text, "\xf2\x48\xcd\xc9\xc9\x07\x00")}, []Message{hello}},
		{"7.2.3.1", true, squeezedIn(text, "\xf2\x48\xcd", "\xc9\xc9\x07\x00"), []Message{hello}},
		{"7.2.3.2", false, []Frame{squeezed(text, "\xf2\x48\xcd\xc9\xc9\x07\x00"), squeezed(text, "\xf2\x48\xcd\xc9\xc9\x07\x00")}, []Message{hello, hello}},
		{"7.2.3.2", false, []Frame{squeezed(text, "\xf2\x48\xcd\xc9\xc9\x07\x00"), squeezed(text, "\xf2\x00\x11\x00\x00")}, []Message{hello, hello}},
		{"7.2.3.3", false, []Frame{squeezed(text, "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00")}, []Message{hello}},
		{"7.2.3.4", false, []Frame{squeezed(text, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00")}, []Message{hello}},
		{"7.2.3.5", false, []Frame{squeezed(text, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00")}, []Message{hello}},
		{"7.2.3.6", false, []Frame{squeezed(text, "\x00")}, []Message{{text, ""}}},
		{"7.2.3.6", false, []Frame{squeezed(text, "\x02\x00")}, []Message{{text, ""}}},
	}
	var list []Case
	for i, e := range examples {
		for _, chop := range []int{0, 1} {
			id := fmt.Sprintf("examples/%d/%s", i+1, chopName(chop))
			list = append(list, compressing(id, e.section, Light, Deflated{
				Answer: deflate, Fragments: e.fragment, Plain: true,
				Messages: func(*history) Exchange { return sending(e.frames...).want(e.want...).chop(chop) },
			})...)
		}
	}
	return list
}

// turns has messages that are compressed and such that are not, which leave nothing to those behind (section 7.2.1), in
// turn, and messages that end in a final block.
func turns() []Case {
	first, second := words(1000), noise(500)
	inTurn := func(h *history) Exchange {
		return sending(h.frame(text, first), whole(text, first), h.frame(text, first), whole(binary, second),
			h.frame(binary, second), whole(ping, "x"), h.frame(binary, second), h.frame(text, first)).
			want(Message{text, first}, Message{text, first}, Message{text, first}, Message{binary, second},
				Message{binary, second}, pongOf("x"), Message{binary, second}, Message{text, first})
	}
	final := func(h *history) Exchange {
		return sending(squeezed(text, h.squeezeFinal(first)), squeezed(text, h.squeezeFinal(first)), h.frame(text, first)).
			want(Message{text, first}, Message{text, first}, Message{text, first})
	}
	never := func(*history) Exchange {
		return sending(whole(text, first), whole(binary, second)).want(Message{text, first}, Message{binary, second})
	}
	var list []Case
	for _, takeover := range []bool{true, false} {
		answer, id := deflate, "turns/"
		if !takeover {
			answer, id = deflate+forgetting, "turns/no-takeover/"
		}
		list = slices.Concat(list,
			compressing(id+"plain-between", "6", Light, Deflated{Answer: answer, Messages: inTurn}),
			compressing(id+"final-blocks", "7.2.3.4", Light, Deflated{Answer: answer, Messages: final}),
			compressing(id+"all-plain", "6", Light, Deflated{Answer: answer, Messages: never}),
		)
	}
	return list
}

// compressedFragments has fragments of all kinds, with control frames between them.
func compressedFragments() []Case {
	message := words(300)
	var list []Case
	add := func(id string, cut func(payload string) []Frame, pongs ...Message) {
		for _, chop := range []int{0, 1} {
			list = append(list, compressing("fragments/"+id+"/"+chopName(chop), "6.1", Light, Deflated{
				Answer: deflate, Fragments: true,
				Messages: func(h *history) Exchange {
					x := sending(cut(h.squeeze(message))...).chop(chop).want(Message{text, message}).want(pongs...)
					return x.then(cut(h.squeeze(message))...).chop(chop).want(Message{text, message}).want(pongs...)
				},
			})...)
		}
	}
	add("of-1-byte", func(p string) []Frame { return squeezedIn(text, pieces(p, 1)...) })
	add("of-7-bytes", func(p string) []Frame { return squeezedIn(text, pieces(p, 7)...) })
	add("empty-first", func(p string) []Frame { return squeezedIn(text, "", p) })
	add("empty-last", func(p string) []Frame { return squeezedIn(text, p, "") })
	add("empty-between", func(p string) []Frame { return squeezedIn(text, p[:5], "", "", p[5:]) })
	add("pings-between", func(p string) []Frame {
		return between(squeezedIn(text, p[:5], p[5:]), whole(ping, "Hello"))
	}, pongOf("Hello"))
	add("pongs-between", func(p string) []Frame { return between(squeezedIn(text, pieces(p, 3)...), whole(pong, "Hello")) })
	return list
}

// compressedBits has reserved bits where compression does not allow them (section 6).
func compressedBits() []Case {
	var list []Case
	add := func(id string, frames ...Frame) {
		for _, chop := range []int{0, 1} {
			list = append(list, compressing("bits/"+id+"/"+chopName(chop), "6", Light, Deflated{
				Answer: deflate, Plain: true,
				Fragments: sending(frames...).fragmented(),
				Messages:  func(*history) Exchange { return sending(frames...).chop(chop).fails(1002) },
			})...)
		}
	}
	for _, op := range []byte{ping, pong, closing} {
		add("rsv1/"+name(op), Frame{First: fin | rsv1 | op, Payload: "\x03\xe8"})
		add("rsv1/between/"+name(op), Frame{First: rsv1 | text, Payload: "\xf2\x48"}, Frame{First: fin | rsv1 | op})
	}
	add("rsv1/continuation-of-compressed", Frame{First: rsv1 | text, Payload: "\xf2\x48\xcd"},
		Frame{First: fin | rsv1 | continuation, Payload: "\xc9\xc9\x07\x00"})
	add("rsv1/continuation-of-plain", part(text, "a"), Frame{First: fin | rsv1 | continuation, Payload: "\xc9\xc9\x07\x00"})
	for _, op := range []byte{text, binary} {
		for _, bits := range []byte{rsv2, rsv3, rsv1 | rsv2, rsv1 | rsv3, rsv2 | rsv3, rsv1 | rsv2 | rsv3} {
			add(fmt.Sprintf("others/%d/%s", bits>>4, name(op)), Frame{First: fin | bits | op, Payload: "\xf2\x48\xcd\xc9\xc9\x07\x00"})
		}
	}
	return list
}

// corrupt has payloads that do not inflate, not to the end of the message, or to what is no text.
func corrupt() []Case {
	var list []Case
	add := func(id, section, params string, payloads ...string) {
		for _, fragment := range []int{0, 1} {
			form := "in-one-frame"
			if fragment > 0 {
				form = "in-fragments"
			}
			list = append(list, compressing("corrupt/"+id+"/"+form, section, Light, Deflated{
				Answer: deflate + params, Plain: true, Fragments: fragment > 0,
				Messages: func(*history) Exchange {
					var frames []Frame
					for _, p := range payloads {
						if fragment > 0 {
							frames = append(frames, squeezedIn(text, pieces(p, fragment)...)...)
						} else {
							frames = append(frames, squeezed(text, p))
						}
					}
					x := sending(frames...)
					for range payloads[1:] {
						x = x.want(Message{text, "Hello"})
					}
					return x.fails(1007)
				},
			})...)
		}
	}
	const hello = "\xf2\x48\xcd\xc9\xc9\x07\x00"
	add("block-type-3", "7.2.2", "", "\x06")
	add("stored-length-not-confirmed", "7.2.2", "", "\x00\x05\x00\xfa\xfeHello\x00")
	add("stored-block-cut", "7.2.2", "", "\x00\x05\x00\xfa\xffHel")
	add("cut", "7.2.2", "", hello[:4])
	add("end-of-block-missing", "7.2.2", "", hello[:5])
	add("tail-not-left-out", "7.2.1", "", hello+"\x00\x00\xff\xff")
	add("bytes-behind-a-final-block", "7.2.3.4", "", "\xf3\x48\xcd\xc9\xc9\x07\x00\x00more")
	add("distance-before-the-beginning", "7.2.2", "", "\xf2\x00\x11\x00\x00")
	add("distance-into-a-message-not-kept", "7.1.1", forgetting, hello, "\xf2\x00\x11\x00\x00")
	add("codes-that-are-too-many", "7.2.2", "", "\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
	add("no-utf8", "6.2", "", (&history{window: 1 << 15}).squeeze("Hello\xff"))
	add("utf8-cut", "6.2", "", (&history{window: 1 << 15}).squeeze("Hello \xe2\x82"))
	return list
}

// bomb returns the payload of a message that inflates to more than the limit.
var bomb = sync.OnceValue(func() string {
	return (&history{window: 1 << 15}).squeeze(strings.Repeat("\x00", limit+1))
})

// bombs has messages over the limit.
func bombs() []Case {
	return slices.Concat(
		compressing("bomb/in-one-frame", "8", Medium, Deflated{
			Answer: deflate, Plain: true,
			Messages: func(*history) Exchange { return sending(squeezed(binary, bomb())).fails(1009) },
		}),
		compressing("bomb/in-fragments", "8", Medium, Deflated{
			Answer: deflate, Plain: true, Fragments: true,
			Messages: func(*history) Exchange { return sending(squeezedIn(binary, pieces(bomb(), 1000)...)...).fails(1009) },
		}),
	)
}
