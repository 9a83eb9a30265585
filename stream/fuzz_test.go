package stream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
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

// FuzzConnection feeds a connection with arbitrary bytes in arbitrary chunks: it must end in an error that fits, and
// hand out nothing but what the frames hold.
func FuzzConnection(f *testing.F) {
	for _, server := range []bool{true, false} {
		p := wstest.NewPeer(nil, nil, !server)
		for _, tt := range legal {
			f.Add(server, tt.send(p), []byte{0, 0, 1, 5})
		}
		for _, tt := range illegal {
			f.Add(server, tt.send(p), []byte{3})
		}
		f.Add(server, bytes.Join([][]byte{
			p.Frame(false, opcode.Text, "ab"), p.Frame(true, opcode.Ping, "x"), p.Frame(true, opcode.Continuation, "c"),
			p.Frame(true, opcode.Close, wstest.ClosePayload(1000, "bye")),
		}, nil), []byte(nil))
	}
	f.Fuzz(func(t *testing.T, server bool, wire, sizes []byte) {
		c, err := stream.New(&chops{io.Discard, wire, sizes}, stream.Handshake{Server: server}, stream.Standard, stream.MaxMessageSize(1<<20))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		want, whole := reference(wire, server)
		for i := 0; ; i++ {
			r, err := c.Receive(context.Background())
			if err != nil {
				if i < len(want) {
					t.Fatalf("%d messages, then %v; want %d", i, err, len(want))
				}
				if errors.Is(err, io.EOF) != whole {
					t.Fatalf("the end is %v, want an orderly one: %v", err, whole)
				}
				return
			}
			p, err := io.ReadAll(r)
			if err != nil {
				if err == io.EOF || errors.Is(err, io.EOF) {
					t.Fatalf("message %d: %v", i, err)
				}
				continue
			}
			if i >= len(want) || string(p) != want[i] {
				t.Fatalf("message %d is %.40q, want one of %.200q", i, p, want)
			}
		}
	})
}

// reference reads whole messages in the plainest way, up to the first thing that is wrong. It tells whether the end is
// an orderly close frame, which in mid-message is the end of that message in error, and then an orderly one of the
// connection.
func reference(wire []byte, server bool) (messages []string, whole bool) {
	var message []byte
	var op opcode.Opcode
	open := false
	for {
		h, n, err := frame.Parse(wire)
		if err != nil || h.Check(frame.Rules{Server: server, Fragmented: open}) != nil || h.Length > int64(len(wire)-n) {
			return messages, false
		}
		payload := bytes.Clone(wire[n : n+int(h.Length)])
		frame.Mask(payload, h.Key, 0)
		wire = wire[n+int(h.Length):]
		switch h.Opcode {
		case opcode.Ping, opcode.Pong:
			continue
		case opcode.Close:
			code, _, err := frame.ParseClose(payload)
			return messages, err == nil && (code == closecode.NormalClosure || code == closecode.GoingAway || code == closecode.NoStatus)
		case opcode.Text, opcode.Binary:
			op, message = h.Opcode, nil
		}
		message = append(message, payload...)
		if len(message) > 1<<20 {
			return messages, false
		}
		if open = !h.Fin; open {
			continue
		}
		if op == opcode.Text && !utf8.Valid(message) {
			return messages, false
		}
		messages = append(messages, string(message))
	}
}

// FuzzText compares the check of text in pieces with that of the whole.
func FuzzText(f *testing.F) {
	f.Add([]byte("héllo 🌍"), uint(3), uint(8))
	f.Add([]byte("\xed\xa0\x80"), uint(1), uint(1))
	f.Add([]byte("\xf4\x90\x80\x80"), uint(1), uint(1))
	f.Add([]byte("\xc3"), uint(0), uint(1))
	f.Fuzz(func(t *testing.T, text []byte, i, j uint) {
		i = min(i, uint(len(text)))
		j = min(max(i, j), uint(len(text)))
		ok := stream.CheckText(text[:i], text[i:j], text[j:])
		if ok != utf8.Valid(text) {
			t.Fatalf("%q in pieces %d, %d: %v", text, i, j, ok)
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
