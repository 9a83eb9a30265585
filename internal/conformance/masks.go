package conformance

import "fmt"

// masks has frames that are not masked by a client, or masked by a server (section 5.1).
func masks() []Case {
	var list []Case
	for _, op := range []byte{text, binary, continuation, ping, pong, closing} {
		for _, n := range []int{0, 1, 2, 125} {
			f := Frame{First: fin | op, Payload: noise(n), Swapped: true}
			if op == closing && n == 2 {
				f.Payload = "\x03\xe8"
			}
			id := fmt.Sprintf("mask/swapped/%s/%d", name(op), n)
			list = append(list,
				Case{ID: id, Section: "5.1", test: behindOpen(op, f).fails(1002)},
				Case{ID: id + "/chop1", Section: "5.1", test: behindOpen(op, f).chop(1).fails(1002)},
			)
			if op != continuation {
				list = append(list, Case{ID: id + "/behind-a-message", Section: "5.1",
					test: sending(whole(text, "a"), f).want(Message{text, "a"}).fails(1002)})
			}
		}
		f := Frame{First: fin | op, Claim: 70000, Swapped: true}
		list = append(list, Case{ID: fmt.Sprintf("mask/swapped/%s/header-alone", name(op)), Section: "5.1", test: behindOpen(op, f).fails(1002)})
	}
	return list
}
