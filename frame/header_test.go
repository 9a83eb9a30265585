package frame_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"testing"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
)

var key = frame.Key{0x37, 0xfa, 0x21, 0x3d}

func TestNoBitOfAnOpcodeGetsAmongTheOthers(t *testing.T) {
	if got := (frame.Header{Opcode: 0xF1}).Append(nil); got[0] != 0x01 {
		t.Errorf("the first byte is %#x", got[0])
	}
}

// RFC 6455, section 5.2: the length is encoded in the fewest bytes.
func TestEveryLengthHasOneEncoding(t *testing.T) {
	tests := []struct {
		length int64
		want   []byte // behind the first byte, without masking
	}{
		{0, []byte{0}},
		{1, []byte{1}},
		{125, []byte{125}},
		{126, []byte{126, 0, 126}},
		{127, []byte{126, 0, 127}},
		{128, []byte{126, 0, 128}},
		{1<<16 - 1, []byte{126, 0xff, 0xff}},
		{1 << 16, []byte{127, 0, 0, 0, 0, 0, 1, 0, 0}},
		{1<<31 - 1, []byte{127, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff}},
		{1 << 31, []byte{127, 0, 0, 0, 0, 0x80, 0, 0, 0}},
		{1<<32 + 5, []byte{127, 0, 0, 0, 1, 0, 0, 0, 5}},
		{math.MaxInt64, []byte{127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
	}
	for _, tt := range tests {
		for _, masked := range []bool{false, true} {
			h := frame.Header{Fin: true, Opcode: opcode.Binary, Length: tt.length}
			want := append([]byte{0x82}, tt.want...)
			if masked {
				h.Masked, h.Key = true, key
				want[1] |= 0x80
				want = append(want, key[:]...)
			}
			b := h.Append([]byte("before"))
			if got := b[len("before"):]; !bytes.Equal(got, want) {
				t.Errorf("length %d: got % x, want % x", tt.length, got, want)
			}
			if h.Len() != len(want) || h.Len() > frame.MaxHeaderLen {
				t.Errorf("length %d: Len is %d", tt.length, h.Len())
			}
			got, n, err := frame.Parse(append(want, "payload"...))
			if got != h || n != len(want) || err != nil {
				t.Errorf("length %d: parsed %+v, %d, %v", tt.length, got, n, err)
			}
			for i := range want {
				if h, n, err := frame.Parse(want[:i]); h != (frame.Header{}) || n != 0 || err != io.ErrUnexpectedEOF {
					t.Errorf("length %d, %d bytes of it: %+v, %d, %v", tt.length, i, h, n, err)
				}
			}
		}
	}
}

// RFC 6455, section 5.2.
func TestLengthsThatAreNotAllowed(t *testing.T) {
	for _, n := range []uint64{0, 1, 125} {
		b := binary.BigEndian.AppendUint16([]byte{0x82, 126}, uint16(n))
		wantError(t, b, fmt.Sprintf("%d in 2 bytes", n))
	}
	for _, n := range []uint64{0, 125, 126, 1<<16 - 1, 1 << 63, math.MaxUint64} {
		b := binary.BigEndian.AppendUint64([]byte{0x82, 127}, n)
		wantError(t, b, fmt.Sprintf("%d in 8 bytes", n))
	}
	wantError(t, []byte{0x82, 127, 0x80}, "highest bit, at once")
	wantError(t, []byte{0x82, 127, 0, 0, 0, 0, 0, 0}, "less than 1<<16 in 8 bytes, at once")
}

func wantError(t *testing.T, b []byte, what string) {
	t.Helper()
	_, n, err := frame.Parse(b)
	var broken *frame.Error
	if n != 0 || !errors.As(err, &broken) || broken.Code != 1002 {
		t.Errorf("%s: %d, %v", what, n, err)
	}
}

func TestANegativeLengthPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	frame.Header{Length: -1}.Append(nil)
}

func TestHeadersDoNotAllocate(t *testing.T) {
	b := frame.Header{Fin: true, Opcode: opcode.Text, Masked: true, Key: key, Length: 1 << 20}.Append(nil)
	bad := []byte{0x82, 126, 0, 1}
	buf := make([]byte, 0, frame.MaxHeaderLen)
	if n := testing.AllocsPerRun(100, func() {
		h, _, _ := frame.Parse(b)
		h.Check(frame.Rules{Server: true})
		h.Check(frame.Rules{})
		h.Append(buf)
		frame.Parse(bad)
		frame.Parse(b[:3])
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// filler completes each beginning of a header that can still become a valid one.
var filler = bytes.Repeat([]byte{0x7f}, frame.MaxHeaderLen)

// checkVerdict says what Parse got wrong about b: what it takes is encoded as it was, what it wants more of can become
// a header, and it refuses what it refuses from the first byte on that shows it.
func checkVerdict(b []byte) error {
	h, n, err := frame.Parse(b)
	if err != nil && (n != 0 || h != (frame.Header{})) {
		return fmt.Errorf("%v with %+v, %d", err, h, n)
	}
	var broken *frame.Error
	switch {
	case err == nil:
		if n < 2 || n > len(b) || n > frame.MaxHeaderLen || n != h.Len() || h.Length < 0 {
			return fmt.Errorf("%+v, %d", h, n)
		}
		if got := h.Append(nil); !bytes.Equal(got, b[:n]) {
			return fmt.Errorf("encoded again: % x", got)
		}
		if _, _, err := frame.Parse(b[:n-1]); err != io.ErrUnexpectedEOF {
			return fmt.Errorf("a byte less: %v", err)
		}
	case err == io.ErrUnexpectedEOF:
		if _, _, err := frame.Parse(append(bytes.Clone(b), filler...)); err != nil {
			return fmt.Errorf("wants more, and then: %v", err)
		}
	case !errors.As(err, &broken) || broken.Code != 1002 || broken.Section != "RFC 6455, section 5.2":
		return err
	}
	return nil
}

// RFC 6455, section 5.2: every pair of first bytes, with what may follow them, cut at every place.
func TestParseWantsMoreOnlyWhereThatCanHelp(t *testing.T) {
	tails := [][]byte{
		make([]byte, 12),
		filler[2:],
		{0, 125, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4},
		{0, 126, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4},
		{0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4},
		{0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4},
		{0x80, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4},
	}
	for first := range 1 << 16 {
		for _, tail := range tails {
			b := append([]byte{byte(first >> 8), byte(first)}, tail...)
			if err := checkVerdict(b); err != nil {
				t.Fatalf("% x: %v", b, err)
			}
			if first>>8 != 0x82 {
				continue // the first byte does not bear on the length
			}
			for i := range b {
				if err := checkVerdict(b[:i]); err != nil {
					t.Fatalf("% x: %v", b[:i], err)
				}
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, n := range []int64{0, 125, 126, 1<<16 - 1, 1 << 16, math.MaxInt64} {
		f.Add(frame.Header{Fin: true, Opcode: opcode.Text, Length: n}.Append(nil))
		f.Add(frame.Header{RSV1: true, RSV2: true, RSV3: true, Opcode: 0xF, Masked: true, Key: key, Length: n}.Append(nil))
	}
	f.Add([]byte{0x82, 126, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := checkVerdict(b); err != nil {
			t.Fatalf("% x: %v", b, err)
		}
		if len(b) < frame.MaxHeaderLen {
			return
		}
		h := frame.Header{Fin: b[0]&1 != 0, RSV1: b[0]&2 != 0, RSV2: b[0]&4 != 0, RSV3: b[0]&8 != 0}
		h.Opcode = opcode.Opcode(b[0] >> 4)
		h.Length = int64(binary.BigEndian.Uint64(b[1:]) >> (1 + b[9]%63))
		if h.Masked = b[9]&128 != 0; h.Masked {
			h.Key = frame.Key(b[10:])
		}
		if got, n, err := frame.Parse(h.Append(nil)); got != h || n != h.Len() || err != nil {
			t.Fatalf("%+v became %+v, %d, %v", h, got, n, err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for _, n := range []int64{125, 126, 1 << 16} {
		wire := frame.Header{Fin: true, Opcode: opcode.Binary, Masked: true, Key: key, Length: n}.Append(nil)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				h, _, err := frame.Parse(wire)
				if err != nil || h.Check(frame.Rules{Server: true}) != nil {
					b.Fatal("refused")
				}
			}
		})
	}
}

func ExampleParse() {
	h, n, err := frame.Parse([]byte{0x81, 0x05, 'H', 'e', 'l', 'l', 'o'})
	fmt.Println(h.Fin, h.Opcode, h.Length, n, err)
	// Output: true text 5 2 <nil>
}

func ExampleHeader_Append() {
	h := frame.Header{Fin: true, Opcode: opcode.Text, Masked: true, Key: frame.Key{0x37, 0xfa, 0x21, 0x3d}, Length: 5}
	b := append(h.Append(nil), "Hello"...)
	frame.Mask(b[h.Len():], h.Key, 0)
	fmt.Printf("% x\n", b)
	// Output: 81 85 37 fa 21 3d 7f 9f 4d 51 58
}
