package stream_test

import (
	"bytes"
	"errors"
	"fmt"
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
	if err := closeBefore(c, w, func() { wantNoEnd(t, peer) }); err == nil {
		t.Error("Close says that the message is whole")
	}
}

// closeBefore closes w, and then the connection, while look looks at what comes of it. It returns the error of Close.
func closeBefore(c *conn, w *stream.Writer, look func()) error {
	closed := make(chan error, 1)
	go func() {
		closed <- w.Close()
		c.Abort()
	}()
	look()
	return <-closed
}

// A compressed piece is taken whole even where it could not be sent; what stands behind it was not.
func TestCloseSendsNoEndBehindAWriteStringThatTimedOut(t *testing.T) {
	c, peer := compressingServer(t)
	w := newWriter(t, c, opcode.Binary, stream.Compress(true))
	w.SetDeadline(time.Unix(1, 0))
	if n, err := w.WriteString(string(data[:600<<10])); n == 600<<10 || err == nil {
		t.Errorf("WriteString: %d, %v", n, err)
	}
	w.SetDeadline(time.Time{})
	if err := closeBefore(c, w, func() { wantNoEnd(t, peer) }); err == nil {
		t.Error("Close says that the message is whole")
	}
}

func compressingServer(t *testing.T) (*conn, *wstest.Peer) {
	t.Helper()
	a, b := wstest.TCP(t)
	return openDeflate(t, b, true, stream.Standard, stream.Deflate{}), wstest.NewPeer(t, a, false)
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
			peer := wstest.NewPeer(t, a, false)
			if err := closeBefore(c, w, func() { wantNoEnd(t, peer) }); !errors.Is(err, boom) {
				t.Errorf("Close: %v", err)
			}
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

// What the Writer has not taken of a loan is lost to it, also where it can be written to later.
func TestARelayedMessageThatWasNotTakenHasNoEnd(t *testing.T) {
	const size = 600 << 10
	for _, compress := range []bool{false, true} {
		t.Run(fmt.Sprint("compressed ", compress), func(t *testing.T) {
			in, source := serverAndPeer(t)
			out, target := compressingServer(t)
			go source.Write(source.Frame(true, opcode.Binary, string(data[:size]))) // not all of it is read
			r, err := in.Receive(bg(t))
			if err != nil {
				t.Fatal(err)
			}
			w := newWriter(t, out, opcode.Binary, stream.Compress(compress))
			w.SetDeadline(time.Unix(1, 0))
			if n, err := io.Copy(w, r); n == size || err == nil {
				t.Errorf("Copy: %d, %v", n, err)
			}
			w.SetDeadline(time.Time{})
			if err := closeBefore(out, w, func() { wantNoEnd(t, target) }); err == nil {
				t.Error("Close says that the message is whole")
			}
		})
	}
}
