package stream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

func TestEachCallOfASpoiledWriterSaysWhatWasWrong(t *testing.T) {
	c, peer := clientAndPeer(t)
	w := newWriter(t, c, opcode.Text)
	_, first := io.WriteString(w, "\xff")
	for name, call := range map[string]func() error{
		"Write":       func() error { _, err := w.Write([]byte("x")); return err },
		"WriteString": func() error { _, err := w.WriteString("x"); return err },
		"ReadFrom":    func() error { _, err := w.ReadFrom(strings.NewReader("x")); return err },
		"Flush":       w.Flush,
	} {
		if err := call(); err != first || err == nil {
			t.Errorf("%s: %v, want %v", name, err, first)
		}
	}
	w.Abort()
	if err := w.Flush(); err != stream.ErrStale {
		t.Errorf("Flush behind Abort: %v", err)
	}
	c.WriteText(bg(t), "next")
	peer.Want(true, opcode.Text, "next")
}

func TestAFrameThatWaitsForAnotherIsGivenUp(t *testing.T) {
	a, b := net.Pipe() // whose other end reads nothing but a byte
	defer b.Close()
	c := open(t, a, true, stream.IdleTimeout(0))
	first := make(chan error, 1)
	go func() { first <- c.WriteFrame(context.Background(), frameOf(false, opcode.Binary, "first")) }()
	if _, err := io.ReadFull(b, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := c.WriteFrame(brief(t), frameOf(true, opcode.Continuation, "second")); err != context.DeadlineExceeded {
		t.Errorf("with a context that ends: %v", err)
	}
	if !c.Connected() {
		t.Error("that has ended the connection")
	}
	waiting := make(chan error, 1)
	go func() { waiting <- c.WriteFrame(bg(t), frameOf(true, opcode.Continuation, "third")) }()
	c.Abort()
	for _, ended := range []chan error{first, waiting} {
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("with a connection that ends: %v", err)
		}
	}
}

// A shortWriter takes fewer bytes than it was given, and does not say why.
type shortWriter struct{ bytes.Buffer }

func (w *shortWriter) Write(p []byte) (int, error) { return w.Buffer.Write(p[:len(p)-1]) }

func TestACopyToWhatTakesLessIsNotWhole(t *testing.T) {
	c, peer := clientAndPeer(t)
	peer.SendFrame(true, opcode.Binary, "hello")
	r, err := c.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	var to shortWriter
	if n, err := io.Copy(&to, r); n != 4 || err != io.ErrShortWrite || to.String() != "hell" {
		t.Errorf("%d, %v: %q", n, err, &to)
	}
}

// One of them waits for bytes, and the others for their turn.
func TestAllReadsOfAMessageEndWithTheConnection(t *testing.T) {
	c, peer := clientAndPeer(t)
	peer.SendFrame(false, opcode.Binary, "hello")
	r, err := c.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(r, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	errs := make(chan error)
	for range 10 {
		go func() {
			_, err := r.Read(make([]byte, 1))
			errs <- err
		}()
	}
	c.Close()
	for range 10 {
		if err := <-errs; !errors.Is(err, io.ErrUnexpectedEOF) || !errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) {
			t.Errorf("Read: %v", err)
		}
	}
}

// Behind 256 KiB there is no room for the rest of a record of TLS.
func TestPartsThatFillTheBufferGoBeforeALargeOne(t *testing.T) {
	for _, server := range []bool{true, false} {
		for _, beside := range []int{-11, -10, -9, -1, 0, 1, 2} {
			near, far := wstest.TLS(t)
			c, other := open(t, near, server), open(t, far, !server)
			sizes := append(slices.Repeat([]int{8 << 10}, 31), 8<<10+min(beside, 0), max(beside, 0), 20_000)
			var bufs net.Buffers
			rest := data
			for _, n := range sizes {
				bufs, rest = append(bufs, rest[:n]), rest[n:]
			}
			want := data[:len(data)-len(rest)]
			sent := make(chan error, 1)
			go func() { sent <- c.WriteBuffers(bg(t), opcode.Binary, bufs) }()
			if got := receiveAll(t, other); got != string(want) {
				t.Errorf("server %v, %d bytes beside: %d bytes became %d, or others", server, beside, len(want), len(got))
			}
			if err := <-sent; err != nil {
				t.Error(err)
			}
		}
	}
}
