package printable_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/litert/websocket/internal/printable"
)

func TestNothingThatIsNotPrintableIsLeft(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", ""},
		{"Grüße, 世界 ☺", "Grüße, 世界 ☺"},
		{"\x1b[31mred\x1b[0m", "?[31mred?[0m"},
		{"two\nlines\r\n", "two?lines??"},
		{"tab\tand\x00nul", "tab?and?nul"},
		{"\u202eright to left", "?right to left"},
		{"no\u00a0break", "no?break"},
		{"\x9b\xff", "??"},
		{"\u009b", "?"},
	}
	for _, tt := range tests {
		if got := printable.Text(tt.text); got != tt.want {
			t.Errorf("Text(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestLineIsTheFirstThatShowsSomething(t *testing.T) {
	tests := []struct {
		text  string
		limit int
		want  string
	}{
		{"", 10, ""},
		{" \n\x1b\r\n", 10, ""},
		{"\r\n  not found \r\nmore", 20, "not found"},
		{"a\x1bb\nc", 20, "a?b"},
		{"0123456789", 10, "0123456789"},
		{"0123456789a", 10, "0123456..."},
		{"äöü", 5, "ä..."},
		{"äöü", 4, "..."},
		{"abcdef", 2, ".."},
		{"abcdef", 0, ""},
	}
	for _, tt := range tests {
		if got := printable.Line(tt.text, tt.limit); got != tt.want {
			t.Errorf("Line(%q, %d) = %q, want %q", tt.text, tt.limit, got, tt.want)
		}
	}
}

func FuzzLine(f *testing.F) {
	f.Add("HTTP/1.1 400 Bad\x1b[2J Request\r\n", 10)
	f.Add("\xf0\x9f\n世界", 4)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = int(uint(limit) % 300)
		line := printable.Line(s, limit)
		if len(line) > limit || !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("Line(%q, %d) = %q", s, limit, line)
		}
		if len(s) > 0 && len(printable.Text(s)) > len(s) {
			t.Errorf("Text(%q) is longer than that", s)
		}
	})
}
