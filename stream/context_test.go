package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
)

// brief returns a context that ends soon.
func brief(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

func ended(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestAReceiveWhoseContextEndsLeavesTheConnectionUsable(t *testing.T) {
	for _, tr := range wstest.Transports {
		t.Run(tr.Name, func(t *testing.T) {
			client, server := pair(t, tr)
			for range 3 {
				if _, err := server.Receive(brief(t)); !errors.Is(err, context.DeadlineExceeded) {
					t.Fatalf("Receive without a message: %v", err)
				}
			}
			go client.WriteText(bg(t), "hello")
			if got := receiveAll(t, server); got != "hello" {
				t.Errorf("got %q", got)
			}
			go server.WriteText(bg(t), "and back")
			if got := receiveAll(t, client); got != "and back" {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestAReceiveWhoseContextEndsLosesNothing(t *testing.T) {
	server, peer := serverAndPeer(t)
	// Every chop of ping, message and half-read message ends one Receive.
	wire := append(peer.Frame(true, opcode.Ping, "p"), peer.Frame(false, opcode.Text, strings.Repeat("x", 200))...)
	head := len(wire) - 200
	for i := range head - 1 {
		peer.Send(wire[i : i+1])
		if i%5 == 0 {
			if _, err := server.Receive(brief(t)); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("Receive at byte %d: %v", i, err)
			}
		}
	}
	peer.Send(wire[head-1 : head+100])
	if _, err := server.Receive(bg(t)); err != nil {
		t.Fatal(err)
	}
	peer.Want(true, opcode.Pong, "p")

	// The rest of that message is discarded, in two attempts.
	if _, err := server.Receive(brief(t)); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Receive while discarding: %v", err)
	}
	peer.Send(wire[head+100:])
	peer.SendFrame(true, opcode.Continuation, "y")
	peer.SendFrame(true, opcode.Binary, "next")
	if got := receiveAll(t, server); got != "next" {
		t.Errorf("got %q", got)
	}
}

func TestAnEndedContextTakesNoMessage(t *testing.T) {
	client, server := pair(t, wstest.Transports[0])
	if err := client.WriteText(bg(t), "one"); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Receive(ended(t)); !errors.Is(err, context.Canceled) {
		t.Fatalf("Receive: %v", err)
	}
	if got := receiveAll(t, server); got != "one" {
		t.Errorf("got %q", got)
	}
}

func TestTheContextOfReceiveDoesNotBoundTheMessage(t *testing.T) {
	server, peer := serverAndPeer(t)
	ctx, cancel := context.WithCancel(context.Background())
	peer.SendFrame(false, opcode.Text, "a")
	r, err := server.Receive(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	go func() {
		time.Sleep(5 * time.Millisecond)
		peer.SendFrame(true, opcode.Continuation, "b")
	}()
	if p, err := io.ReadAll(r); string(p) != "ab" || err != nil {
		t.Errorf("got %q, %v", p, err)
	}
}

func TestAWriteThatHasNotBegunMayBeCancelled(t *testing.T) {
	for _, tr := range wstest.Transports {
		t.Run(tr.Name, func(t *testing.T) {
			client, server := pair(t, tr)
			for _, c := range []*conn{client, server} {
				if err := c.WriteText(ended(t), "never"); !errors.Is(err, context.Canceled) {
					t.Errorf("WriteText: %v", err)
				}
				if err := c.WriteBinary(ended(t), nil); !errors.Is(err, context.Canceled) {
					t.Errorf("WriteBinary: %v", err)
				}
				if err := c.Ping(ended(t), nil); !errors.Is(err, context.Canceled) {
					t.Errorf("Ping: %v", err)
				}
				if _, err := c.NewWriter(ended(t), opcode.Text); !errors.Is(err, context.Canceled) {
					t.Errorf("NewWriter: %v", err)
				}
			}
			w, err := client.NewWriter(bg(t), opcode.Text)
			if err != nil {
				t.Fatal(err)
			}
			if err := client.WriteText(brief(t), "in between"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("WriteText behind a Writer: %v", err)
			}
			if _, err := client.NewWriter(brief(t), opcode.Text); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("NewWriter behind a Writer: %v", err)
			}
			go func() {
				io.WriteString(w, "whole")
				w.Close()
				client.WriteText(bg(t), "again")
			}()
			for _, want := range []string{"whole", "again"} {
				if got := receiveAll(t, server); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
		})
	}
}

func TestAWriteThatIsCutInsideAFrameEndsTheConnection(t *testing.T) {
	for _, tr := range wstest.Transports {
		for _, server := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, server %v", tr.Name, server), func(t *testing.T) {
				a, b := tr.Pair(t)
				t.Cleanup(func() { b.Close() })
				c := open(t, a, server)
				ctx, cancel := context.WithCancel(context.Background())
				go func() {
					defer cancel()
					io.ReadFull(b, make([]byte, 10)) // and nothing more
				}()
				err := c.WriteBinary(ctx, make([]byte, 16<<20))
				if !errors.Is(err, context.Canceled) || !errors.Is(err, net.ErrClosed) {
					t.Errorf("WriteBinary to a peer that does not read: %v", err)
				}
				if c.Connected() || c.Writable() {
					t.Error("the connection has not ended")
				}
				select {
				case <-c.Done():
				default:
					t.Error("Done is not closed")
				}
				if _, err := c.Receive(bg(t)); !errors.Is(err, context.Canceled) {
					t.Errorf("Receive: %v", err)
				}
			})
		}
	}
}

// A pipe takes nothing until the peer reads, so that a write can be cut before its first byte.
func TestAWriteThatIsCutBeforeItsFrameLeavesTheConnectionUsable(t *testing.T) {
	a, b := net.Pipe()
	client, server := open(t, a, false), open(t, b, true)
	for range 3 {
		if err := client.WriteText(brief(t), "never"); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("WriteText: %v", err)
		}
	}
	w, err := client.NewWriter(bg(t), opcode.Text)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "héllo")
	w.SetDeadline(time.Now().Add(5 * time.Millisecond))
	for range 3 {
		if err := w.Close(); err == nil {
			t.Fatal("Close succeeded")
		}
	}
	w.SetDeadline(time.Time{})
	closed := make(chan error, 1)
	go func() { closed <- w.Close() }()
	if got := receiveAll(t, server); got != "héllo" {
		t.Errorf("got %q", got)
	}
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
}

func TestTheDeadlineOfAReaderLeavesTheConnectionUsable(t *testing.T) {
	server, peer := serverAndPeer(t)
	peer.SendFrame(false, opcode.Binary, "a")
	r, err := server.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	var p [4]byte
	if n, err := r.Read(p[:]); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	r.SetDeadline(time.Now().Add(5 * time.Millisecond))
	for range 3 {
		if _, err := r.Read(p[:]); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("Read: %v", err)
		}
	}
	r.SetDeadline(time.Time{})
	waiting := make(chan error, 1)
	go func() {
		_, err := r.Read(p[:])
		waiting <- err
	}()
	time.Sleep(5 * time.Millisecond)
	r.SetDeadline(time.Now())
	if err := <-waiting; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("Read that waited: %v", err)
	}
	r.SetDeadline(time.Time{})
	peer.SendFrame(true, opcode.Continuation, "b")
	if p, err := io.ReadAll(r); string(p) != "b" || err != nil {
		t.Fatalf("got %q, %v", p, err)
	}
	peer.SendFrame(true, opcode.Text, "next")
	if got := receiveAll(t, server); got != "next" {
		t.Errorf("got %q", got)
	}
}
