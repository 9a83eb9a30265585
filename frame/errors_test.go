package frame_test

import (
	"fmt"
	"testing"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
)

func TestErrorsAreTheSameValuesEachTime(t *testing.T) {
	h := frame.Header{Fin: true, RSV2: true, Opcode: opcode.Text}
	if first := h.Check(frame.Rules{}); first == nil || first != h.Check(frame.Rules{}) {
		t.Error("not the same")
	}
	if n := testing.AllocsPerRun(100, func() {
		h.Check(frame.Rules{})
		frame.ParseClose([]byte{3})
		frame.ParseClose([]byte{3, 0xEC})
		frame.ParseClose([]byte{3, 0xE8, 0xFF})
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func ExampleError() {
	h, _, _ := frame.Parse([]byte{0xA1, 0x05})
	err := h.Check(frame.Rules{})
	fmt.Println(err)
	fmt.Println(uint16(err.(*frame.Error).Code))
	// Output:
	// frame: reserved bit is set (RFC 6455, section 5.2)
	// 1002
}
