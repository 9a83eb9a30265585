package conformance

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

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
