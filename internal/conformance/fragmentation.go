package conformance

import (
	"fmt"
	"strings"
)

// fragmentation has messages in fragments (section 5.4).
func fragmentation() []Case {
	var list []Case
	for _, op := range []byte{text, binary} {
		list = append(list, fragments(op)...)
	}
	list = append(list, orders()...)
	list = append(list, fragmentedControls()...)
	return append(list, controlsBetween()...)
}

// fragments has messages in fragments of all sizes.
func fragments(op byte) []Case {
	var list []Case
	add := func(id string, chop int, p ...string) {
		list = append(list, Case{
			ID: fmt.Sprintf("fragmentation/%s/%s/%s", name(op), id, chopName(chop)), Section: "5.4",
			test: sending(split(op, p...)...).chop(chop).want(Message{op, strings.Join(p, "")}),
		})
	}
	for _, chop := range []int{0, 1, 3} {
		add("two", chop, "frag", "ments")
		add("empty-first", chop, "", "fragments")
		add("empty-last", chop, "fragments", "")
		add("empty-between", chop, "frag", "", "ments")
		add("many-empty-between", chop, "frag", "", "", "", "", "", "", "ments")
		add("all-empty", chop, "", "", "")
		add("single-bytes", chop, pieces(strings.Repeat("fragment", 30), 1)...)
	}
	for _, chop := range chops {
		for _, n := range []int{125, 126, 127, 65535, 65536} {
			if chop != 1 || n < 1000 {
				add(fmt.Sprintf("of-%d", n), chop, pieces(payload(op, 2*n+1), n)...)
			}
		}
		add("of-different-lengths", chop, "", payload(op, 125), payload(op, 126), "", payload(op, 1000), payload(op, 1))
	}
	return list
}

// orders has every sequence of up to 4 data frames in which only the last can break the rules: a message begins within
// a message, or a continuation continues nothing.
func orders() []Case {
	type state struct {
		id     string
		frames []Frame
		want   []Message
		open   Message // the message of which fragments have come
	}
	var list []Case
	states := []state{{}}
	for length := 1; length <= 4; length++ {
		var next []state
		for _, s := range states {
			for _, first := range []byte{text, fin | text, binary, fin | binary, continuation, fin | continuation} {
				f := Frame{First: first, Payload: string(rune('a' + length))}
				op := first & 0xF
				n := state{s.id + letter(first), append(s.frames[:len(s.frames):len(s.frames)], f), s.want, s.open}
				c := Case{ID: "fragmentation/order/" + n.id, Section: "5.4"}
				if (op == continuation) != (s.open.Opcode != 0) {
					c.test = sending(n.frames...).want(n.want...).fails(1002)
					list = append(list, c)
					continue
				}
				if op != continuation {
					n.open = Message{Opcode: op}
				}
				n.open.Payload += f.Payload
				if first&fin != 0 {
					n.want = append(n.want[:len(n.want):len(n.want)], n.open)
					n.open = Message{}
					c.test = sending(n.frames...).want(n.want...)
					list = append(list, c)
				}
				next = append(next, n)
			}
		}
		states = next
	}
	return list
}

// letter stands for a frame in the name of an order: t, b or c, in upper case if it is the final one.
func letter(first byte) string {
	l := string("ctb"[first&0xF])
	if first&fin != 0 {
		return strings.ToUpper(l)
	}
	return l
}

// fragmentedControls has control frames in fragments, which must not be (section 5.5).
func fragmentedControls() []Case {
	var list []Case
	for _, op := range []byte{ping, pong, closing} {
		add := func(id string, x Exchange) {
			id = fmt.Sprintf("fragmentation/control/%s/%s", name(op), id)
			list = append(list, Case{ID: id, Section: "5.5", test: x.fails(1002)})
		}
		add("empty", sending(part(op, "")))
		add("payload", sending(part(op, "\x03\xe8")))
		add("continued", sending(part(op, "\x03\xe8"), whole(continuation, "b")))
		add("chop1", sending(part(op, "\x03\xe8"), whole(continuation, "b")).chop(1))
		add("behind-a-message", sending(whole(binary, "a"), part(op, "")).want(Message{binary, "a"}))
		add("inside-a-message", sending(part(binary, "a"), part(op, "\x03\xe8"), whole(continuation, "b")))
		add("continued-by-a-message", sending(part(op, ""), whole(text, "a")))
	}
	return list
}

// controlsBetween has control frames between fragments, and a message that ends with the connection.
func controlsBetween() []Case {
	var list []Case
	for _, op := range []byte{text, binary} {
		for _, chop := range []int{0, 1} {
			id := func(what string) string {
				return fmt.Sprintf("fragmentation/between/%s/%s/%s", what, name(op), chopName(chop))
			}
			list = append(list,
				Case{ID: id("ping"), Section: "5.4", test: sending(part(op, "a"), whole(ping, "p"), part(continuation, "b"), whole(ping, "q"), whole(continuation, "c")).
					chop(chop).want(Message{op, "abc"}, pongOf("p"), pongOf("q"))},
				Case{ID: id("pong"), Section: "5.4", test: sending(part(op, "a"), whole(pong, "p"), part(continuation, "b"), whole(pong, ""), whole(continuation, "c")).
					chop(chop).want(Message{op, "abc"})},
				Case{ID: id("many"), Section: "5.4", test: sending(between(split(op, "a", "", "b", "", "", "c"), whole(pong, "p"))...).
					chop(chop).want(Message{op, "abc"})},
				Case{ID: id("close"), Section: "5.5.1", test: sending(part(op, "a"), closeOf(1000, "")).chop(chop).closed(1000)},
				Case{ID: id("close-and-continuation"), Section: "5.5.1",
					test: sending(part(op, "a"), closeOf(1001, ""), whole(continuation, "b")).chop(chop).closed(1001)},
			)
		}
	}
	return list
}
