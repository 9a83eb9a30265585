package conformance

import (
	"fmt"
	"strings"
)

// pings has pings and pongs (sections 5.5.2 and 5.5.3).
func pings() []Case {
	var list []Case
	for n := range 126 {
		p := noise(n)
		list = append(list,
			Case{ID: fmt.Sprintf("ping/payload/%d", n), Section: "5.5.2", test: sending(whole(ping, p)).want(pongOf(p))},
			Case{ID: fmt.Sprintf("ping/unsolicited-pong/%d", n), Section: "5.5.3",
				test: sending(whole(pong, p), whole(text, "behind")).want(Message{text, "behind"})})
	}
	for _, op := range []byte{ping, pong} {
		for _, n := range []int{126, 127, 65535, 65536} {
			list = append(list, Case{
				ID: fmt.Sprintf("ping/too-long/%s/%d", name(op), n), Section: "5.5",
				test: sending(whole(op, noise(n))).fails(1002),
			})
		}
		list = append(list, Case{
			ID: fmt.Sprintf("ping/too-long/%s/claimed", name(op)), Section: "5.5",
			test: sending(Frame{First: fin | op, Claim: 126}).fails(1002),
		})
	}
	return append(append(list, pingRows()...), pingsInMessages()...)
}

// pingRows has many pings at a time. The latest must be answered; that all are is more than section 5.5.3 asks for.
func pingRows() []Case {
	var list []Case
	for _, chop := range []int{0, 1, 7} {
		for _, row := range []struct {
			name    string
			payload func(i int) string
		}{
			{"different", func(i int) string { return fmt.Sprint("ping ", i) }},
			{"equal", func(int) string { return "ping" }},
			{"empty", func(int) string { return "" }},
			{"long", func(i int) string { return strings.Repeat(string(rune('a'+i)), 125) }},
		} {
			var frames []Frame
			var want []Message
			for i := range 10 {
				frames, want = append(frames, whole(ping, row.payload(i))), append(want, pongOf(row.payload(i)))
			}
			id := fmt.Sprintf("ping/ten/%s/%s", row.name, chopName(chop))
			list = append(list, Case{ID: id, Section: "5.5.3", test: sending(frames...).chop(chop).want(want...)})
		}
	}
	one := sending(whole(ping, "0")).want(pongOf("0"))
	for i := 1; i < 10; i++ {
		p := fmt.Sprint(i)
		one = one.then(whole(ping, p)).want(pongOf(p))
	}
	return append(list,
		Case{ID: "ping/ten/one-by-one", Section: "5.5.2", test: one},
		Case{ID: "ping/between-messages", Section: "5.5.2", test: sending(whole(text, "a"), whole(ping, "1"), whole(binary, "b"), whole(ping, "2"), whole(text, "")).
			want(Message{text, "a"}, pongOf("1"), Message{binary, "b"}, pongOf("2"), Message{text, ""})},
		Case{ID: "ping/pong-for-nothing-then-ping", Section: "5.5.3", test: sending(whole(pong, "p"), whole(ping, "p")).want(pongOf("p"))},
		Case{ID: "ping/before-close", Section: "5.5.2", test: sending(whole(ping, "last"), closeOf(1000, "")).want(pongOf("last")).closed(1000)},
	)
}

// pingsInMessages has control frames between the fragments of a message (section 5.4).
func pingsInMessages() []Case {
	var list []Case
	for _, op := range []byte{text, binary} {
		p := payload(op, 1000)
		for _, size := range []int{1000, 500, 100, 1} {
			frames := between(split(op, pieces(p, size)...), whole(ping, "between"))
			want := []Message{{op, p}}
			for range len(frames) / 2 {
				want = append(want, pongOf("between"))
			}
			list = append(list, Case{
				ID: fmt.Sprintf("ping/between-fragments/%s/%d", name(op), size), Section: "5.4",
				test: sending(frames...).want(want...),
			})
		}
		list = append(list,
			Case{ID: "ping/answered-inside-a-message/" + name(op), Section: "5.5.2",
				test: sending(part(op, "a"), whole(ping, "1")).want(pongOf("1")).
					then(part(continuation, ""), whole(ping, "2"), whole(ping, "3")).want(pongOf("2"), pongOf("3")).
					then(whole(continuation, "b")).want(Message{op, "ab"})},
			Case{ID: "ping/pong-inside-a-message/" + name(op), Section: "5.5.3",
				test: sending(part(op, "a"), whole(pong, ""), whole(pong, noise(125)), whole(continuation, "b")).want(Message{op, "ab"})},
			Case{ID: "ping/too-long-inside-a-message/" + name(op), Section: "5.5",
				test: sending(part(op, "a"), whole(ping, noise(126)), whole(continuation, "b")).fails(1002)},
			Case{ID: "ping/chopped-inside-a-message/" + name(op), Section: "5.4",
				test: sending(part(op, "a"), whole(ping, "ping"), whole(continuation, "b")).chop(1).want(Message{op, "ab"}, pongOf("ping"))},
		)
	}
	return list
}
