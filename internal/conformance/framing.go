package conformance

import "fmt"

// lengths are those at which the header changes, and their neighbours (section 5.2).
var lengths = []int{0, 125, 126, 127, 128, 65535, 65536}

// chops are the sizes of writes; 0 is all in one.
var chops = []int{0, 1, 997, 2048}

// framing has frames of all lengths, in writes of all sizes.
func framing() []Case {
	var list []Case
	for _, op := range []byte{text, binary} {
		for _, n := range lengths {
			f := whole(op, payload(op, n))
			for _, chop := range chops {
				id := fmt.Sprintf("framing/%s/%d/%s", name(op), n, chopName(chop))
				c := Case{ID: id, Section: "5.2", test: sending(f).chop(chop).want(echoOf(f))}
				if chop == 1 && n > 1000 {
					c.Weight = Medium
				}
				list = append(list, c)
			}
		}
	}
	return append(append(list, sequences()...), maskingKeys()...)
}

// sequences has frames that follow one another without a rest.
func sequences() []Case {
	var list []Case
	for _, chop := range chops {
		var frames []Frame
		var want []Message
		for i := range 200 {
			n := i
			if chop != 1 && i%20 == 0 {
				n = lengths[i/20%len(lengths)]
			}
			op := []byte{text, binary}[i%2]
			f := whole(op, payload(op, n))
			frames, want = append(frames, f), append(want, echoOf(f))
		}
		list = append(list, Case{
			ID:      "framing/sequence/" + chopName(chop),
			Section: "5.2",
			test:    sending(frames...).chop(chop).want(want...),
		})
	}
	return list
}

// maskingKeys has keys that are special, in frames of lengths around those at which a program may unmask many bytes at
// a time.
func maskingKeys() []Case {
	var list []Case
	for _, key := range []string{"\x00\x00\x00\x00", "\xff\xff\xff\xff", "\x00\x00\x00\x01", "\x80\x00\x00\x00"} {
		for _, chop := range []int{0, 1, 5} {
			var frames []Frame
			var want []Message
			for n := range 70 {
				f := whole(binary, noise(n))
				f.Key = key
				frames, want = append(frames, f), append(want, echoOf(f))
			}
			list = append(list, Case{
				ID:      fmt.Sprintf("framing/key/%s/%s", hex(key), chopName(chop)),
				Section: "5.3",
				Side:    Server,
				test:    sending(frames...).chop(chop).want(want...),
			})
		}
	}
	var frames []Frame
	var want []Message
	for range 20 {
		f := whole(text, "the same")
		frames, want = append(frames, f), append(want, echoOf(f))
	}
	return append(list, Case{ID: "framing/key/fresh", Section: "5.3", Side: Client, test: sending(frames...).want(want...)})
}
