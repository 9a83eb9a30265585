package conformance

import "fmt"

// reserved has reserved bits and opcodes (section 5.2).
func reserved() []Case {
	var list []Case
	for bits := byte(rsv3); bits <= rsv1|rsv2|rsv3; bits += rsv3 {
		for _, op := range []byte{text, binary, continuation, ping, pong, closing} {
			id := fmt.Sprintf("reserved/bits/%d/%s", bits>>4, name(op))
			list = append(list, refused(id, op, bits|fin|op)...)
		}
	}
	for _, op := range []byte{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		list = append(list, refused("reserved/opcode/"+fmt.Sprint(op), op, fin|op)...)
	}
	return list
}

// refused has a frame with such a first byte wherever it can come. It is always refused because of its header.
func refused(id string, op, first byte) []Case {
	payload := "\x03\xe8" // so that it could be a close frame
	frames := []struct {
		name  string
		frame Frame
	}{
		{"empty", Frame{First: first}},
		{"payload", Frame{First: first, Payload: payload}},
		{"not-final", Frame{First: first &^ fin, Payload: payload}},
		{"header-alone", Frame{First: first, Claim: 100}},
	}
	var list []Case
	add := func(id string, x Exchange) {
		list = append(list, Case{ID: id, Section: "5.2", test: x.fails(1002)})
	}
	for _, f := range frames {
		inside := sending(part(text, "a"), f.frame, whole(continuation, "b"))
		if op == continuation {
			add(id+"/"+f.name, inside)
			continue
		}
		add(id+"/"+f.name, sending(f.frame))
		add(id+"/"+f.name+"/chop1", sending(f.frame).chop(1))
		add(id+"/"+f.name+"/behind-a-message", sending(whole(text, "a"), f.frame).want(Message{text, "a"}))
		add(id+"/"+f.name+"/before-a-ping", sending(f.frame, whole(ping, "")))
		if op >= closing {
			add(id+"/"+f.name+"/inside-a-message", inside)
		}
	}
	return list
}
