package stream_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// wantNoEnd checks that the message that comes has no end.
func wantNoEnd(t *testing.T, peer *wstest.Peer) {
	t.Helper()
	for n := 0; ; {
		f, _, err := peer.Receive()
		if err != nil {
			return
		}
		if n += len(f.Payload); f.Fin && !f.Opcode.IsControl() {
			t.Errorf("%d bytes have come as a whole message", n)
			return
		}
	}
}

func TestCloseSendsNoEndBehindAReadFromThatTimedOut(t *testing.T) {
	c, peer := serverAndPeer(t)
	w := newWriter(t, c, opcode.Binary)
	w.SetDeadline(time.Unix(1, 0))
	if n, err := w.ReadFrom(struct{ io.Reader }{bytes.NewReader(data[:1<<20])}); n == 1<<20 || err == nil {
		t.Errorf("ReadFrom: %d, %v", n, err)
	}
	w.SetDeadline(time.Time{})
	go func() {
		if w.Close() == nil {
			t.Error("Close says that the message is whole")
		}
		c.Abort()
	}()
	wantNoEnd(t, peer)
}

// A failsWithBytes returns n bytes together with its error.
type failsWithBytes struct {
	n   int
	err error
}

func (f failsWithBytes) Read(p []byte) (int, error) { return copy(p, data[:f.n]), f.err }

func TestCloseSendsNoEndBehindASourceThatFailedBesideADeadline(t *testing.T) {
	const size = 200 << 10
	for _, tt := range []struct {
		name string
		hs   stream.Handshake
		opts []stream.WriterOption
	}{
		{"plain", stream.Handshake{Server: true}, []stream.WriterOption{stream.SingleFrame(size)}},
		{"compressed", stream.Handshake{Server: true, Deflate: &stream.Deflate{}}, []stream.WriterOption{stream.Compress(true), stream.FragmentSize(10)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := wstest.TCP(t)
			c, err := stream.New(b, tt.hs, stream.Standard)
			if err != nil {
				t.Fatal(err)
			}
			w := newWriter(t, c, opcode.Binary, tt.opts...)
			w.SetDeadline(time.Unix(1, 0))
			boom := errors.New("boom")
			w.ReadFrom(failsWithBytes{size, boom})
			w.SetDeadline(time.Time{})
			go func() {
				if err := w.Close(); !errors.Is(err, boom) {
					t.Errorf("Close: %v", err)
				}
				c.Abort()
			}()
			wantNoEnd(t, wstest.NewPeer(t, a, false))
		})
	}
}

// io.Copy has the Reader write, and so the Writer hears of no error that it could keep to.
func TestARelayedMessageThatWasCutHasNoEnd(t *testing.T) {
	in, source := serverAndPeer(t)
	out, target := serverAndPeer(t)
	source.Send(source.Frame(false, opcode.Binary, "half"))
	r, err := in.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	go source.Close()
	w := newWriter(t, out, opcode.Binary)
	if _, err := io.Copy(w, r); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("Copy: %v", err)
	}
	if err := w.Close(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("Close: %v", err)
	}
	out.Abort()
	wantNoEnd(t, target)
}
