package stream_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// echo sends every message back, as long as there are any.
func echo(t testing.TB, c *conn) error {
	for r, err := range c.All(bg(t)) {
		if err != nil {
			return err
		}
		w, err := c.NewWriter(bg(t), r.Opcode())
		if err != nil {
			return err
		}
		if _, err := io.Copy(w, r); err != nil {
			w.Abort()
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
	}
	return nil
}

// What a peer may send, and what must come back from an end that echoes, by section of RFC 6455. The same holds for
// both roles.
var legal = []struct {
	name string
	send func(p *wstest.Peer) []byte
	want []wstest.Frame
}{
	{"5.2 empty text", func(p *wstest.Peer) []byte { return p.Frame(true, opcode.Text, "") }, []wstest.Frame{sent(true, opcode.Text, "")}},
	{"5.2 lengths of 7 bits", func(p *wstest.Peer) []byte { return p.Frame(true, opcode.Binary, strings.Repeat("x", 125)) },
		[]wstest.Frame{sent(true, opcode.Binary, strings.Repeat("x", 125))}},
	{"5.2 lengths of 16 bits", func(p *wstest.Peer) []byte { return p.Frame(true, opcode.Binary, strings.Repeat("x", 126)) },
		[]wstest.Frame{sent(true, opcode.Binary, strings.Repeat("x", 126))}},
	{"5.2 lengths of 64 bits", func(p *wstest.Peer) []byte { return p.Frame(true, opcode.Binary, strings.Repeat("x", 65536)) },
		[]wstest.Frame{sent(true, opcode.Binary, strings.Repeat("x", 65536))}},
	{"5.4 fragments", func(p *wstest.Peer) []byte {
		return bytes.Join([][]byte{p.Frame(false, opcode.Text, "a"), p.Frame(false, opcode.Continuation, "b"), p.Frame(true, opcode.Continuation, "c")}, nil)
	}, []wstest.Frame{sent(true, opcode.Text, "abc")}},
	{"5.4 empty fragments", func(p *wstest.Peer) []byte {
		return bytes.Join([][]byte{p.Frame(false, opcode.Text, ""), p.Frame(false, opcode.Continuation, ""), p.Frame(true, opcode.Continuation, "")}, nil)
	}, []wstest.Frame{sent(true, opcode.Text, "")}},
	{"5.4 control frames between fragments", func(p *wstest.Peer) []byte {
		return bytes.Join([][]byte{p.Frame(false, opcode.Text, "a"), p.Frame(true, opcode.Pong, "?"), p.Frame(true, opcode.Continuation, "b")}, nil)
	}, []wstest.Frame{sent(true, opcode.Text, "ab")}},
	{"5.5.2 ping", func(p *wstest.Peer) []byte { return p.Frame(true, opcode.Ping, "") }, []wstest.Frame{sent(true, opcode.Pong, "")}},
	{"5.5.2 ping with 125 bytes", func(p *wstest.Peer) []byte { return p.Frame(true, opcode.Ping, strings.Repeat("p", 125)) },
		[]wstest.Frame{sent(true, opcode.Pong, strings.Repeat("p", 125))}},
	{"5.5.3 unsolicited pong", func(p *wstest.Peer) []byte {
		return append(p.Frame(true, opcode.Pong, "x"), p.Frame(true, opcode.Text, "y")...)
	}, []wstest.Frame{sent(true, opcode.Text, "y")}},
	{"5.6 a code point across fragments", func(p *wstest.Peer) []byte {
		return append(p.Frame(false, opcode.Text, "\xf0\x9f"), p.Frame(true, opcode.Continuation, "\x8c\x8d")...)
	}, []wstest.Frame{sent(true, opcode.Text, "🌍")}},
	{"5.6 binary that is not UTF-8", func(p *wstest.Peer) []byte { return p.Frame(true, opcode.Binary, "\xff") }, []wstest.Frame{sent(true, opcode.Binary, "\xff")}},
}

func sent(fin bool, op opcode.Opcode, payload string) wstest.Frame {
	return wstest.Frame{Fin: fin, Opcode: op, Payload: payload}
}

func TestWhatTheProtocolAllowsIsEchoed(t *testing.T) {
	for _, server := range []bool{true, false} {
		for _, tt := range legal {
			for _, chop := range []int{0, 1} {
				t.Run(fmt.Sprintf("%s, server %v, chop %d", tt.name, server, chop), func(t *testing.T) {
					c, peer := endAndPeer(t, server)
					done := make(chan error, 1)
					go func() { done <- echo(t, c) }()
					written := make(chan struct{})
					go func() {
						defer close(written)
						b := tt.send(peer)
						for chop > 0 && len(b) > 1 && len(b) < 1000 {
							peer.Send(b[:chop])
							b = b[chop:]
						}
						peer.Send(b)
					}()
					for _, want := range tt.want {
						peer.Want(want.Fin, want.Opcode, want.Payload)
					}
					<-written
					peer.SendClose(closecode.NormalClosure, "")
					peer.WantClose(closecode.NormalClosure)
					peer.WantEnd()
					if err := <-done; err != nil {
						t.Errorf("the echo ended with %v", err)
					}
				})
			}
		}
	}
}

func endAndPeer(t testing.TB, server bool, opts ...stream.Option) (*conn, *wstest.Peer) {
	if server {
		return serverAndPeer(t, opts...)
	}
	return clientAndPeer(t, opts...)
}

// What a peer must not send: the connection fails with a close code, and the receiver learns which rule was broken.
var illegal = []struct {
	name    string
	code    closecode.Code
	section string // of the frame.Error; empty: none
	send    func(p *wstest.Peer) []byte
}{
	{"5.1 masking the wrong way round", 1002, "RFC 6455, section 5.1", func(p *wstest.Peer) []byte {
		other := wstest.NewPeer(nil, nil, !p.Server)
		return other.Frame(true, opcode.Text, "x")
	}},
	{"5.2 RSV1", 1002, "RFC 6455, section 5.2", header(frame.Header{Fin: true, RSV1: true, Opcode: opcode.Text})},
	{"5.2 RSV2", 1002, "RFC 6455, section 5.2", header(frame.Header{Fin: true, RSV2: true, Opcode: opcode.Text})},
	{"5.2 RSV3", 1002, "RFC 6455, section 5.2", header(frame.Header{Fin: true, RSV3: true, Opcode: opcode.Ping})},
	{"5.2 opcode 3", 1002, "RFC 6455, section 5.2", header(frame.Header{Fin: true, Opcode: 3})},
	{"5.2 opcode 7", 1002, "RFC 6455, section 5.2", header(frame.Header{Fin: true, Opcode: 7})},
	{"5.2 opcode B", 1002, "RFC 6455, section 5.2", header(frame.Header{Fin: true, Opcode: 0xB})},
	{"5.2 opcode F", 1002, "RFC 6455, section 5.2", header(frame.Header{Fin: true, Opcode: 0xF})},
	{"5.2 16-bit length that is not minimal", 1002, "RFC 6455, section 5.2", func(p *wstest.Peer) []byte {
		return []byte{0x82, maskBit(p) | 126, 0, 125}
	}},
	{"5.2 64-bit length that is not minimal", 1002, "RFC 6455, section 5.2", func(p *wstest.Peer) []byte {
		return []byte{0x82, maskBit(p) | 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff}
	}},
	{"5.2 length with its highest bit set", 1002, "RFC 6455, section 5.2", func(p *wstest.Peer) []byte {
		return []byte{0x82, maskBit(p) | 127, 0x80, 0, 0, 0, 0, 0, 0, 0}
	}},
	{"5.4 continuation without a message", 1002, "RFC 6455, section 5.4", func(p *wstest.Peer) []byte { return p.Frame(true, opcode.Continuation, "x") }},
	{"5.4 continuation behind a whole message", 1002, "RFC 6455, section 5.4", func(p *wstest.Peer) []byte {
		return append(p.Frame(true, opcode.Binary, "x"), p.Frame(false, opcode.Continuation, "x")...)
	}},
	{"5.4 text within a message", 1002, "RFC 6455, section 5.4", func(p *wstest.Peer) []byte {
		return append(p.Frame(false, opcode.Binary, "x"), p.Frame(true, opcode.Text, "x")...)
	}},
	{"5.4 binary within a message", 1002, "RFC 6455, section 5.4", func(p *wstest.Peer) []byte {
		return append(p.Frame(false, opcode.Text, "x"), p.Frame(false, opcode.Binary, "x")...)
	}},
	{"5.5 fragmented ping", 1002, "RFC 6455, section 5.5", func(p *wstest.Peer) []byte { return p.Frame(false, opcode.Ping, "") }},
	{"5.5 fragmented close", 1002, "RFC 6455, section 5.5", func(p *wstest.Peer) []byte { return p.Frame(false, opcode.Close, "") }},
	{"5.5 ping with 126 bytes", 1002, "RFC 6455, section 5.5", func(p *wstest.Peer) []byte { return p.Frame(true, opcode.Ping, strings.Repeat("x", 126)) }},
	{"5.5 close with 126 bytes", 1002, "RFC 6455, section 5.5", func(p *wstest.Peer) []byte {
		return p.Frame(true, opcode.Close, wstest.ClosePayload(1000, strings.Repeat("x", 124)))
	}},
	{"5.5.1 close with one byte", 1002, "RFC 6455, section 5.5.1", func(p *wstest.Peer) []byte { return p.Frame(true, opcode.Close, "\x03") }},
	{"7.4 close code 999", 1002, "RFC 6455, section 7.4", closeFrame(999, "")},
	{"7.4 close code 1004", 1002, "RFC 6455, section 7.4", closeFrame(1004, "")},
	{"7.4 close code 1005", 1002, "RFC 6455, section 7.4", closeFrame(1005, "")},
	{"7.4 close code 1006", 1002, "RFC 6455, section 7.4", closeFrame(1006, "")},
	{"7.4 close code 1015", 1002, "RFC 6455, section 7.4", closeFrame(1015, "")},
	{"7.4 close code 1016", 1002, "RFC 6455, section 7.4", closeFrame(1016, "")},
	{"7.4 close code 2999", 1002, "RFC 6455, section 7.4", closeFrame(2999, "")},
	{"7.4 close code 5000", 1002, "RFC 6455, section 7.4", closeFrame(5000, "")},
	{"7.4 close code 65535", 1002, "RFC 6455, section 7.4", closeFrame(65535, "")},
	{"8.1 close reason", 1007, "RFC 6455, section 8.1", closeFrame(1000, "\xff")},
	{"8.1 a byte that is never UTF-8", 1007, "", func(p *wstest.Peer) []byte { return p.Frame(true, opcode.Text, "a\xff") }},
	{"8.1 overlong", 1007, "", func(p *wstest.Peer) []byte { return p.Frame(true, opcode.Text, "\xc0\xaf") }},
	{"8.1 surrogate", 1007, "", func(p *wstest.Peer) []byte { return p.Frame(true, opcode.Text, "\xed\xa0\x80") }},
	{"8.1 above U+10FFFF", 1007, "", func(p *wstest.Peer) []byte { return p.Frame(true, opcode.Text, "\xf4\x90\x80\x80") }},
	{"8.1 end within a code point", 1007, "", func(p *wstest.Peer) []byte { return p.Frame(true, opcode.Text, "\xc3") }},
	{"8.1 end within a code point, with an empty fragment", 1007, "", func(p *wstest.Peer) []byte {
		return append(p.Frame(false, opcode.Text, "\xc3"), p.Frame(true, opcode.Continuation, "")...)
	}},
	{"8.1 at once: the rest of the frame does not come", 1007, "", func(p *wstest.Peer) []byte {
		return p.FrameOf(frame.Header{Opcode: opcode.Text, Length: 1 << 20}, "ok \xed\xa0")
	}},
}

func header(h frame.Header) func(p *wstest.Peer) []byte {
	return func(p *wstest.Peer) []byte { return p.FrameOf(h, "") }
}

func closeFrame(code closecode.Code, reason string) func(p *wstest.Peer) []byte {
	return func(p *wstest.Peer) []byte { return p.Frame(true, opcode.Close, wstest.ClosePayload(code, reason)) }
}

func maskBit(p *wstest.Peer) byte {
	if p.Server {
		return 0
	}
	return 0x80
}

func TestWhatTheProtocolForbidsFailsTheConnection(t *testing.T) {
	for _, server := range []bool{true, false} {
		for _, tt := range illegal {
			t.Run(fmt.Sprintf("%s, server %v", tt.name, server), func(t *testing.T) {
				c, peer := endAndPeer(t, server)
				result := make(chan error, 1)
				go func() {
					_, err := drain(t, c)
					result <- err
				}()
				peer.Send(tt.send(peer))
				peer.WantClose(tt.code)
				peer.WantEnd() // our side is closed at once, so that the peer sees the end
				peer.Close()
				err := <-result
				var broken *stream.ProtocolError
				if !errors.As(err, &broken) || broken.Code != tt.code {
					t.Fatalf("the receiver got %v", err)
				}
				var rule *frame.Error
				if errors.As(err, &rule) != (tt.section != "") || rule != nil && rule.Section != tt.section {
					t.Errorf("the rule is %v, want %q", rule, tt.section)
				}
				if _, again := c.Receive(bg(t)); again != c.Err() || !errors.Is(again, broken) {
					t.Errorf("Receive again: %v", again)
				}
				if err := c.WriteText(bg(t), "x"); err == nil || errors.Is(err, io.EOF) {
					t.Errorf("WriteText: %v", err)
				}
			})
		}
	}
}

func TestTheMessageLimit(t *testing.T) {
	const limit = 1000
	tests := []struct {
		name  string
		sizes []int64 // of the fragments; the last one's header breaks the limit, unless ok
		ok    bool
	}{
		{"one frame", []int64{limit}, true},
		{"one frame, over", []int64{limit + 1}, false},
		{"fragments", []int64{limit - 1, 0, 1}, true},
		{"fragments, over", []int64{limit - 1, 0, 2}, false},
		{"as long as can be", []int64{1<<63 - 1}, false},
		{"an overflow of the sum", []int64{1, 1<<63 - 1}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server, peer := serverAndPeer(t, stream.MaxMessageSize(limit))
			type result struct {
				Messages int
				Limited  bool
			}
			got := make(chan result, 1)
			go func() {
				whole, err := drain(t, server)
				var limited *stream.LimitError
				got <- result{len(whole), errors.As(err, &limited) && limited.Limit == limit}
			}()
			for i, size := range tt.sizes {
				h := frame.Header{Fin: i == len(tt.sizes)-1, Opcode: opcode.Binary, Length: size}
				if i > 0 {
					h.Opcode = opcode.Continuation
				}
				payload := ""
				if size <= limit {
					payload = strings.Repeat("x", int(size))
				}
				peer.Send(peer.FrameOf(h, payload))
			}
			want := result{Limited: !tt.ok}
			if tt.ok {
				peer.SendClose(1000, "")
				peer.WantClose(1000)
				want.Messages = 1
			} else {
				peer.WantClose(closecode.MessageTooBig)
			}
			peer.Close()
			if diff := cmp.Diff(want, <-got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOnlyAClientChangesItsMasking(t *testing.T) {
	a, b := wstest.TCP(t)
	client, server := open(t, a, false), open(t, b, true)
	if err := client.SetMasking(frame.NoMask); err != nil {
		t.Fatal(err)
	}
	if err := server.SetMasking(frame.NoMask); err == nil {
		t.Error("a server's masking was changed")
	}
	result := make(chan error, 1)
	go func() {
		client.WriteText(bg(t), "x")
		_, err := client.Receive(bg(t))
		result <- err
	}()
	_, err := server.Receive(bg(t))
	var broken *stream.ProtocolError
	if !errors.As(err, &broken) {
		t.Errorf("an unmasked frame: %v", err)
	}
	var closed *stream.CloseError
	if err := <-result; !errors.As(err, &closed) || closed.Code != closecode.ProtocolError {
		t.Errorf("the client got %v", err)
	}
}
