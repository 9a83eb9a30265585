package conformance

import (
	"fmt"
	"slices"
)

// inflate returns the message whose compressed payload has come (RFC 7692, section 7.2.2). Nothing may come from further
// back than the window allows (section 7.1.2).
func (h *history) inflate(payload []byte) (string, error) {
	r := &bitReader{b: append(payload[:len(payload):len(payload)], 0, 0, 0xFF, 0xFF)}
	out := &output{bytes: slices.Clone(h.bytes), window: h.window}
	for r.at < len(r.b) && r.err == nil && out.err == nil {
		final := r.bits(1) == 1
		switch kind := r.bits(2); kind {
		case 0:
			r.stored(out)
		case 1:
			r.compressed(out, fixedSymbols, fixedDistances)
		case 2:
			symbols, distances := r.codes()
			r.compressed(out, symbols, distances)
		default:
			r.fail("has a block of type 3")
		}
		if final {
			r.align() // another one follows all the same (RFC 7692, section 7.2.3.4)
		}
	}
	if r.err == nil {
		r.err = out.err
	}
	message := string(out.bytes[len(h.bytes):])
	h.add(message)
	return message, r.err
}

// An output is what comes out of a payload, behind the history.
type output struct {
	bytes  []byte
	window int
	err    error
}

func (o *output) copy(length, distance int) {
	if distance > min(o.window, len(o.bytes)) {
		o.err = violation(fmt.Sprintf("sent a match %d bytes back, with %d there and a window of %d (RFC 7692, 7.1.2)",
			distance, len(o.bytes), o.window))
		return
	}
	for range length {
		o.bytes = append(o.bytes, o.bytes[len(o.bytes)-distance])
	}
}

// A bitReader reads the data elements of RFC 1951. Behind a mistake it reads zeros.
type bitReader struct {
	b    []byte
	at   int
	used int // bits of b[at]
	err  error
}

func (r *bitReader) fail(what string) {
	if r.err == nil {
		r.err = violation("sent a compressed payload that " + what + " (RFC 1951)")
	}
}

func (r *bitReader) bits(n int) int {
	v := 0
	for i := range n {
		if r.at == len(r.b) {
			r.fail("ends early")
			return 0
		}
		v |= int(r.b[r.at]>>r.used&1) << i
		if r.used++; r.used == 8 {
			r.at, r.used = r.at+1, 0
		}
	}
	return v
}

func (r *bitReader) align() {
	if r.used > 0 {
		r.at, r.used = r.at+1, 0
	}
}

// stored reads a block without compression (RFC 1951, section 3.2.4).
func (r *bitReader) stored(o *output) {
	r.align()
	n := r.bits(16)
	if r.bits(16) != n^0xFFFF {
		r.fail("has a block whose length is not confirmed")
	}
	if n > len(r.b)-r.at {
		r.fail("ends early")
		return
	}
	o.bytes = append(o.bytes, r.b[r.at:r.at+n]...)
	r.at += n
}

// compressed reads the rest of a block with the codes.
func (r *bitReader) compressed(o *output, symbols, distances huffman) {
	for r.err == nil && o.err == nil {
		s := symbols.read(r)
		switch {
		case s < 256:
			o.bytes = append(o.bytes, byte(s))
			continue
		case s == 256:
			return
		case s > 285:
			r.fail("has a length that there is not")
			return
		}
		length := lengthCodes[s-257] + r.bits(lengthExtra(s-257))
		d := distances.read(r)
		if d >= len(distanceCodes) {
			r.fail("has a distance that there is not")
			return
		}
		o.copy(length, distanceCodes[d]+r.bits(distanceExtra(d)))
	}
}

// codes reads the codes of a block (RFC 1951, section 3.2.7).
func (r *bitReader) codes() (symbols, distances huffman) {
	n, m, k := 257+r.bits(5), 1+r.bits(5), 4+r.bits(4)
	var meta [19]int
	for _, i := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}[:k] {
		meta[i] = r.bits(3)
	}
	of := newHuffman(meta[:])
	var lengths []int
	for len(lengths) < n+m && r.err == nil {
		again, times := 0, 1
		switch s := of.read(r); s {
		case 16:
			if len(lengths) == 0 {
				r.fail("repeats a length that there is not")
				return
			}
			again, times = lengths[len(lengths)-1], 3+r.bits(2)
		case 17:
			times = 3 + r.bits(3)
		case 18:
			times = 11 + r.bits(7)
		default:
			again = s
		}
		lengths = append(lengths, slices.Repeat([]int{again}, times)...)
	}
	if len(lengths) != n+m {
		r.fail("has too many lengths of codes")
		return
	}
	return newHuffman(lengths[:n]), newHuffman(lengths[n:])
}

// A huffman is a set of codes (RFC 1951, section 3.2.2).
type huffman struct {
	count   [16]int // how many codes have each length
	symbols []int   // in the order of their codes
}

func newHuffman(lengths []int) huffman {
	var h huffman
	for n := 1; n < len(h.count); n++ {
		for s, length := range lengths {
			if length == n {
				h.count[n]++
				h.symbols = append(h.symbols, s)
			}
		}
	}
	return h
}

// read returns the symbol whose code comes next.
func (h huffman) read(r *bitReader) int {
	code, first, index := 0, 0, 0
	for _, count := range h.count[1:] {
		code |= r.bits(1)
		if code-first < count {
			return h.symbols[index+code-first]
		}
		index += count
		first = (first + count) << 1
		code <<= 1
	}
	r.fail("has a code that there is not")
	return 0
}

// The fixed codes (RFC 1951, section 3.2.6).
var fixedSymbols, fixedDistances = func() (huffman, huffman) {
	lengths := slices.Concat(slices.Repeat([]int{8}, 144), slices.Repeat([]int{9}, 112), slices.Repeat([]int{7}, 24), slices.Repeat([]int{8}, 8))
	return newHuffman(lengths), newHuffman(slices.Repeat([]int{5}, 30))
}()
