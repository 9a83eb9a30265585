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

// A squeezedWire is what a peer that compresses sends, and what is to be found in it.
type squeezedWire struct {
	peer     *wstest.Peer
	flate    *flate.Writer // which keeps the context
	payload  bytes.Buffer
	bytes    []byte
	messages []squeezedMessage
}

// A squeezedMessage is a message, and where in the wire it stands.
type squeezedMessage struct {
	stream.Message
	begun, end int // behind its first header, and behind its last frame
}

func newSqueezedWire(t *testing.T, server bool) *squeezedWire {
	w := &squeezedWire{peer: wstest.NewPeer(nil, nil, server)}
	var err error
	if w.flate, err = flate.NewWriter(&w.payload, 6); err != nil {
		t.Fatal(err)
	}
	return w
}

// add adds a message that is compressed, in so many frames with what is between them.
func (w *squeezedWire) add(op opcode.Opcode, text string, frames int, between []byte) {
	w.payload.Reset()
	io.WriteString(w.flate, text)
	w.flate.Flush()
	w.message(true, op, text, strings.TrimSuffix(w.payload.String(), "\x00\x00\xff\xff"), frames, between)
}

func (w *squeezedWire) message(squeezed bool, op opcode.Opcode, text, payload string, frames int, between []byte) {
	m := squeezedMessage{Message: stream.Message{Opcode: op, Data: []byte(text)}}
	for i := range frames {
		part := payload[len(payload)*i/frames : len(payload)*(i+1)/frames]
		h := frame.Header{Fin: i == frames-1, RSV1: squeezed && i == 0, Opcode: op, Length: int64(len(part))}
		if i > 0 {
			h.Opcode = opcode.Continuation
			w.bytes = append(w.bytes, between...)
		}
		w.bytes = append(w.bytes, w.peer.FrameOf(h, part)...)
		if i == 0 {
			m.begun = len(w.bytes) - len(part)
		}
	}
	m.end = len(w.bytes)
	w.messages = append(w.messages, m)
}

// cut returns what is to be found in the first n bytes.
func (w *squeezedWire) cut(n int) reading {
	want := reading{end: ending{why: lost}}
	if n == len(w.bytes) {
		want.end = ending{closed, 1001, "bye"}
	}
	for _, m := range w.messages {
		if n >= m.end {
			want.messages = append(want.messages, m.Message)
			continue
		}
		want.part, want.open = m.Data, n >= m.begun
		break
	}
	return want
}

// It is the payload that ends a message, and not what inflates: even where all of the text has come out, its last bytes
// may be missing.
func TestACutOfWhatIsCompressedNeverLooksWholeInAnyMode(t *testing.T) {
	every := []int{1, 2, 3, 16, 32} // as in TestACutNeverLooksWholeInAnyMode
	for _, server := range []bool{true, false} {
		for _, r := range receivers {
			if r.kind == frameByFrame {
				continue // it has no compression
			}
			w := newSqueezedWire(t, !server)
			fragments := func(n int) int {
				if r.kind == singles {
					return 1
				}
				return n
			}
			ping := w.peer.Frame(true, opcode.Ping, "?")
			w.add(opcode.Text, prose[:130], 1, nil)
			w.add(opcode.Binary, prose[100:250], fragments(3), ping) // makes use of the one before
			w.message(false, opcode.Text, "plöin", "plöin", fragments(2), nil)
			w.add(opcode.Text, "", 1, nil)
			w.add(opcode.Text, prose[:130], fragments(2), nil)
			w.bytes = append(w.bytes, w.peer.Frame(true, opcode.Close, wstest.ClosePayload(1001, "bye"))...)
			t.Run(fmt.Sprintf("%s, server %v", r.name, server), func(t *testing.T) {
				for cut := range len(w.bytes) + 1 {
					d := delivery{server: server, limit: 1 << 20, wire: w.bytes[:cut], deflate: new(stream.Deflate)}
					want := w.cut(cut)
					for j, deliver := range append(transports, overTLS) {
						if (cut+j)%every[j] != 0 {
							continue
						}
						g, _ := deliver(t, d, func(rwc io.ReadWriteCloser) got { return r.run(t, rwc, d) })
						compare(t, r.kind, want, g)
						if want.open && g.within == nil {
							t.Error("no error within the message")
						}
					}
					if t.Failed() {
						t.Fatalf("cut at %d", cut)
					}
				}
			})
		}
	}
}
