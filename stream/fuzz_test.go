package stream_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// chops gives its bytes in chunks whose sizes a string of bytes says, and takes whatever is written.
type chops struct {
	io.Writer
	bytes, sizes []byte
}

func (c *chops) Read(p []byte) (int, error) {
	if len(c.bytes) == 0 {
		return 0, io.EOF
	}
	n := len(c.bytes)
	if len(c.sizes) > 0 {
		n = min(n, 1+int(c.sizes[0]))
		c.sizes = c.sizes[1:]
	}
	n = copy(p[:min(n, len(p))], c.bytes)
	c.bytes = c.bytes[n:]
	return n, nil
}

func (c *chops) Close() error { return nil }

// FuzzText compares the check of text in pieces with that of the whole.
func FuzzText(f *testing.F) {
	f.Add([]byte("héllo 🌍"), uint(3), uint(8))
	f.Add([]byte("\xed\xa0\x80"), uint(1), uint(1))
	f.Add([]byte("\xf4\x90\x80\x80"), uint(1), uint(1))
	f.Add([]byte("\xc3"), uint(0), uint(1))
	f.Fuzz(func(t *testing.T, text []byte, i, j uint) {
		around := bytes.Repeat([]byte("a"), int(i%64)) // so that some of it is as long as a vector
		for _, text := range [][]byte{text, slices.Concat(around, text, around), bytes.Repeat(text, 8)} {
			i := min(i, uint(len(text)))
			j := min(max(i, j), uint(len(text)))
			ok := stream.CheckText(text[:i], text[i:j], text[j:])
			if ok != utf8.Valid(text) {
				t.Fatalf("%q in pieces %d, %d: %v", text, i, j, ok)
			}
		}
	})
}

func TestTextFailsAtItsFirstImpossibleByte(t *testing.T) {
	for _, tt := range []struct {
		text string
		at   int // the first byte behind which no text can follow
	}{
		{"\x80", 0}, {"\xc0", 0}, {"\xc1", 0}, {"\xf5", 0}, {"\xff", 0},
		{"\xc3\x28", 1}, {"\xe0\x80\x80", 1}, {"\xe0\x9f", 1}, {"\xed\xa0\x80", 1}, {"\xf0\x8f", 1}, {"\xf4\x90", 1},
		{"\xe2\x82\x28", 2}, {"\xf0\x9f\x8c\x28", 3}, {"κόσμε\xf4\x90", 11},
	} {
		a, b := net.Pipe()
		server := open(t, b, true)
		peer := wstest.NewPeer(t, a, false)
		go func() {
			peer.Send(peer.FrameOf(frame.Header{Opcode: opcode.Text, Length: 1000}, tt.text[:tt.at]))
			p := []byte(tt.text[tt.at : tt.at+1])
			frame.Mask(p, wstest.Key, int64(tt.at))
			peer.Send(p)
			peer.WantClose(closecode.InvalidPayload)
			peer.Close()
		}()
		r, err := server.Receive(bg(t))
		if err != nil {
			t.Fatal(err)
		}
		p, err := io.ReadAll(r)
		var broken *stream.ProtocolError
		if !errors.As(err, &broken) || broken.Code != closecode.InvalidPayload || len(p) > tt.at {
			t.Errorf("%q: got %q, %v", tt.text, p, err)
		}
	}
}
