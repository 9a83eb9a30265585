package frame_test

import (
	"testing"

	"github.com/litert/websocket/frame"
)

// The values are those of the system that this module takes after.
func TestReceiveModes(t *testing.T) {
	for i, name := range []string{"standard", "lite", "simple", "frames"} {
		m := frame.ReceiveMode(i)
		text, err := m.MarshalText()
		if m.String() != name || string(text) != name || err != nil {
			t.Errorf("%d: %v, %s, %v", i, m, text, err)
		}
		var back frame.ReceiveMode
		if err := back.UnmarshalText([]byte(name)); err != nil || back != m {
			t.Errorf("%s: %v, %v", name, back, err)
		}
	}
	if frame.Standard != 0 || frame.Lite != 1 || frame.Simple != 2 {
		t.Error("the values have changed")
	}
	if _, err := frame.ReceiveMode(9).MarshalText(); err == nil || frame.ReceiveMode(9).String() != "ReceiveMode(9)" {
		t.Error("a mode without a name was marshalled")
	}
	var m frame.ReceiveMode
	if err := m.UnmarshalText([]byte("fast")); err == nil {
		t.Error("an unknown mode was taken")
	}
}
