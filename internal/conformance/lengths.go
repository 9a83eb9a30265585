package conformance

import "fmt"

// limit is how many bytes a message may have by default.
const limit = 64 << 20

// encodings has lengths that are encoded wrongly (section 5.2), and messages over the limit (section 10.4).
func encodings() []Case {
	list := notMinimal()
	for _, op := range []byte{text, binary, continuation, ping, pong, closing} {
		for _, claim := range []uint64{1 << 63, 1<<63 | 5, 1<<64 - 1} {
			f := Frame{First: fin | op, Claim: claim, Bits: 64}
			id := fmt.Sprintf("length/top-bit/%s/%X", name(op), claim)
			list = append(list, Case{ID: id, Section: "5.2", test: behindOpen(op, f).fails(1002, 1009)})
		}
	}
	return append(list, limits()...)
}

// behindOpen sends f where its opcode can be: a continuation behind a fragment.
func behindOpen(op byte, f Frame) Exchange {
	if op == continuation {
		return sending(part(text, "a"), f)
	}
	return sending(f)
}

// notMinimal has lengths in more bytes than are needed.
func notMinimal() []Case {
	var list []Case
	for _, op := range []byte{text, binary, continuation, ping, pong, closing} {
		for _, l := range []struct{ bits, n int }{
			{16, 0}, {16, 2}, {16, 125},
			{64, 0}, {64, 2}, {64, 125}, {64, 126}, {64, 127}, {64, 65535},
		} {
			if op >= closing && l.n > 125 {
				continue
			}
			f := Frame{First: fin | op, Payload: payload(op, l.n), Bits: l.bits}
			if op == closing && l.n >= 2 {
				f.Payload = "\x03\xe8" + words(l.n-2)
			}
			alone := f
			alone.Payload, alone.Claim = "", uint64(l.n)
			id := fmt.Sprintf("length/not-minimal/%s/%d-in-%d-bits", name(op), l.n, l.bits)
			list = append(list,
				Case{ID: id, Section: "5.2", test: behindOpen(op, f).fails(1002)},
				Case{ID: id + "/header-alone", Section: "5.2", test: behindOpen(op, alone).chop(1).fails(1002)},
			)
		}
	}
	return list
}

// limits has messages over the limit, of which nothing but headers is sent.
func limits() []Case {
	add := func(id string, frames ...Frame) Case {
		return Case{ID: "length/limit/" + id, Section: "10.4", test: sending(frames...).fails(1009)}
	}
	var list []Case
	for _, op := range []byte{text, binary} {
		list = append(list,
			add("one-more/"+name(op), Frame{First: fin | op, Claim: limit + 1}),
			add("one-more/first/"+name(op), Frame{First: op, Claim: limit + 1}),
			add("longest/"+name(op), Frame{First: fin | op, Claim: 1<<63 - 1}),
			add("sum/"+name(op), part(op, "a"), Frame{First: fin | continuation, Claim: limit}),
			add("sum-of-many/"+name(op), part(op, "a"), part(continuation, "b"), part(continuation, ""), Frame{First: continuation, Claim: limit - 1}),
			add("sum-overflows/"+name(op), part(op, "a"), Frame{First: fin | continuation, Claim: 1<<63 - 1}),
		)
	}
	return list
}
