package stream_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// What a Reader has checked of text need not be checked by the Writer that it is copied to: but for where the two do not
// stand at the same place of a code point.
func TestTextThatIsCopiedIsTextForItsWriter(t *testing.T) {
	for _, tt := range []struct {
		name    string
		op      opcode.Opcode // of what is received
		begun   string        // what the Writer has got before
		message string        // what is received
		read    int           // bytes of it that go elsewhere
		behind  string        // what the Writer gets then
		want    string        // "": it refuses
	}{
		{"a message", opcode.Text, "", "naïve 🙂", 0, "", "naïve 🙂"},
		{"between others", opcode.Text, "é", "ü", 0, "ö", "éüö"},
		{"behind half a code point", opcode.Text, "\xc3", "plain", 0, "", ""},
		{"behind half a code point, which another begins", opcode.Text, "\xc3", "é", 0, "", ""},
		{"the other half", opcode.Text, "\xc3", "é", 1, "", "é"},
		{"another half that fits", opcode.Text, "\xc4", "é", 1, "", "ĩ"},
		{"the rest of a longer code point", opcode.Text, "\xe4\xbd", "🙂", 2, "", ""},
		{"the rest of a code point without its beginning", opcode.Text, "", "é", 1, "", ""},
		{"half a code point behind", opcode.Text, "", "é", 0, "\xc3", ""},
		{"binary that is text", opcode.Binary, "", "é", 0, "", "é"},
		{"binary that is none", opcode.Binary, "", "caf\xc3", 0, "", ""},
		{"binary that begins with the rest of a code point", opcode.Binary, "\xc3", "\xa9", 0, "", "é"},
	} {
		for _, zip := range []bool{false, true} {
			server, peer := deflatePeer(t)
			if zip {
				sendCompressed(peer, true, tt.op, compressed(t, tt.message))
			} else {
				peer.SendFrame(true, tt.op, tt.message)
			}
			r, err := server.Receive(bg(t))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(r, make([]byte, tt.read)); err != nil {
				t.Fatal(err)
			}
			wantCopy(t, tt.name, r, tt.begun, tt.behind, tt.want)
		}
	}
}

// wantCopy copies r to a Writer of another connection, between begun and behind, and checks that want arrives; "": that
// the Writer refuses it.
func wantCopy(t testing.TB, name string, r *stream.Reader, begun, behind, want string) {
	t.Helper()
	to, far := clientAndPeer(t)
	w := newWriter(t, to, opcode.Text)
	io.WriteString(w, begun)
	_, err := io.Copy(w, r)
	if err == nil {
		_, err = io.WriteString(w, behind)
	}
	err = errors.Join(err, w.Close())
	var impossible *stream.ArgumentError
	switch {
	case want != "" && err != nil, want == "" && !errors.As(err, &impossible):
		t.Errorf("%s: %v", name, err)
	case want != "":
		far.Want(true, opcode.Text, want)
	}
}

// The pieces of a large message end within code points.
func TestTextIsCopiedInAnyPieces(t *testing.T) {
	const text = "x🙂é你"
	for _, size := range []int{1, 2, 3, 5, 4095, 30_001, 300_001} {
		server, peer := serverAndPeer(t)
		to, far := clientAndPeer(t)
		whole := strings.Repeat(text, min(600_000, 600*size)/len(text))
		go func() {
			rest, op := whole, opcode.Text
			for len(rest) > size {
				peer.SendFrame(false, op, rest[:size])
				rest, op = rest[size:], opcode.Continuation
			}
			peer.SendFrame(true, op, rest)
		}()
		r, err := server.Receive(bg(t))
		if err != nil {
			t.Fatal(err)
		}
		copied := make(chan error, 1)
		go func() {
			w, err := to.NewWriter(bg(t), opcode.Text)
			if err == nil {
				_, err = io.Copy(w, r)
				err = errors.Join(err, w.Close())
			}
			copied <- err
		}()
		got := receiveFrames(t, far)
		if err := <-copied; err != nil || got != whole {
			t.Errorf("in frames of %d bytes: %d of %d bytes, %v", size, len(got), len(whole), err)
		}
	}
}

// receiveFrames returns the message that comes in frames.
func receiveFrames(t testing.TB, peer *wstest.Peer) string {
	t.Helper()
	var all strings.Builder
	for {
		f, _, err := peer.Receive()
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(f.Payload)
		if f.Fin {
			return all.String()
		}
	}
}
