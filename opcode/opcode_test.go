package opcode_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/litert/websocket/opcode"
)

func TestWhatCanBeAskedOfEveryOpcode(t *testing.T) {
	type answers struct{ defined, control, data, message bool }
	want := map[opcode.Opcode]answers{
		0x0: {true, false, true, false},
		0x1: {true, false, true, true},
		0x2: {true, false, true, true},
		0x8: {true, true, false, false},
		0x9: {true, true, false, false},
		0xA: {true, true, false, false},
	}
	for i := range 256 {
		op := opcode.Opcode(i)
		w, ok := want[op]
		if !ok {
			w = answers{control: i >= 8 && i < 16, data: i < 8}
		}
		got := answers{op.Defined(), op.IsControl(), op.IsData(), op.IsMessage()}
		if got != w {
			t.Errorf("%v: got %v, want %v", op, got, w)
		}
	}
}

func TestNames(t *testing.T) {
	want := map[opcode.Opcode]string{
		opcode.Continuation: "continuation",
		opcode.Text:         "text",
		opcode.Binary:       "binary",
		opcode.Close:        "close",
		opcode.Ping:         "ping",
		opcode.Pong:         "pong",
		0x3:                 "opcode(0x3)",
		0xFF:                "opcode(0xff)",
	}
	for op, name := range want {
		if got := op.String(); got != name {
			t.Errorf("got %q, want %q", got, name)
		}
	}
}

func TestTextRoundTrip(t *testing.T) {
	for i := range 256 {
		op := opcode.Opcode(i)
		text, err := op.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back opcode.Opcode
		if err := back.UnmarshalText(text); err != nil || back != op {
			t.Errorf("%s: got %v, %v", text, back, err)
		}
	}
	var op opcode.Opcode
	if err := op.UnmarshalText([]byte("PONG")); err != nil || op != opcode.Pong {
		t.Errorf("upper case: %v, %v", op, err)
	}
	for _, bad := range []string{"", "texts", "opcode(0x3", "opcode(0x100)", "0x3", "opcode(0x)"} {
		if err := op.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func ExampleOpcode() {
	fmt.Println("            defined  message  data  control")
	for _, op := range []opcode.Opcode{opcode.Text, opcode.Continuation, opcode.Ping, 0xb} {
		fmt.Printf("%-12v   %-5t    %-5t %-5t    %t\n", op, op.Defined(), op.IsMessage(), op.IsData(), op.IsControl())
	}
	b, _ := json.Marshal(map[string]opcode.Opcode{"first": opcode.Binary})
	fmt.Println(string(b))
	// Output:
	//             defined  message  data  control
	// text           true     true  true     false
	// continuation   true     false true     false
	// ping           true     false false    true
	// opcode(0xb)    false    false false    true
	// {"first":"binary"}
}
