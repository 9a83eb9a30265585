package handshake_test

import (
	"strings"
	"testing"

	"github.com/litert/websocket/internal/handshake"
)

func TestAcceptIsThatOfTheExample(t *testing.T) { // RFC 6455, section 1.3
	got := handshake.Accept("dGhlIHNhbXBsZSBub25jZQ==")
	if want := "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNewKeyIsValidAndFresh(t *testing.T) {
	a, b := handshake.NewKey(), handshake.NewKey()
	if !handshake.ValidKey(a) || !handshake.ValidKey(b) {
		t.Errorf("%q or %q is not valid", a, b)
	}
	if a == b {
		t.Errorf("%q came twice", a)
	}
}

func TestValidKey(t *testing.T) { // RFC 6455, section 4.1, item 7
	tests := []struct {
		key  string
		want bool
	}{
		{"dGhlIHNhbXBsZSBub25jZQ==", true},
		{"AAAAAAAAAAAAAAAAAAAAAA==", true},
		{"", false},
		{"dGhlIHNhbXBsZSBub25jZQ", false},           // no padding
		{"dGhlIHNhbXBsZSBub25jZWU=", false},         // 17 bytes
		{"dGhlIHNhbXBsZSBub25j", false},             // 15 bytes
		{"dGhlIHNhbXBsZSBub25jZWVl", false},         // 18 bytes in 24 characters
		{"dGhlIHNhbXBsZSBub25jZ===", false},         // wrong padding
		{"dGhlIHNhbXBsZ-Bub25jZQ==", false},         // the other alphabet
		{"dGhlIHNh\r\nbXBsZSBub25jZQ", false},       // what package base64 skips
		{strings.Repeat("A", 22) + "==\x00", false}, // a byte too many
	}
	for _, tt := range tests {
		if got := handshake.ValidKey(tt.key); got != tt.want {
			t.Errorf("ValidKey(%q) = %t, want %t", tt.key, got, tt.want)
		}
	}
}
