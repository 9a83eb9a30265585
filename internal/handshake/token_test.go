package handshake_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/internal/handshake"
)

func TestHasToken(t *testing.T) {
	tests := []struct {
		values []string
		want   bool
	}{
		{nil, false},
		{[]string{""}, false},
		{[]string{"Upgrade"}, true},
		{[]string{"keep-alive, upgrade"}, true},
		{[]string{"keep-alive,\tUPGRADE\t,x"}, true},
		{[]string{"keep-alive", "Upgrade"}, true},
		{[]string{"Upgrades"}, false},
		{[]string{"keep-alive Upgrade"}, false},
		{[]string{"Up,grade"}, false},
		{[]string{"\u00a0Upgrade"}, false}, // not the white space of HTTP
	}
	for _, tt := range tests {
		if got := handshake.HasToken(tt.values, "Upgrade"); got != tt.want {
			t.Errorf("HasToken(%q) = %t, want %t", tt.values, got, tt.want)
		}
	}
}

func TestOnlyCaseOfASCIILettersIsIgnored(t *testing.T) {
	if !handshake.EqualFold("webSOCKet", "websocket") {
		t.Error("ASCII letters differ")
	}
	if kelvin := "websoc\u212aet"; handshake.EqualFold(kelvin, "websocket") || handshake.ToLower(kelvin) != kelvin {
		t.Error("the sign for kelvin is taken for a K")
	}
}

func TestParseTokens(t *testing.T) {
	tests := []struct {
		values []string
		want   []string
		ok     bool
	}{
		{nil, nil, true},
		{[]string{"a"}, []string{"a"}, true},
		{[]string{"a, b ,c", "d"}, []string{"a", "b", "c", "d"}, true},
		{[]string{", a,, ,b,"}, []string{"a", "b"}, true}, // RFC 9110, section 5.6.1.2
		{[]string{"v10.stomp!#$%&'*+-.^_`|~"}, []string{"v10.stomp!#$%&'*+-.^_`|~"}, true},
		{[]string{"a b"}, nil, false},
		{[]string{"a/b"}, nil, false},
		{[]string{`"a"`}, nil, false},
		{[]string{"a;b"}, nil, false},
		{[]string{"é"}, nil, false},
		{[]string{"a\x00"}, nil, false},
	}
	for _, tt := range tests {
		got, err := handshake.ParseTokens(tt.values)
		if (err == nil) != tt.ok || !cmp.Equal(got, tt.want) {
			t.Errorf("ParseTokens(%q) = %q, %v; want %q, %t", tt.values, got, err, tt.want, tt.ok)
		}
	}
}

// What ParseTokens returns are tokens, and it returns them again when they are put together.
func FuzzParseTokens(f *testing.F) {
	for _, s := range []string{"", "a", "a, b", ",a,,b\t,", "keep-alive, Upgrade", "a b", "\"a,b\"", "é", "a\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		tokens, err := handshake.ParseTokens([]string{value})
		if err != nil {
			return
		}
		for _, token := range tokens {
			if !handshake.IsToken(token) || !handshake.HasToken([]string{value}, token) {
				t.Errorf("%q is not a token of %q", token, value)
			}
		}
		again, err := handshake.ParseTokens([]string{strings.Join(tokens, ", ")})
		if err != nil || !slices.Equal(again, tokens) {
			t.Errorf("%q became %q, %v", tokens, again, err)
		}
	})
}
