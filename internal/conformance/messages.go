package conformance

import "fmt"

const (
	kib = 1 << 10
	mib = 1 << 20
)

// messages has messages of 64 KiB to 16 MiB, in one frame and in fragments of 64 bytes to 4 MiB, and up to a million
// small ones.
func messages() []Case {
	var list []Case
	for _, op := range []byte{text, binary} {
		for size := 64 * kib; size <= 16*mib; size *= 4 {
			for _, fragment := range []int{0, 64, 256, kib, 4 * kib, 16 * kib, 64 * kib, 256 * kib, mib, 4 * mib} {
				if fragment < size {
					list = append(list, large(op, size, fragment))
				}
			}
		}
	}
	for _, op := range []byte{text, binary} {
		for _, size := range []int{0, 1, 16, 125, 126, 1000} {
			list = append(list, small(op, size, 1000, Medium), small(op, size, 50_000, Heavy))
		}
		list = append(list, small(op, 16, 1_000_000, Heavy))
		list = append(list, Case{
			ID: "messages/small/in-fragments/" + name(op), Section: "5.4", Weight: Heavy,
			test: Bulk{Opcode: op, Messages: 100_000, Size: 100, Fragment: 7},
		})
	}
	return list
}

// large has a mebibyte in messages of the size, or one that is as large as that or larger.
func large(op byte, size, fragment int) Case {
	b := Bulk{Opcode: op, Messages: max(1, mib/size), Size: size, Fragment: fragment}
	in := "in-one-frame"
	if fragment > 0 {
		in = fmt.Sprintf("in-fragments-of-%d", fragment)
	}
	c := Case{ID: fmt.Sprintf("messages/large/%s/%d/%s", name(op), size, in), Section: "5.4", Weight: Heavy, test: b}
	if size == 64*kib || size <= mib && (fragment == 0 || fragment == 64*kib) {
		c.Weight = Medium
	}
	return c
}

// small has count messages of the size, each in one frame.
func small(op byte, size, count int, weight Weight) Case {
	return Case{
		ID: fmt.Sprintf("messages/small/%s/%d-of-%d", name(op), count, size), Section: "5.6", Weight: weight,
		test: Bulk{Opcode: op, Messages: count, Size: size},
	}
}
