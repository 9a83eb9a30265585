package size_test

import (
	"math"
	"testing"

	"github.com/litert/websocket/internal/size"
)

func TestSizesAreParsed(t *testing.T) {
	tests := []struct {
		text string
		want size.Bytes
	}{
		{"0", 0},
		{"17", 17},
		{"17B", 17},
		{"3KiB", 3072},
		{"64MiB", 64 << 20},
		{"1GiB", 1 << 30},
		{"2TiB", 2 << 40},
		{"9223372036854775807", math.MaxInt64},
	}
	for _, tt := range tests {
		var got size.Bytes
		if err := got.Set(tt.text); err != nil || got != tt.want {
			t.Errorf("%q: %d, %v; want %d", tt.text, got, err, tt.want)
		}
	}
	for _, text := range []string{"", "B", "MiB", "-1", "+1", "1.5MiB", "1 MiB", "1MB", "1mib", "1MiBB", "0x10", "1_000", "9223372036854775808", "8388608TiB"} {
		got := size.Bytes(5)
		if err := got.Set(text); err == nil || got != 5 {
			t.Errorf("%q: %d, %v; want an error", text, got, err)
		}
	}
}

func TestSizesArePrinted(t *testing.T) {
	tests := []struct {
		size size.Bytes
		want string
	}{
		{0, "0 B"},
		{1023, "1023 B"},
		{1024, "1 KiB"},
		{1536, "1.5 KiB"},
		{256 << 20, "256 MiB"},
		{4 << 30, "4 GiB"},
		{2048 << 40, "2048 TiB"},
	}
	for _, tt := range tests {
		if got := tt.size.String(); got != tt.want {
			t.Errorf("%d: %q, want %q", int64(tt.size), got, tt.want)
		}
	}
}
