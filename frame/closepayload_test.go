package frame_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
)

// RFC 6455, sections 5.5.1, 7.4 and 8.1.
func TestParseClose(t *testing.T) {
	tests := []struct {
		payload string
		code    closecode.Code
		reason  string
		fails   closecode.Code
	}{
		{payload: "", code: closecode.NoStatus},
		{payload: "\x03", fails: 1002},
		{payload: "\x03\xe8", code: 1000},
		{payload: "\x03\xe9bye", code: 1001, reason: "bye"},
		{payload: "\x0f\xa1é", code: 4001, reason: "é"},
		{payload: "\x03\xe8" + strings.Repeat("x", 123), code: 1000, reason: strings.Repeat("x", 123)},
		{payload: "\x00\x00", fails: 1002},
		{payload: "\x03\xe7", fails: 1002}, // 999
		{payload: "\x03\xec", fails: 1002}, // 1004
		{payload: "\x03\xed", fails: 1002}, // 1005
		{payload: "\x03\xee", fails: 1002}, // 1006
		{payload: "\x03\xf7", fails: 1002}, // 1015
		{payload: "\x07\xd0", fails: 1002}, // 2000
		{payload: "\x13\x88", fails: 1002}, // 5000
		{payload: "\x03\xe8\xff", fails: 1007},
		{payload: "\x03\xe8\xc3", fails: 1007},
	}
	for _, tt := range tests {
		code, reason, err := frame.ParseClose([]byte(tt.payload))
		if code != tt.code || reason != tt.reason {
			t.Errorf("%q: %d, %q", tt.payload, code, reason)
		}
		var broken *frame.Error
		if tt.fails != 0 && (!errors.As(err, &broken) || broken.Code != tt.fails) || tt.fails == 0 && err != nil {
			t.Errorf("%q: %v", tt.payload, err)
		}
	}
}

func TestAppendClose(t *testing.T) {
	tests := []struct {
		code   closecode.Code
		reason string
		want   string
		fails  bool
	}{
		{1000, "", "\x03\xe8", false},
		{1001, "bye", "\x03\xe9bye", false},
		{closecode.NoStatus, "", "", false},
		{closecode.NoStatus, "why", "", true},
		{1000, strings.Repeat("x", 123), "\x03\xe8" + strings.Repeat("x", 123), false},
		{1000, strings.Repeat("x", 124), "", true},
		{1000, "\xff", "", true},
		{1004, "", "", true},
		{1006, "", "", true},
		{1015, "", "", true},
		{0, "", "", true},
		{2999, "", "", true},
		{5000, "", "", true},
	}
	for _, tt := range tests {
		b, err := frame.AppendClose([]byte("before"), tt.code, tt.reason)
		if string(b) != "before"+tt.want || (err != nil) != tt.fails {
			t.Errorf("%d, %q: %q, %v", tt.code, tt.reason, b, err)
		}
	}
}

func FuzzParseClose(f *testing.F) {
	for _, reason := range []string{"", "bye", "é"} {
		b, err := frame.AppendClose(nil, closecode.GoingAway, reason)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte{3})
	f.Fuzz(func(t *testing.T, p []byte) {
		if len(p) > frame.MaxControlLen {
			return
		}
		code, reason, err := frame.ParseClose(p)
		var fails closecode.Code // section 5.5.1, 7.4, 8.1
		switch {
		case len(p) == 1, len(p) > 1 && !closecode.Code(binary.BigEndian.Uint16(p)).Sendable():
			fails = closecode.ProtocolError
		case len(p) > 1 && !utf8.Valid(p[2:]):
			fails = closecode.InvalidPayload
		}
		var broken *frame.Error
		if errors.As(err, &broken) != (fails != 0) || broken != nil && broken.Code != fails {
			t.Fatalf("%q: %v, want %d", p, err, fails)
		}
		if err != nil {
			return
		}
		if b, err := frame.AppendClose(nil, code, reason); string(b) != string(p) || err != nil {
			t.Fatalf("%q became %q, %v", p, b, err)
		}
	})
}

func ExampleAppendClose() {
	p, err := frame.AppendClose(nil, closecode.GoingAway, "bye")
	fmt.Printf("% x, %v\n", p, err)
	fmt.Println(frame.ParseClose(p))
	// Output:
	// 03 e9 62 79 65, <nil>
	// going away bye <nil>
}
