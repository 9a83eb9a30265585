package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// takeAll has in take all of wire, byte by byte, to its end.
func (in *incoming) takeAll(wire []byte) error {
	in.buf = make([]byte, 64)
	for r := iotest.OneByteReader(bytes.NewReader(wire)); ; {
		if err := in.fill(r); err != nil {
			return err
		}
	}
}

func TestWhatComesIsChecked(t *testing.T) {
	c := content{noise(300, 0), 300}
	other := bytes.Clone(c.period)
	other[120]++
	for _, test := range []struct {
		name string
		wire []byte
		want string
		n    int
	}{
		{"whole", encode(fin|opBinary, false, c.period), "unexpected EOF", 1},
		{"masked", encode(fin|opBinary, true, c.period), "unexpected EOF", 1},
		{"fragments", append(encode(opBinary, false, c.period[:7]), encode(fin, false, c.period[7:])...), "unexpected EOF", 1},
		{"an empty last fragment", append(encode(opBinary, false, c.period), encode(fin, false, nil)...), "unexpected EOF", 1},
		{"unfinished", encode(opBinary, false, c.period), "unexpected EOF", 0},
		{"short", encode(fin|opBinary, false, c.period[:299]), "299 bytes instead of 300", 0},
		{"long", encode(fin|opBinary, false, append(c.period, 0)), "more than its 300 bytes", 0},
		{"changed", encode(fin|opBinary, false, other), "is not what was sent", 0},
		{"text", encode(fin|opText, false, c.period), "opcode 1", 0},
		{"closed", encode(fin|opClose, false, nil), "opcode 8", 0},
		{"closed within", append(encode(opBinary, false, c.period), encode(fin|opClose, false, nil)...), "opcode 8", 0},
		{"another within", append(encode(opBinary, false, c.period), encode(fin|opBinary, false, nil)...), "opcode 2", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := incoming{want: func(int) content { return c }, op: opBinary}
			err := in.takeAll(test.wire)
			if err == nil || !strings.Contains(err.Error(), test.want) || in.messages != test.n {
				t.Errorf("%d messages and the error %v", in.messages, err)
			}
		})
	}
}

func TestAStreamIsCheckedWhateverItsMessages(t *testing.T) {
	all := []content{{noise(300, 0), 300}, {noise(300, 1), 300}}
	stream := slices.Concat(all[0].period, all[1].period)
	for _, test := range []struct {
		name string
		wire []byte
		want string
		n    int
	}{
		{"as sent", slices.Concat(encode(fin|opBinary, false, stream[:300]), encode(fin|opBinary, false, stream[300:])), "unexpected EOF", 2},
		{"in one", encode(fin|opBinary, false, stream), "unexpected EOF", 2},
		{"in others", slices.Concat(encode(fin|opBinary, false, stream[:7]), encode(fin|opBinary, false, stream[7:])), "unexpected EOF", 2},
		{"short", encode(fin|opBinary, false, stream[:599]), "unexpected EOF", 1},
		{"changed", encode(fin|opBinary, false, append(stream[:599:599], stream[599]+1)), "is not what was sent", 1},
		{"text", encode(fin|opText, false, stream), "opcode 1", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := incoming{want: func(i int) content { return all[i%2] }, op: opBinary, stream: true}
			err := in.takeAll(test.wire)
			if err == nil || !strings.Contains(err.Error(), test.want) || in.messages != test.n {
				t.Errorf("%d messages and the error %v", in.messages, err)
			}
		})
	}
}

func TestMaskingTwiceChangesNothing(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 9, 2*xorBlock - 1, 2 * xorBlock, 5*xorBlock + 3} {
		for pos := range int64(5) {
			p, key := noise(n, 1), [4]byte{1, 2, 3, 4}
			masked := make([]byte, n)
			xor(masked, p, key, pos)
			for i := range masked {
				if want := p[i] ^ key[(pos+int64(i))%4]; masked[i] != want {
					t.Fatalf("byte %d of %d at %d is %x instead of %x", i, n, pos, masked[i], want)
				}
			}
			if xor(masked, masked, key, pos); !bytes.Equal(masked, p) {
				t.Errorf("%d bytes at %d came out changed", n, pos)
			}
		}
	}
}
