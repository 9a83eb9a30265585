package stream

import (
	"bytes"
	"unicode/utf8"
	"unsafe"

	fastutf8 "github.com/segmentio/asm/utf8"
)

// isUTF8 is [utf8.Valid] with the vector instructions of the processor, where it has them: they check what is not ASCII
// ten times as fast.
func isUTF8(p []byte) bool { return fastutf8.Valid(p) }

// isUTF8String is isUTF8 for a string.
func isUTF8String(text string) bool { return isUTF8(bytesOf(text)) }

// bytesOf returns the memory of text, which must not be changed.
func bytesOf(text string) []byte { return unsafe.Slice(unsafe.StringData(text), len(text)) }

// A utf8Checker checks text that comes in pieces (RFC 6455, section 8.1), and knows at the first byte that cannot be
// right.
type utf8Checker struct {
	held [utf8.UTFMax]byte // the beginning of a code point whose end has not come
	n    int8
}

// check reports whether p can go on behind the pieces before.
func (c *utf8Checker) check(p []byte) bool {
	for c.n > 0 && len(p) > 0 {
		c.held[c.n] = p[0]
		c.n++
		p = p[1:]
		// What can no longer become a code point counts as a full one.
		if utf8.FullRune(c.held[:c.n]) {
			if !utf8.Valid(c.held[:c.n]) {
				return false
			}
			c.n = 0
		}
	}
	for i := len(p) - 1; i >= max(0, len(p)-utf8.UTFMax+1); i-- {
		if utf8.RuneStart(p[i]) {
			if !utf8.FullRune(p[i:]) {
				c.n = int8(copy(c.held[:], p[i:]))
				p = p[:i]
			}
			break
		}
	}
	return isUTF8(p)
}

// complete reports whether the text may end here.
func (c *utf8Checker) complete() bool { return c.n == 0 }

// A verdict is what another utf8Checker has found of bytes that were all right, and how it has stood before and behind them.
type verdict struct {
	checked  bool // otherwise nothing was found
	from, to utf8Checker
}

// accept is check for p, on which there may be a verdict; nil: there is none. It holds where both stand at the same place.
func (c *utf8Checker) accept(p []byte, v *verdict) bool {
	if v == nil || !v.checked || !bytes.Equal(c.begun(), v.from.begun()) {
		return c.check(p)
	}
	*c = v.to
	return true
}

// begun returns the beginning of a code point whose end has not come.
func (c *utf8Checker) begun() []byte { return c.held[:c.n] }
