package stream_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// notText are messages that turn out not to be UTF-8 in their last bytes.
var notText = map[string]func(t testing.TB, p *wstest.Peer, squeezed bool) [][]byte{
	"the last byte is none of UTF-8": func(t testing.TB, p *wstest.Peer, squeezed bool) [][]byte {
		return [][]byte{part(t, p, squeezed, true, opcode.Text, "abc\xff")}
	},
	"it ends within a rune": func(t testing.TB, p *wstest.Peer, squeezed bool) [][]byte {
		return [][]byte{part(t, p, squeezed, true, opcode.Text, "abc\xc3")}
	},
	"its last fragment ends within a rune": func(t testing.TB, p *wstest.Peer, squeezed bool) [][]byte {
		return [][]byte{part(t, p, squeezed, false, opcode.Text, "abc\xe2"), part(t, p, squeezed, true, opcode.Continuation, "\x82")}
	},
	"an empty fragment ends it within a rune": func(t testing.TB, p *wstest.Peer, squeezed bool) [][]byte {
		return [][]byte{part(t, p, squeezed, false, opcode.Text, "abc\xc3"), part(t, p, squeezed, true, opcode.Continuation, "")}
	},
	"its last fragment is none of UTF-8": func(t testing.TB, p *wstest.Peer, squeezed bool) [][]byte {
		return [][]byte{part(t, p, squeezed, false, opcode.Text, "abc"), part(t, p, squeezed, true, opcode.Continuation, "\xff")}
	},
}

func isNotText(err error) bool {
	var broken *stream.ProtocolError
	return errors.As(err, &broken) && broken.Code == closecode.InvalidPayload && !errors.Is(err, io.EOF)
}

// eachNotText calls test for each form, role, and with and without compression.
func eachNotText(t *testing.T, test func(t *testing.T, server bool, d *stream.Deflate, frames func(*wstest.Peer) [][]byte)) {
	for name, frames := range notText {
		for _, server := range []bool{true, false} {
			for _, d := range []*stream.Deflate{nil, {}} {
				t.Run(fmt.Sprintf("%s, server %v, compressed %v", name, server, d != nil), func(t *testing.T) {
					test(t, server, d, func(p *wstest.Peer) [][]byte { return frames(t, p, d != nil) })
				})
			}
		}
	}
}

func TestTextThatFailsInItsLastBytesIsNeverWhole(t *testing.T) {
	eachNotText(t, func(t *testing.T, server bool, d *stream.Deflate, frames func(*wstest.Peer) [][]byte) {
		for _, how := range waysToReceive {
			if how.name == "NetConn" || d != nil && !how.takes(compression) {
				continue
			}
			end, peer := how.openAt(t, server, d)
			messages := frames(peer)
			if len(messages) > 1 && !how.takes(fragments) {
				continue
			}
			peer.Send(messages...)
			_, first := end.receive(bg(t))
			if !isNotText(first) {
				t.Errorf("%s: %v", how.name, first)
			}
			if end.reader != nil {
				wantStillBroken(t, how.name, end.reader, first)
			}
			if _, err := end.receive(bg(t)); !isNotText(err) {
				t.Errorf("%s, then the next message: %v", how.name, err)
			}
			peer.Close()
			if end.reader != nil {
				wantStillBroken(t, how.name+", then the next message", end.reader, nil)
			}
		}
	})
}

// wantStillBroken checks that all ways to read r return first again, or, if that is nil, that r is stale.
func wantStillBroken(t testing.TB, before string, r *stream.Reader, first error) {
	t.Helper()
	for _, how := range readings {
		p, err := how.read(r)
		switch {
		case len(p) > 0:
			t.Errorf("%s, then %s: got %q", before, how.name, p)
		case first == nil && !errors.Is(err, stream.ErrStale) && !isNotText(err):
			t.Errorf("%s, then %s: %v", before, how.name, err)
		case first != nil && (err == nil || err.Error() != first.Error() || errors.Is(err, io.EOF)):
			t.Errorf("%s, then %s: %v, and before: %v", before, how.name, err, first)
		}
	}
}

// Read in pieces, the wrong bytes are alone in the last call that may fail.
func TestTextThatFailsInItsLastBytesIsNeverWholeInPieces(t *testing.T) {
	eachNotText(t, func(t *testing.T, server bool, d *stream.Deflate, frames func(*wstest.Peer) [][]byte) {
		a, b := wstest.TCP(t)
		c := openWith(t, a, stream.Handshake{Server: server, Deflate: d}, stream.Standard, nil)
		peer := wstest.NewPeer(t, b, !server)
		peer.Send(frames(peer)...)
		r, err := c.Receive(bg(t))
		if err != nil {
			t.Fatal(err)
		}
		var one [1]byte
		for range 10 {
			if _, err = r.Read(one[:]); err != nil {
				break
			}
		}
		if !isNotText(err) {
			t.Errorf("Read: %v", err)
		}
		for range 3 {
			if n, again := r.Read(one[:]); n != 0 || again == nil || again.Error() != err.Error() {
				t.Errorf("Read again: %d, %v, and before: %v", n, again, err)
			}
		}
		wantStillBroken(t, "Read", r, err)
	})
}

func TestADecodeFunctionThatDropsAnErrorGetsItAgain(t *testing.T) {
	eachNotText(t, func(t *testing.T, server bool, d *stream.Deflate, frames func(*wstest.Peer) [][]byte) {
		for _, first := range readings {
			for _, second := range readings {
				decode := stream.Decode(func(r *stream.Reader) (string, error) {
					part, _ := first.read(r)
					rest, err := second.read(r)
					return string(part) + string(rest), err
				})
				a, b := wstest.TCP(t)
				c := openWith(t, a, stream.Handshake{Server: server, Deflate: d}, decode, nil)
				peer := wstest.NewPeer(t, b, !server)
				peer.Send(frames(peer)...)
				if text, err := c.Receive(bg(t)); !isNotText(err) {
					t.Errorf("%s, then %s: got %q, %v", first.name, second.name, text, err)
				}
				peer.Close()
			}
		}
	})
}

func TestATunnelOfTextThatFailsInItsLastBytesHasNoEnd(t *testing.T) {
	eachNotText(t, func(t *testing.T, server bool, d *stream.Deflate, frames func(*wstest.Peer) [][]byte) {
		a, b := wstest.TCP(t)
		c := openWith(t, a, stream.Handshake{Server: server, Deflate: d}, stream.Standard, nil)
		tunnel := netConn(t, c, opcode.Text)
		peer := wstest.NewPeer(t, b, !server)
		peer.Send(frames(peer)...)
		p, err := io.ReadAll(tunnel)
		if !isNotText(err) {
			t.Errorf("got %q, %v", p, err)
		}
		peer.Close()
		for range 3 {
			if n, err := tunnel.Read(make([]byte, 10)); n != 0 || !isNotText(err) {
				t.Errorf("Read again: %d, %v", n, err)
			}
		}
	})
}
