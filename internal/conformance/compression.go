package conformance

import (
	"fmt"
	"slices"
	"strings"

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
