package stream_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/flate"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A squeezer compresses the messages of one direction.
type squeezer struct {
	t       testing.TB
	forgets bool // no context is taken over
	buf     bytes.Buffer
	w       *flate.Writer
}

// squeeze returns the payload of the next message.
func (s *squeezer) squeeze(text string) string {
	s.t.Helper()
	if s.w == nil || s.forgets {
		w, err := flate.NewWriter(&s.buf, 6)
		if err != nil {
			s.t.Fatal(err)
		}
		s.w = w
	}
	s.buf.Reset()
	io.WriteString(s.w, text)
	s.w.Flush()
	return strings.TrimSuffix(s.buf.String(), "\x00\x00\xff\xff")
}

// emptyForms are compressed messages without any payload.
var emptyForms = []struct {
	name  string
	parts int
	pings bool // between the fragments
}{
	{"one frame", 1, false}, {"two fragments", 2, false}, {"five fragments", 5, false}, {"with pings between its fragments", 3, true},
}

// emptyMessage returns the frames of a compressed message without payload.
func emptyMessage(p *wstest.Peer, op opcode.Opcode, parts int, pings bool) (wire []byte) {
	for i := range parts {
		h := frame.Header{Fin: i == parts-1, RSV1: i == 0, Opcode: op}
		if i > 0 {
			h.Opcode = opcode.Continuation
		}
		wire = append(wire, p.FrameOf(h, "")...)
		if pings && i < parts-1 {
			wire = append(wire, p.Frame(true, opcode.Pong, "between")...)
		}
	}
	return wire
}

// eachEmpty calls test for each form, opcode, role, way to receive, and with and without a context that is taken over.
func eachEmpty(t *testing.T, test func(t *testing.T, how receiver, server bool, d *stream.Deflate, empty func(*wstest.Peer) []byte)) {
	for _, form := range emptyForms {
		for _, op := range []opcode.Opcode{opcode.Text, opcode.Binary} {
			for _, how := range waysToReceive {
				if !how.takes(compression) || form.parts > 1 && !how.takes(fragments) || how.name == "NetConn" && op == opcode.Binary {
					continue
				}
				for _, server := range []bool{true, false} {
					for _, d := range []stream.Deflate{{}, {ServerNoContextTakeover: true, ClientNoContextTakeover: true}} {
						t.Run(fmt.Sprintf("%s, %v, %s, server %v, forgets %v", form.name, op, how.name, server, d.ServerNoContextTakeover), func(t *testing.T) {
							t.Parallel()
							test(t, how, server, &d, func(p *wstest.Peer) []byte { return emptyMessage(p, op, form.parts, form.pings) })
						})
					}
				}
			}
		}
	}
}

// Some peers send an empty message so: with RSV1, and without the octet that RFC 7692, section 7.2.3.6 has for it.
func TestACompressedMessageWithoutPayloadIsEmpty(t *testing.T) {
	eachEmpty(t, func(t *testing.T, how receiver, server bool, d *stream.Deflate, empty func(*wstest.Peer) []byte) {
		if how.name == "NetConn" {
			return
		}
		end, peer := how.openAt(t, server, d)
		s := squeezer{t: t, forgets: d.ServerNoContextTakeover}
		squeezed := func(text string) []byte {
			payload := s.squeeze(text)
			return peer.FrameOf(frame.Header{Fin: true, RSV1: true, Opcode: opcode.Text, Length: int64(len(payload))}, payload)
		}
		text := prose[:2000]
		for i, message := range []struct {
			text  string
			frame []byte
		}{
			{"", empty(peer)}, {text, squeezed(text)}, {"", empty(peer)}, {"", empty(peer)}, {text, squeezed(text)},
			{"plain", peer.Frame(true, opcode.Text, "plain")}, {"", empty(peer)}, {"", peer.Frame(true, opcode.Text, "")}, {text, squeezed(text)},
		} {
			peer.Send(message.frame)
			p, err := end.receive(bg(t))
			if err != nil || string(p) != message.text {
				t.Fatalf("message %d: got %d bytes, %v, want %d", i, len(p), err, len(message.text))
			}
			if p == nil && how.name != "Standard, Buffers" && how.name != "Standard, WriteTo" {
				t.Errorf("message %d is nil", i)
			}
			if end.reader == nil {
				continue
			}
			for _, again := range readings {
				if p, err := again.read(end.reader); len(p) > 0 || err != nil {
					t.Fatalf("message %d, then %s: %q, %v", i, again.name, p, err)
				}
			}
		}
		peer.Close()
	})
}

func TestACompressedMessageWithoutPayloadMayBeDiscarded(t *testing.T) {
	eachEmpty(t, func(t *testing.T, how receiver, server bool, d *stream.Deflate, empty func(*wstest.Peer) []byte) {
		if how.name != "Standard, Read" {
			return
		}
		a, b := wstest.TCP(t)
		c := openWith(t, a, stream.Handshake{Server: server, Deflate: d}, stream.Standard, nil)
		peer := wstest.NewPeer(t, b, !server)
		s := squeezer{t: t, forgets: d.ServerNoContextTakeover}
		text := prose[:2000]
		for i := range 3 {
			payload := s.squeeze(text)
			peer.Send(empty(peer), empty(peer), peer.FrameOf(frame.Header{Fin: true, RSV1: true, Opcode: opcode.Text, Length: int64(len(payload))}, payload))
			for range 2 {
				if _, err := c.Receive(bg(t)); err != nil {
					t.Fatalf("message %d: %v", i, err)
				}
			}
			r, err := c.Receive(bg(t))
			if err != nil {
				t.Fatalf("message %d: %v", i, err)
			}
			if got, err := r.Text(); got != text || err != nil {
				t.Fatalf("message %d: %d bytes, %v", i, len(got), err)
			}
		}
		peer.Close()
	})
}

func TestATunnelSkipsCompressedMessagesWithoutPayload(t *testing.T) {
	eachEmpty(t, func(t *testing.T, how receiver, server bool, d *stream.Deflate, empty func(*wstest.Peer) []byte) {
		if how.name != "NetConn" {
			return
		}
		a, b := wstest.TCP(t)
		c := openWith(t, a, stream.Handshake{Server: server, Deflate: d}, stream.Standard, nil)
		tunnel := netConn(t, c, opcode.Text)
		peer := wstest.NewPeer(t, b, !server)
		s := squeezer{t: t, forgets: d.ServerNoContextTakeover}
		text := prose[:2000]
		for range 3 {
			payload := s.squeeze(text)
			peer.Send(empty(peer), peer.FrameOf(frame.Header{Fin: true, RSV1: true, Opcode: opcode.Text, Length: int64(len(payload))}, payload), empty(peer))
		}
		peer.SendClose(1000, "")
		if p, err := io.ReadAll(tunnel); string(p) != strings.Repeat(text, 3) || err != nil {
			t.Errorf("got %d bytes of %d, %v", len(p), 3*len(text), err)
		}
		peer.Close()
	})
}
