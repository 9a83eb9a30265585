package conformance

import (
	"fmt"
	"strings"
)

// Codes of close frames (section 7.4, and the registry of IANA that it sets up).
var (
	sendable = []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3001, 3999, 4000, 4001, 4999}

	unsendable = []int{
		0, 1, 10, 100, 999, 1004, 1005, 1006, 1015, 1016, 1017, 1100, 1999, 2000, 2500, 2999,
		5000, 5001, 10000, 32767, 32768, 65534, 65535,
	}
)

// closings has the closing handshake (sections 5.5.1, 7.1 and 7.4).
func closings() []Case {
	var list []Case
	for _, code := range sendable {
		for _, reason := range []string{"", "reason"} {
			id := fmt.Sprintf("close/code/%d/%q", code, reason)
			x := sending(closeOf(code, reason)).closed(code)
			list = append(list,
				Case{ID: id, Section: "7.4", test: x},
				Case{ID: id + "/chop1", Section: "7.4", test: x.chop(1)},
				Case{ID: id + "/behind-a-message", Section: "7.4",
					test: sending(whole(text, "a"), closeOf(code, reason)).want(Message{text, "a"}).closed(code)},
			)
		}
	}
	for _, code := range unsendable {
		for _, reason := range []string{"", "reason"} {
			id := fmt.Sprintf("close/wrong-code/%d/%q", code, reason)
			list = append(list, Case{ID: id, Section: "7.4", test: sending(closeOf(code, reason)).fails(1002)})
		}
		list = append(list, Case{ID: fmt.Sprintf("close/wrong-code/%d/inside-a-message", code), Section: "7.4",
			test: sending(part(text, "a"), closeOf(code, "")).fails(1002)})
	}
	list = append(list, closePayloads()...)
	list = append(list, afterClose()...)
	list = append(list, pipelined()...)
	return append(append(list, lostConnections()...), whoCloses()...)
}

// closePayloads has close frames without a code, and with reasons right and wrong.
func closePayloads() []Case {
	add := func(id string, x Exchange) Case { return Case{ID: "close/" + id, Section: "5.5.1", test: x} }
	list := []Case{
		add("empty", sending(whole(closing, "")).closed(noCode, 1000)),
		add("empty/chop1", sending(whole(closing, "")).chop(1).closed(noCode, 1000)),
		add("one-byte", sending(whole(closing, "\x03")).fails(1002)),
		add("one-byte/zero", sending(whole(closing, "\x00")).fails(1002)),
		add("too-long/claimed", sending(Frame{First: fin | closing, Claim: 126}).fails(1002)),
	}
	for _, n := range []int{1, 2, 122, 123} {
		list = append(list, add(fmt.Sprintf("reason/%d", n), sending(closeOf(1000, words(n))).closed(1000)))
	}
	for _, n := range []int{124, 125, 1000, 70000} {
		list = append(list, add(fmt.Sprintf("too-long/%d", n), sending(closeOf(1000, strings.Repeat("x", n))).fails(1002)))
	}
	for _, p := range append(codePoints(), longTexts...) {
		list = append(list, add("reason/valid/"+hex(p), sending(closeOf(1001, p)).closed(1001)))
	}
	for _, p := range append(impossible(), incomplete()...) {
		list = append(list, add("reason/invalid/"+hex(p), sending(closeOf(1000, p)).fails(1007, 1002)))
	}
	return list
}

// afterClose has what comes behind a close frame, which is ignored, right or wrong.
func afterClose() []Case {
	var list []Case
	behind := []struct {
		name   string
		frames []Frame
	}{
		{"text", []Frame{whole(text, "ignored")}},
		{"binary", []Frame{whole(binary, noise(70000))}},
		{"fragments", split(text, "igno", "red")},
		{"ping", []Frame{whole(ping, "ignored")}},
		{"pong", []Frame{whole(pong, "ignored")}},
		{"close", []Frame{closeOf(1000, "")}},
		{"other-close", []Frame{closeOf(1001, "ignored")}},
		{"wrong-close", []Frame{closeOf(999, "")}},
		{"reserved-bit", []Frame{{First: fin | rsv1 | text, Payload: "ignored"}}},
		{"reserved-opcode", []Frame{whole(3, "ignored")}},
		{"invalid-text", []Frame{whole(text, "\xff")}},
		{"continuation", []Frame{whole(continuation, "ignored")}},
		{"wrong-mask", []Frame{{First: fin | text, Payload: "ignored", Swapped: true}}},
		{"unfinished", []Frame{{First: fin | text, Claim: 1000, Payload: "ignored"}}},
		{"megabytes", []Frame{whole(binary, strings.Repeat(noise(64*kib), 128))}},
	}
	for _, b := range behind {
		for _, chop := range []int{0, 1} {
			if chop == 1 && len(b.frames[0].Payload) > 1000 {
				continue
			}
			frames := append([]Frame{closeOf(1000, "")}, b.frames...)
			weight := Light
			if len(b.frames[0].Payload) > mib {
				weight = Medium
			}
			list = append(list,
				Case{ID: fmt.Sprintf("close/then/%s/%s", b.name, chopName(chop)), Section: "5.5.1", Weight: weight,
					test: sending(frames...).chop(chop).closed(1000)},
				Case{ID: fmt.Sprintf("close/then/%s/behind-a-message/%s", b.name, chopName(chop)), Section: "5.5.1", Weight: weight,
					test: sending(append([]Frame{whole(text, "a")}, frames...)...).chop(chop).want(Message{text, "a"}).closed(1000)},
			)
		}
	}
	return list
}

// pipelined has messages right before the close frame, all of which come back before it is answered.
func pipelined() []Case {
	var list []Case
	for _, n := range []int{0, 1, 125, 65536, mib} {
		of := []Frame{whole(binary, noise(n)), whole(text, words(n))}
		for _, count := range []int{1, 10} {
			var frames []Frame
			var want []Message
			for i := range count {
				f := of[i%2]
				frames, want = append(frames, f), append(want, echoOf(f))
			}
			weight := Light
			if n == mib {
				weight = Medium
			}
			list = append(list, Case{
				ID: fmt.Sprintf("close/behind-messages/%d-of-%d", count, n), Section: "5.5.1", Weight: weight,
				test: sending(append(frames, closeOf(1000, "done"))...).want(want...).closed(1000),
			})
		}
	}
	return list
}

// lostConnections has a peer that leaves without a close frame (section 7.1.4). No part of a message is taken for it.
func lostConnections() []Case {
	add := func(id string, x Exchange) Case {
		return Case{ID: "close/lost/" + id, Section: "7.1.4", test: x.lost()}
	}
	return []Case{
		add("at-once", sending()),
		add("behind-a-message", sending(whole(text, "a")).want(Message{text, "a"})),
		add("in-a-header", sending(Frame{First: fin | binary, Payload: noise(200), Cut: 1})),
		add("in-a-length", sending(Frame{First: fin | binary, Payload: noise(200), Cut: 3})),
		add("in-a-payload", sending(Frame{First: fin | binary, Payload: noise(200), Claim: 201})),
		add("before-a-payload", sending(Frame{First: fin | binary, Claim: 1})),
		add("in-a-large-payload", sending(Frame{First: fin | binary, Payload: noise(mib), Claim: 1<<20 + 1})),
		add("between-fragments", sending(part(binary, "a"))),
		add("before-an-empty-fragment", sending(part(binary, "a"), part(continuation, ""))),
		add("in-a-ping", sending(Frame{First: fin | ping, Payload: "a", Claim: 2})),
		add("in-a-close-frame", sending(Frame{First: fin | closing, Payload: "\x03", Claim: 2})),
	}
}

// whoCloses has the end of the TCP connection (sections 5.5.1 and 7.1.1): a server closes it at once, while a client
// should wait for the server to do so.
func whoCloses() []Case {
	x := sending(whole(text, "a")).want(Message{text, "a"}).then(closeOf(1000, "")).closed(1000)
	held := x
	held.End.Hold = true
	return []Case{
		{ID: "close/tcp/server-at-once", Section: "7.1.1", Side: Server, test: x},
		{ID: "close/tcp/client-waits", Section: "7.1.1", Side: Client, test: held},
	}
}
