package closecode_test

import (
	"fmt"
	"testing"

	"github.com/litert/websocket/closecode"
)

// RFC 6455, section 7.4, and the ranges of 7.4.2.
func TestWhatCanBeAskedOfEveryCode(t *testing.T) {
	type answers struct{ sendable, registered, extension, private bool }
	for i := range 1 << 16 {
		var want answers
		switch {
		case i >= 1000 && i <= 1015:
			want = answers{sendable: i != 1004 && i != 1005 && i != 1006 && i != 1015, registered: true}
		case i >= 3000 && i <= 3999:
			want = answers{sendable: true, extension: true}
		case i >= 4000 && i <= 4999:
			want = answers{sendable: true, private: true}
		}
		c := closecode.Code(i)
		if got := (answers{c.Sendable(), c.Registered(), c.Extension(), c.Private()}); got != want {
			t.Errorf("%d: got %v, want %v", i, got, want)
		}
	}
}

func TestTextRoundTrip(t *testing.T) {
	for i := range 1 << 16 {
		c := closecode.Code(i)
		text, err := c.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back closecode.Code
		if err := back.UnmarshalText(text); err != nil || back != c {
			t.Errorf("%s: got %v, %v", text, back, err)
		}
	}
	var c closecode.Code
	for text, want := range map[string]closecode.Code{"1001": 1001, "Going Away": 1001, "tls handshake": 1015} {
		if err := c.UnmarshalText([]byte(text)); err != nil || c != want {
			t.Errorf("%s: got %v, %v", text, c, err)
		}
	}
	for _, bad := range []string{"", "gone", "-1", "65536", "close code"} {
		if err := c.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func ExampleCode() {
	for _, c := range []closecode.Code{closecode.GoingAway, closecode.NoStatus, 3000, 4001} {
		fmt.Printf("%d: %v, sendable: %v", uint16(c), c, c.Sendable())
		switch {
		case c.Registered():
			fmt.Println(", registered")
		case c.Extension():
			fmt.Println(", for a library")
		case c.Private():
			fmt.Println(", for the two ends")
		}
	}
	// Output:
	// 1001: going away, sendable: true, registered
	// 1005: no status, sendable: false, registered
	// 3000: close code 3000, sendable: true, for a library
	// 4001: close code 4001, sendable: true, for the two ends
}
