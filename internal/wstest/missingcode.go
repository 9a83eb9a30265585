package wstest

import "slices"

// MissingCode returns how many bytes of a deflate stream were begun when its reader comes upon a symbol of a code that
// the block at hand has none of; ok is false if it comes upon none, or is lost before. It reads no more than that takes.
func MissingCode(stream []byte) (at int64, ok bool) {
	r := &codeReader{p: stream}
	for final := 0; final == 0 && !r.lost; {
		final = r.bits(1)
		switch r.bits(2) {
		case 0:
			r.at = (r.at + 7) &^ 7
			n := r.bits(16)
			r.lost = r.lost || r.bits(16) != n^0xffff
			r.at += 8 * n
		case 1:
			r.block(fixedLiterals, fixedDistances)
		case 2:
			r.block(r.codes())
		default:
			r.lost = true
		}
	}
	return int64(r.at+7) / 8, r.missing
}

// A codeReader reads the codes of RFC 1951, for what they are and not for what they mean.
type codeReader struct {
	p             []byte
	at            int // in bits
	lost, missing bool
}

func (r *codeReader) bits(n int) (v int) {
	if r.at+n > 8*len(r.p) {
		r.lost = true
	}
	for i := 0; i < n && !r.lost; i++ {
		v |= int(r.p[r.at/8]>>(r.at%8)&1) << i
		r.at++
	}
	return v
}

// block reads the symbols of a block with these codes.
func (r *codeReader) block(literals, distances codes) {
	for !r.lost {
		switch s := r.symbol(literals); {
		case s == 256:
			return
		case s > 285:
			r.lost = true
		case s > 256:
			if s > 264 && s < 285 {
				r.bits((s - 261) / 4)
			}
			d := r.symbol(distances)
			r.lost = r.lost || d > 29
			r.bits(max(0, d/2-1))
		}
	}
}

// codes reads the codes of a block that has its own (RFC 1951, section 3.2.7).
func (r *codeReader) codes() (literals, distances codes) {
	n, m, k := 257+r.bits(5), 1+r.bits(5), 4+r.bits(4)
	r.lost = r.lost || n > 286 || m > 30
	lengths := make([]int, 19)
	for _, i := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}[:k] {
		lengths[i] = r.bits(3)
	}
	of := r.canonical(lengths)
	lengths = nil
	for len(lengths) < n+m && !r.lost {
		switch s := r.symbol(of); {
		case s < 16:
			lengths = append(lengths, s)
		case s == 16 && len(lengths) == 0:
			r.lost = true
		case s == 16:
			lengths = append(lengths, slices.Repeat(lengths[len(lengths)-1:], 3+r.bits(2))...)
		case s == 17:
			lengths = append(lengths, make([]int, 3+r.bits(3))...)
		default:
			lengths = append(lengths, make([]int, 11+r.bits(7))...)
		}
	}
	if r.lost || len(lengths) != n+m {
		r.lost = true
		return literals, distances
	}
	return r.canonical(lengths[:n]), r.canonical(lengths[n:])
}

// codes are Huffman codes (RFC 1951, section 3.2.2).
type codes struct {
	count   [16]int // how many have each length
	symbols []int   // in the order of their codes
}

// canonical returns the codes with these lengths. They are all that there can be, or a single one, or none.
func (r *codeReader) canonical(lengths []int) (c codes) {
	room := 1 << 15
	for n := 1; n < len(c.count); n++ {
		for s, length := range lengths {
			if length == n {
				c.count[n]++
				c.symbols = append(c.symbols, s)
				room -= 1 << (15 - n)
			}
		}
	}
	r.lost = r.lost || room != 0 && len(c.symbols) > 0 && (len(c.symbols) > 1 || c.count[1] == 0)
	return c
}

func (r *codeReader) symbol(c codes) int {
	if r.lost {
		return 0
	}
	if len(c.symbols) == 0 {
		r.lost, r.missing = true, true
		return 0
	}
	code, first, index := 0, 0, 0
	for _, count := range c.count[1:] {
		code |= r.bits(1)
		if r.lost {
			return 0
		}
		if code-first < count {
			return c.symbols[index+code-first]
		}
		index += count
		first = (first + count) << 1
		code <<= 1
	}
	r.lost = true
	return 0
}

// The fixed codes (RFC 1951, section 3.2.6).
var (
	fixedLiterals = new(codeReader).canonical(slices.Concat(slices.Repeat([]int{8}, 144), slices.Repeat([]int{9}, 112),
		slices.Repeat([]int{7}, 24), slices.Repeat([]int{8}, 8)))
	fixedDistances = new(codeReader).canonical(slices.Repeat([]int{5}, 32))
)
