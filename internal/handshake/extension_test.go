package handshake_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/internal/handshake"
)

func TestParseExtensions(t *testing.T) { // RFC 6455, section 9.1
	type params = []handshake.Param
	tests := []struct {
		values []string
		want   []handshake.Extension
		bad    bool
	}{
		{values: nil},
		{values: []string{""}, bad: true},
		{values: []string{" , ,"}, bad: true},
		{values: []string{"foo"}, want: []handshake.Extension{{Name: "foo"}}},
		{values: []string{"foo, bar; baz=2"}, want: []handshake.Extension{
			{Name: "foo"}, {Name: "bar", Params: params{{"baz", "2"}}}}},
		{values: []string{"foo", "bar;baz"}, want: []handshake.Extension{
			{Name: "foo"}, {Name: "bar", Params: params{{"baz", ""}}}}},
		{values: []string{"deflate-stream ; a = \"1\" ; b , mux"}, want: []handshake.Extension{
			{Name: "deflate-stream", Params: params{{"a", "1"}, {"b", ""}}}, {Name: "mux"}}},
		{values: []string{`foo; a="b\c"`}, want: []handshake.Extension{{Name: "foo", Params: params{{"a", "bc"}}}}},
		{values: []string{"foo;"}, bad: true},
		{values: []string{"foo; =1"}, bad: true},
		{values: []string{"foo; a="}, bad: true},
		{values: []string{"foo=1"}, bad: true},
		{values: []string{"foo bar"}, bad: true},
		{values: []string{`foo; a="b`}, bad: true},
		{values: []string{`foo; a="b\`}, bad: true},
		{values: []string{`foo; a=""`}, bad: true}, // a quoted string has to be a token inside
		{values: []string{`foo; a="b c"`}, bad: true},
		{values: []string{`foo; a="b"c`}, bad: true},
		{values: []string{"foo\x00"}, bad: true},
		{values: []string{"foo", ";"}, bad: true},
	}
	for _, tt := range tests {
		got, err := handshake.ParseExtensions(tt.values)
		if (err != nil) != tt.bad {
			t.Errorf("ParseExtensions(%q): error %v, want one: %t", tt.values, err, tt.bad)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("ParseExtensions(%q) (-want +got):\n%s", tt.values, diff)
		}
	}
}

// What ParseExtensions returns, it returns again when it is put together.
func FuzzParseExtensions(f *testing.F) {
	for _, s := range []string{"", "foo", "foo, bar; baz=2", `foo; a="b"; c`, `a;b="\"`, "a;;", ",,"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		list, err := handshake.ParseExtensions([]string{value})
		if err != nil {
			return
		}
		var b strings.Builder
		for _, e := range list {
			b.WriteString(", " + e.Name)
			for _, p := range e.Params {
				b.WriteString("; " + p.Name)
				if p.Value != "" {
					b.WriteString("=" + p.Value)
				}
			}
		}
		again, err := handshake.ParseExtensions([]string{b.String()})
		if err != nil || !cmp.Equal(again, list) {
			t.Errorf("%q became %q: %v, %v", value, b.String(), again, err)
		}
	})
}
