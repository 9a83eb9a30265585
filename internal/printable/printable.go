// Package printable makes what came from outside fit to be shown to people: nothing in it moves the cursor of a terminal,
// begins another line of a log, or turns the direction of writing.
package printable

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text returns s with a question mark in the place of each rune that is not printable (see [unicode.IsPrint]), and of
// each byte that is not UTF-8. Letters, digits, punctuation, symbols and the space of ASCII stay.
func Text(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

// Line returns the first line of s that has something printable in it, as [Text] has it, without the space around it.
// If it has more than limit bytes, it is cut between two runes, and ends in three points, which count.
func Line(s string, limit int) string {
	for line := range strings.Lines(s) {
		if line = strings.TrimFunc(line, blank); line != "" {
			return cut(Text(line), limit)
		}
	}
	return ""
}

// blank reports whether nothing is to be seen of r.
func blank(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }

const points = "..."

func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	end := max(0, limit-len(points))
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + points[:min(limit, len(points))]
}
