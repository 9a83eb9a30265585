package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// However long the program takes for a message, behind which Shutdown would have discarded the rest.
func TestWhatIsOnItsWayIsReceivedBehindCloseWrite(t *testing.T) {
	for name, server := range map[string]bool{"client": false, "server": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := net.Pipe()
				c := open(t, a, server)
				peer := wstest.NewPeer(t, b, !server)
				answered := make(chan struct{})
				go func() {
					defer close(answered)
					peer.WantClose(4000)
					for range 3 {
						peer.SendFrame(true, opcode.Text, "hello")
					}
					peer.SendClose(4001, "as you say")
				}()
				if err := c.CloseWrite(bg(t), 4000, "that was all"); err != nil {
					t.Fatal(err)
				}
				if err := c.WriteText(bg(t), "more"); err == nil {
					t.Error("a message was sent behind the close frame")
				}
				for range 3 {
					msg, err := c.Receive(bg(t))
					if err != nil {
						t.Fatal(err)
					}
					if text, err := msg.Text(); text != "hello" {
						t.Errorf("%q, %v", text, err)
					}
					time.Sleep(time.Minute)
				}
				var closed *stream.CloseError
				if _, err := c.Receive(bg(t)); !errors.As(err, &closed) || closed.Code != 4001 || closed.Reason != "as you say" {
					t.Errorf("the end is %v", err)
				}
				<-answered
				c.Close()
			})
		})
	}
}

func TestCloseWriteTwiceSendsOneFrame(t *testing.T) {
	c, peer := clientAndPeer(t)
	for _, code := range []closecode.Code{1000, 1001} {
		if err := c.CloseWrite(bg(t), code, ""); err != nil {
			t.Error(err)
		}
	}
	peer.WantClose(1000)
	peer.SendClose(1000, "")
	peer.Close()
	if _, err := c.Receive(bg(t)); stream.CloseCode(err) != 1000 {
		t.Errorf("the end is %v", err)
	}
}

func TestCloseWriteRefusesWhatNoCloseFrameMayHave(t *testing.T) {
	c, peer := clientAndPeer(t)
	for _, what := range []struct {
		code   closecode.Code
		reason string
	}{{1005, "x"}, {1006, ""}, {1000, strings.Repeat("x", 124)}, {1000, "\xff"}} {
		var wrong *stream.ArgumentError
		if err := c.CloseWrite(bg(t), what.code, what.reason); !errors.As(err, &wrong) || wrong.Func != "CloseWrite" {
			t.Errorf("%v %q: %v", what.code, what.reason, err)
		}
	}
	go c.WriteText(bg(t), "hello")
	peer.Want(true, opcode.Text, "hello")
}

// The peer takes nothing while there is a context, and all behind it.
func TestACloseFrameThatTheContextHasHeldBackIsSentLater(t *testing.T) {
	const code = 4000
	ways := map[string]func(*testing.T, *conn) error{
		"CloseWrite": func(t *testing.T, c *conn) error { return c.CloseWrite(bg(t), code, "") },
		"Shutdown":   func(t *testing.T, c *conn) error { return c.Shutdown(bg(t), code, "") },
		"WriteText and Shutdown": func(t *testing.T, c *conn) error {
			return errors.Join(c.WriteText(bg(t), "more"), c.Shutdown(bg(t), code, ""))
		},
	}
	for name, closeLater := range ways {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := net.Pipe()
				c := open(t, a, true)
				peer := wstest.NewPeer(t, b, false)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if err := c.CloseWrite(ctx, 1000, ""); !errors.Is(err, context.DeadlineExceeded) {
					t.Fatalf("CloseWrite: %v", err)
				}
				if !c.Writable() {
					t.Error("nothing was sent, and nothing can be any more")
				}
				answered := make(chan struct{})
				go func() {
					defer close(answered)
					if name == "WriteText and Shutdown" {
						peer.Want(true, opcode.Text, "more")
					}
					peer.WantClose(code)
					peer.SendClose(code, "")
				}()
				if err := closeLater(t, c); err != nil {
					t.Error(err)
				}
				if _, err := c.Receive(bg(t)); stream.CloseCode(err) != code {
					t.Errorf("the end is %v", err)
				}
				<-answered
			})
		})
	}
}

// A message is on the wire, behind which the close frame goes, and before that the pong.
func TestAPongIsNotLostWithACloseFrameThatTheContextHasHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		c := open(t, a, true)
		peer := wstest.NewPeer(t, b, false)
		go c.Receive(t.Context())
		w, err := c.NewWriter(bg(t), opcode.Binary, stream.SingleFrame(1))
		if err != nil {
			t.Fatal(err)
		}
		written := make(chan error, 1)
		go func() {
			_, err := w.Write([]byte("x"))
			written <- errors.Join(err, w.Close())
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		closed := make(chan error, 1)
		go func() { closed <- c.CloseWrite(ctx, 1000, "") }()
		synctest.Wait()
		peer.SendFrame(true, opcode.Ping, "are you there?")
		synctest.Wait()
		peer.Want(true, opcode.Binary, "x")
		if err := <-written; err != nil {
			t.Error(err)
		}
		if err := <-closed; !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("CloseWrite: %v", err)
		}
		peer.Want(true, opcode.Pong, "are you there?")
		c.Abort()
	})
}

// Before the close frame goes what was put off, behind which there is no room for all the pongs.
func TestPongsThatHaveNoRoomStayDueWhereTheContextHasHeldBackACloseFrame(t *testing.T) {
	const pings, pongs = 250, 20
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		c := open(t, a, true)
		peer := wstest.NewPeer(t, b, false)
		go c.Receive(t.Context())
		var g sync.WaitGroup
		g.Go(func() { c.WriteText(t.Context(), "first") })
		synctest.Wait()
		for range 2 { // for one of which the other waits: small frames are put off meanwhile
			g.Go(func() { c.WriteText(t.Context(), "text") })
		}
		synctest.Wait()
		for range pings {
			g.Go(func() { c.Ping(t.Context(), data[:125]) })
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		closed := make(chan error, 1)
		go func() { closed <- c.CloseWrite(ctx, 1000, "") }()
		synctest.Wait()
		for i := range pongs {
			peer.SendFrame(true, opcode.Ping, fmt.Sprintf("%0125d", i))
		}
		synctest.Wait()
		peer.Want(true, opcode.Text, "first")
		if err := <-closed; !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("CloseWrite: %v", err)
		}
		for next := 0; next < pongs; {
			f, _, err := peer.Receive()
			if err != nil {
				t.Fatalf("behind %d pongs: %v", next, err)
			}
			if f.Opcode != opcode.Pong {
				continue
			}
			if want := fmt.Sprintf("%0125d", next); f.Payload != want {
				t.Errorf("got the pong %q, want %q", f.Payload, want)
			}
			next++
		}
		go io.Copy(io.Discard, b)
		g.Wait()
		c.Abort()
	})
}

// Behind a message that has no end, nothing may follow but a close frame, also where one waited when the message was given up.
func TestNothingFollowsAMessageThatWasGivenUpBesideACloseFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		c := open(t, a, true)
		peer := wstest.NewPeer(t, b, false)
		w := newWriter(t, c, opcode.Text)
		sent := make(chan error, 1)
		go func() {
			_, err := io.WriteString(w, "part")
			sent <- errors.Join(err, w.Flush())
		}()
		peer.Want(false, opcode.Text, "part")
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		closed := make(chan error, 1)
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			closed <- c.CloseWrite(ctx, 1000, "")
		}()
		synctest.Wait()
		w.Abort()
		if err := <-closed; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("CloseWrite: %v", err)
		}
		if c.Writable() {
			t.Error("a message can be sent behind a part of another")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.WriteText(ctx, "next"); !errors.Is(err, net.ErrClosed) {
			t.Errorf("WriteText: %v", err)
		}
		go func() { sent <- c.CloseWrite(t.Context(), 1001, "") }()
		peer.WantClose(1001)
		if err := <-sent; err != nil {
			t.Errorf("CloseWrite again: %v", err)
		}
		c.Abort()
	})
}
