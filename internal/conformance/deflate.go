package conformance

import "math/bits"

// lengthCodes and distanceCodes are those of RFC 1951, section 3.2.5: the least value of each code.
var (
	lengthCodes = [...]int{
		3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
	}
	distanceCodes = [...]int{
		1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
		8193, 12289, 16385, 24577,
	}
)

// lengthExtra returns how many bits follow a length code.
func lengthExtra(code int) int {
	if code < 8 || code == 28 {
		return 0
	}
	return code/4 - 1
}

// distanceExtra returns how many bits follow a distance code.
func distanceExtra(code int) int { return max(0, code/2-1) }

// A history is what the messages before leave to one that is compressed (RFC 7692, section 7.1.1).
type history struct {
	takeover bool
	window   int // bytes (RFC 7692, section 7.1.2)

	bytes   []byte
	dropped int             // how many bytes were there before them
	latest  map[[3]byte]int // where three bytes were seen last, counted from the first byte of all
}

// add takes in a message.
func (h *history) add(message string) {
	if !h.takeover {
		h.latest = nil
		return
	}
	h.bytes = append(h.bytes, message...)
	over := max(0, len(h.bytes)-h.window)
	h.bytes, h.dropped = h.bytes[over:], h.dropped+over
}

// squeeze returns the payload of a message that is compressed.
func (h *history) squeeze(message string) string { return h.squeezeBlock(message, 0) }

// squeezeFinal is squeeze in a block that is said to be the last one (RFC 7692, section 7.2.3.4).
func (h *history) squeezeFinal(message string) string { return h.squeezeBlock(message, 1) }

// squeezeBlock compresses message into a block with fixed codes, and ends it as RFC 7692, section 7.2.1, wants it.
func (h *history) squeezeBlock(message string, final int) string {
	all := append(h.bytes[:len(h.bytes):len(h.bytes)], message...)
	if h.latest == nil {
		h.latest = make(map[[3]byte]int)
	}
	var w bitWriter
	w.bits(final, 1)
	w.bits(1, 2) // fixed codes
	for i := len(h.bytes); i < len(all); {
		n, back := h.find(all, i)
		if n == 0 {
			w.symbol(int(all[i]))
			n = 1
		} else {
			w.match(n, back)
		}
		for end := i + n; i < end; i++ {
			if i+3 <= len(all) && (end-i < 4 || i%16 == 0) { // not all of a long match, which is the same again
				h.latest[[3]byte(all[i:])] = h.dropped + i
			}
		}
	}
	w.symbol(256)
	if final == 1 {
		w.align()
	}
	w.bits(0, 3) // an empty block without compression, whose length is left out
	w.align()
	h.add(message)
	return string(w.b)
}

// find returns the length of a match for all[i:], and how far back it is; the length 0 is none.
func (h *history) find(all []byte, i int) (n, back int) {
	if i+3 > len(all) {
		return 0, 0
	}
	at, ok := h.latest[[3]byte(all[i:])]
	if back = h.dropped + i - at; !ok || back > h.window {
		return 0, 0
	}
	return common(all[i-back:], all[i:]), back
}

// common returns how many bytes at the beginning of a and b are the same, as far as a match can be long.
func common(a, b []byte) int {
	n := 0
	for n < 258 && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// A bitWriter writes what RFC 1951 calls data elements.
type bitWriter struct {
	b    []byte
	left int // bits of the last byte that are free
}

// bits writes the n lowest bits of v, the lowest of them first.
func (w *bitWriter) bits(v, n int) {
	for range n {
		if w.left == 0 {
			w.b, w.left = append(w.b, 0), 8
		}
		w.b[len(w.b)-1] |= byte(v&1) << (8 - w.left)
		v >>= 1
		w.left--
	}
}

// code writes a Huffman code, the highest bit of which comes first.
func (w *bitWriter) code(v, n int) { w.bits(int(bits.Reverse16(uint16(v))>>(16-n)), n) }

// align goes on to the next byte.
func (w *bitWriter) align() { w.left = 0 }

// symbol writes a literal or length with its fixed code (RFC 1951, section 3.2.6).
func (w *bitWriter) symbol(s int) {
	switch {
	case s < 144:
		w.code(0x30+s, 8)
	case s < 256:
		w.code(0x190+s-144, 9)
	case s < 280:
		w.code(s-256, 7)
	default:
		w.code(0xC0+s-280, 8)
	}
}

// match writes a length and a distance.
func (w *bitWriter) match(length, distance int) {
	c := codeOf(lengthCodes[:], length)
	w.symbol(257 + c)
	w.bits(length-lengthCodes[c], lengthExtra(c))
	c = codeOf(distanceCodes[:], distance)
	w.code(c, 5)
	w.bits(distance-distanceCodes[c], distanceExtra(c))
}

// codeOf returns the code for v.
func codeOf(codes []int, v int) int {
	c := len(codes) - 1
	for codes[c] > v {
		c--
	}
	return c
}
