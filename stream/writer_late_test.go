package stream_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// wantLate checks that err is that of the deadline.
func wantLate(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%s behind the deadline: %v", what, err)
	}
}

// What a source has brought along with its end was taken, though the deadline lets nothing leave: Flush and Close send it later.
func TestWhatCouldNotLeaveGoesWithALaterFlushOrClose(t *testing.T) {
	const text = "eleven more" // one byte more than a fragment
	for name, flush := range map[string]bool{"Flush": true, "Close": false} {
		t.Run(name, func(t *testing.T) {
			c, peer := serverAndPeer(t)
			w := newWriter(t, c, opcode.Text, stream.FragmentSize(len(text)-1))
			w.SetDeadline(past)
			if n, err := w.ReadFrom(iotest.DataErrReader(strings.NewReader(text))); n != int64(len(text)) || err != nil {
				t.Fatalf("ReadFrom: %d, %v", n, err)
			}
			wantLate(t, "Flush", w.Flush())
			wantLate(t, "Close", w.Close())
			w.SetDeadline(time.Time{})
			if flush {
				if err := w.Flush(); err != nil {
					t.Error(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Error(err)
			}
			peer.Want(false, opcode.Text, "eleven mor")
			if flush {
				peer.Want(false, opcode.Continuation, "e")
				peer.Want(true, opcode.Continuation, "")
			} else {
				peer.Want(true, opcode.Continuation, "e")
			}
		})
	}
}

// A Write has taken what was compressed, though the deadline lets none of it leave.
func TestWhatWasCompressedGoesWithTheNextCall(t *testing.T) {
	a, b := wstest.TCP(t)
	c := openEnd(t, a, true, true)
	came := listen(t, wstest.NewPeer(t, b, false))
	p := make([]byte, 32<<10) // which do not get smaller
	rand.NewChaCha8([32]byte{}).Read(p)
	w := newWriter(t, c, opcode.Binary, stream.FragmentSize(1000))
	w.SetDeadline(past)
	taken := 0
	for { // as much as the deflater holds back
		n, err := w.Write(p)
		if err != nil {
			if n != 0 || taken < 2 {
				t.Errorf("a Write that fails has taken %d bytes, behind %d others", n, taken)
			}
			wantLate(t, "Write", err)
			break
		}
		if n != len(p) {
			t.Errorf("a Write has taken %d bytes", n)
		}
		taken++
	}
	w.SetDeadline(time.Time{})
	w.Write(p)
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	c.Close()
	if got := <-came; len(got.messages) != 1 || got.messages[0] != strings.Repeat(string(p), taken+1) {
		t.Errorf("the peer got %d messages, %v", len(got.messages), got.err)
	}
}

// What was gathered leaves before a file that is sent by the kernel, or ReadFrom has read none of that.
func TestAFileBehindWhatCouldNotLeaveGoesWithTheNextCall(t *testing.T) {
	t.Run("little", func(t *testing.T) { wantFileBehind(t, "before") })
	t.Run("more than a fragment", func(t *testing.T) { wantFileBehind(t, strings.Repeat("b", 64<<10+1)) })
}

// wantFileBehind sends a message that begins with before, which is gathered, and goes on with a file.
func wantFileBehind(t *testing.T, before string) {
	a, b := wstest.TCP(t)
	c := open(t, a, true)
	came := listen(t, wstest.NewPeer(t, b, false))
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p := bytes.Repeat([]byte("0123456789abcdef"), 20_000)
	if _, err := file.WriteAt(p, 0); err != nil {
		t.Fatal(err)
	}
	w := newWriter(t, c, opcode.Binary, stream.FragmentSize(64<<10))
	w.SetDeadline(past)
	if _, err := w.ReadFrom(iotest.DataErrReader(strings.NewReader(before))); err != nil {
		t.Fatal(err)
	}
	n, err := w.ReadFrom(file)
	if n != 0 {
		t.Errorf("ReadFrom has taken %d bytes", n)
	}
	wantLate(t, "ReadFrom", err)
	w.SetDeadline(time.Time{})
	if n, err := w.ReadFrom(file); n != int64(len(p)) || err != nil {
		t.Errorf("the next ReadFrom: %d, %v", n, err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	c.Close()
	if got := <-came; len(got.messages) != 1 || got.messages[0] != before+string(p) {
		t.Errorf("the peer got %d messages, %v", len(got.messages), got.err)
	}
}

// What a Reader lends is checked as what is written is.
func TestAWriterOfTextRefusesTheBytesOfAReader(t *testing.T) {
	c, peer := serverAndPeer(t)
	peer.SendFrame(true, opcode.Binary, strings.Repeat("\xff", 10_000))
	r, err := c.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(t, c, opcode.Text)
	var refused *stream.ArgumentError
	if _, err := io.Copy(w, r); !errors.As(err, &refused) {
		t.Errorf("Copy: %v", err)
	}
	if err := w.Close(); !errors.As(err, &refused) {
		t.Errorf("Close: %v", err)
	}
	if err := c.WriteText(bg(t), "goes on"); err != nil {
		t.Error(err)
	}
	peer.Want(true, opcode.Text, "goes on")
}

func TestAReaderIsNotWrittenToAWriterThatHasEnded(t *testing.T) {
	c, peer := serverAndPeer(t)
	peer.SendFrame(true, opcode.Binary, "message")
	r, err := c.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(t, c, opcode.Binary)
	w.Abort()
	if n, err := io.Copy(w, r); n != 0 || err != stream.ErrStale {
		t.Errorf("Copy: %d, %v", n, err)
	}
}
