package stream_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

func TestAStaleReaderSaysSo(t *testing.T) {
	tests := []struct {
		name string
		read func(r *stream.Reader) // of the first message, before the second
	}{
		{"unread", func(*stream.Reader) {}},
		{"read in part", func(r *stream.Reader) { r.Read(make([]byte, 2)) }},
		{"read to its end", func(r *stream.Reader) { io.ReadAll(r) }},
		{"closed", func(r *stream.Reader) { r.Close() }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server, peer := serverAndPeer(t)
			peer.SendFrame(false, opcode.Text, "fir")
			peer.SendFrame(true, opcode.Continuation, "st")
			peer.SendFrame(true, opcode.Text, "second")
			first, err := server.Receive(bg(t))
			if err != nil {
				t.Fatal(err)
			}
			tt.read(first)
			second, err := server.Receive(bg(t))
			if err != nil {
				t.Fatal(err)
			}
			wantStale := func() {
				t.Helper()
				var b strings.Builder
				if n, err := first.Read(make([]byte, 10)); n != 0 || !errors.Is(err, stream.ErrStale) {
					t.Errorf("Read: %d, %v", n, err)
				}
				if n, err := first.WriteTo(&b); n != 0 || !errors.Is(err, stream.ErrStale) {
					t.Errorf("WriteTo: %d, %v", n, err)
				}
				if err := first.SetDeadline(time.Now()); !errors.Is(err, stream.ErrStale) {
					t.Errorf("SetDeadline: %v", err)
				}
				if err := first.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			}
			wantStale()
			if p, err := io.ReadAll(second); string(p) != "second" || err != nil {
				t.Errorf("second message: %q, %v", p, err)
			}
			wantStale()
		})
	}
}

func TestAClosedReaderIsStaleAndItsMessageIsDiscarded(t *testing.T) {
	server, peer := serverAndPeer(t)
	peer.SendFrame(true, opcode.Text, "first")
	peer.SendFrame(true, opcode.Text, "second")
	r, err := server.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Read(make([]byte, 10)); !errors.Is(err, stream.ErrStale) {
		t.Errorf("Read: %v", err)
	}
	if got := receiveAll(t, server); got != "second" {
		t.Errorf("got %q", got)
	}
}

func TestWhatIsDiscardedIsNotChecked(t *testing.T) {
	server, peer := serverAndPeer(t)
	peer.SendFrame(false, opcode.Text, "caf\xc3")
	r, err := server.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(r, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	r.Close()
	peer.SendFrame(false, opcode.Continuation, "\xa9")
	peer.SendFrame(true, opcode.Continuation, "")
	peer.SendFrame(true, opcode.Text, "next")
	if got := receiveAll(t, server); got != "next" {
		t.Errorf("got %q", got)
	}
}

// A handler may close its message while another goroutine waits for the next one.
func TestCloseOfAReaderDoesNotWait(t *testing.T) {
	server, peer := serverAndPeer(t)
	peer.SendFrame(true, opcode.Text, "first")
	r, err := server.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	next := make(chan error, 1)
	go func() {
		_, err := server.Receive(bg(t))
		next <- err
	}()
	time.Sleep(5 * time.Millisecond)
	r.Close()
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, stream.ErrStale) {
		t.Errorf("Read: %v", err)
	}
	peer.SendFrame(true, opcode.Text, "second")
	if err := <-next; err != nil {
		t.Error(err)
	}
}

func TestTheEndOfAMessageIsStable(t *testing.T) {
	server, peer := serverAndPeer(t)
	peer.SendFrame(true, opcode.Text, "x")
	r, err := server.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	io.ReadAll(r)
	peer.Close()
	for range 3 {
		if n, err := r.Read(make([]byte, 10)); n != 0 || err != io.EOF {
			t.Errorf("Read: %d, %v", n, err)
		}
	}
}

func TestAStaleWriterSaysSo(t *testing.T) {
	client, server := pair(t, wstest.Transports[0])
	first, err := client.NewWriter(bg(t), opcode.Text)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(first, "first")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	wantStale := func() {
		t.Helper()
		if n, err := first.Write([]byte("x")); n != 0 || !errors.Is(err, stream.ErrStale) {
			t.Errorf("Write: %d, %v", n, err)
		}
		if n, err := first.ReadFrom(strings.NewReader("x")); n != 0 || !errors.Is(err, stream.ErrStale) {
			t.Errorf("ReadFrom: %d, %v", n, err)
		}
		if err := first.Flush(); !errors.Is(err, stream.ErrStale) {
			t.Errorf("Flush: %v", err)
		}
		if err := first.SetDeadline(time.Now()); !errors.Is(err, stream.ErrStale) {
			t.Errorf("SetDeadline: %v", err)
		}
		if err := first.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		first.Abort()
	}
	wantStale()
	second, err := client.NewWriter(bg(t), opcode.Text)
	if err != nil {
		t.Fatal(err)
	}
	wantStale()
	io.WriteString(second, "second")
	wantStale()
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"first", "second"} {
		if got := receiveAll(t, server); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// What WriteTo hands to its destination is a part of the read buffer. Whoever receives meanwhile must not read over it.
func TestWhatIsBeingWrittenStaysAsItIs(t *testing.T) {
	for _, tr := range wstest.Transports {
		t.Run(tr.Name, func(t *testing.T) {
			client, server := pair(t, tr)
			messages := []string{strings.Repeat("first", 100<<10), strings.Repeat("second", 50<<10), "third", strings.Repeat("fourth", 50<<10)}
			sent := make(chan error, 1)
			go func() {
				var err error
				for _, m := range messages {
					if err == nil {
						err = client.WriteText(bg(t), m)
					}
				}
				sent <- err
			}()
			r, err := server.Receive(bg(t))
			if err != nil {
				t.Fatal(err)
			}
			var pieces []byte
			n, err := r.WriteTo(writerFunc(func(p []byte) (int, error) {
				pieces = append(pieces, p...)
				if len(pieces) < len(messages[0])/2 {
					return len(p), nil
				}
				for _, want := range messages[1:] {
					var got strings.Builder
					r, err := server.Receive(bg(t))
					if err == nil {
						_, err = r.WriteTo(&got)
					}
					if err != nil || got.String() != want {
						t.Errorf("a later message: %d bytes of %d, %v", got.Len(), len(want), err)
					}
				}
				if string(p) != string(pieces[len(pieces)-len(p):]) {
					t.Error("what is being written has changed")
				}
				return len(p), nil
			}))
			if n != int64(len(pieces)) || !errors.Is(err, stream.ErrStale) || !strings.HasPrefix(messages[0], string(pieces)) {
				t.Errorf("WriteTo: %d bytes, %v", n, err)
			}
			if err := <-sent; err != nil {
				t.Error(err)
			}
		})
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// Two messages that stand in one read buffer are lent out of it at the same time.
func TestWhatIsBeingWrittenStaysAsItIsInASharedBuffer(t *testing.T) {
	c, peer := serverAndPeer(t)
	peer.Send(peer.Frame(true, opcode.Binary, strings.Repeat("a", 100)), peer.Frame(true, opcode.Binary, "second"))
	r, err := c.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	r.WriteTo(writerFunc(func(p []byte) (int, error) {
		before := bytes.Clone(p)
		second, err := c.Receive(bg(t))
		if err == nil {
			_, err = io.Copy(io.Discard, second)
		}
		if err != nil {
			t.Fatal(err)
		}
		go peer.SendFrame(true, opcode.Binary, strings.Repeat("z", 10000))
		if third, err := c.Receive(bg(t)); err != nil {
			t.Error(err)
		} else if _, err := third.Bytes(); err != nil {
			t.Error(err)
		}
		if !bytes.Equal(p, before) {
			t.Errorf("what is being written has become %.20q, and was %.20q", p, before)
		}
		return len(p), nil
	}))
}
