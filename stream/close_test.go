package stream_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

func TestCloseUnblocksEverybody(t *testing.T) {
	for _, tr := range wstest.Transports {
		for _, how := range []struct {
			name string
			end  func(*conn) error
		}{
			{"Close", (*conn).Close},
			{"Abort", (*conn).Abort},
		} {
			t.Run(how.name+" "+tr.Name, func(t *testing.T) {
				c, _ := pair(t, tr)
				blocked, large := make(chan error), make([]byte, 64<<20)
				calls := []func() error{
					func() error { _, err := c.Receive(context.Background()); return err },
					func() error { _, err := c.Receive(context.Background()); return err },
					func() error { return c.WriteBinary(context.Background(), large) },
					func() error { return c.WriteText(context.Background(), "behind it") },
					func() error { _, err := c.NewWriter(context.Background(), opcode.Text); return err },
				}
				for _, call := range calls {
					go func() { blocked <- call() }()
					time.Sleep(20 * time.Millisecond) // the large write is to be the first
				}
				began := time.Now()
				for range 2 {
					if err := how.end(c); err != nil {
						t.Errorf("%s: %v", how.name, err)
					}
				}
				if took := time.Since(began); took > 2*time.Second {
					t.Errorf("%s waited for %v", how.name, took)
				}
				for range calls {
					if err := <-blocked; !errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) {
						t.Errorf("a call that was blocked: %v", err)
					}
				}
				if c.Connected() || c.Writable() || !c.Ended() || !c.Finished() {
					t.Error("the properties say otherwise")
				}
				if err := c.Err(); !errors.Is(err, net.ErrClosed) {
					t.Errorf("Err: %v", err)
				}
			})
		}
	}
}

func TestCloseCutsAReaderShort(t *testing.T) {
	server, peer := serverAndPeer(t)
	peer.SendFrame(false, opcode.Text, "half")
	r, err := server.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(10*time.Millisecond, func() { server.Close() })
	if p, err := io.ReadAll(r); string(p) != "half" || !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %q, %v", p, err)
	}
	peer.WantClose(closecode.NormalClosure)
	peer.WantEnd()
}

// RFC 6455, section 7.1: the closing handshake, begun by either end or both.
func TestShutdown(t *testing.T) {
	for _, tr := range wstest.Transports {
		t.Run("answered by a receiver "+tr.Name, func(t *testing.T) {
			client, server := pair(t, tr)
			got := make(chan error, 1)
			go func() {
				_, err := server.Receive(bg(t))
				got <- err
			}()
			if err := client.Shutdown(bg(t), 4001, "because"); err != nil {
				t.Errorf("Shutdown: %v", err)
			}
			var closed *stream.CloseError
			if err := <-got; !errors.As(err, &closed) || closed.Code != 4001 || closed.Reason != "because" || errors.Is(err, io.EOF) {
				t.Errorf("the peer got %v", err)
			}
			// After the fact it says the same again.
			if err := client.Shutdown(bg(t), 4002, ""); err != nil {
				t.Errorf("Shutdown again: %v", err)
			}
			if err := server.Shutdown(bg(t), 4002, ""); err != nil {
				t.Errorf("Shutdown by the peer: %v", err)
			}
			_, err := client.Receive(bg(t))
			if !errors.Is(err, net.ErrClosed) || !errors.As(err, &closed) || closed.Code != 4001 {
				t.Errorf("Receive: %v", err)
			}
		})
		t.Run("from both ends "+tr.Name, func(t *testing.T) {
			client, server := pair(t, tr)
			got := make(chan error, 1)
			go func() { got <- server.Shutdown(bg(t), closecode.GoingAway, "") }()
			if err := client.Shutdown(bg(t), closecode.NormalClosure, ""); err != nil {
				t.Errorf("Shutdown: %v", err)
			}
			if err := <-got; err != nil {
				t.Errorf("the other: %v", err)
			}
		})
	}
}

func TestShutdownGoesThroughAReceiver(t *testing.T) {
	client, peer := clientAndPeer(t)
	all := make(chan string, 1)
	go func() {
		var b strings.Builder
		for r, err := range client.All(bg(t)) {
			if err != nil {
				b.WriteString(err.Error())
				break
			}
			io.Copy(&b, r)
		}
		all <- b.String()
	}()
	time.Sleep(10 * time.Millisecond)
	done := make(chan error, 1)
	go func() { done <- client.Shutdown(bg(t), closecode.GoingAway, "bye") }()
	if reason := peer.WantClose(closecode.GoingAway); reason != "bye" {
		t.Errorf("reason %q", reason)
	}
	if client.Writable() || client.Ended() || !client.Connected() {
		t.Error("the properties say otherwise")
	}
	if err := client.WriteText(bg(t), "too late"); !errors.Is(err, net.ErrClosed) {
		t.Errorf("WriteText: %v", err)
	}
	peer.SendFrame(true, opcode.Text, "last words")
	peer.SendClose(closecode.GoingAway, "")
	if err := <-done; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if got := <-all; got != "last words" {
		t.Errorf("received %q", got)
	}
}

func TestShutdownDiscardsWhatNobodyReads(t *testing.T) {
	server, peer := serverAndPeer(t)
	peer.SendFrame(false, opcode.Binary, "half")
	r, err := server.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		peer.SendFrame(true, opcode.Continuation, strings.Repeat("x", 1<<20))
		peer.SendFrame(true, opcode.Text, "another")
		peer.WantClose(closecode.NormalClosure)
		peer.SendClose(closecode.NormalClosure, "")
	}()
	if err := server.Shutdown(bg(t), closecode.NormalClosure, ""); err != nil {
		t.Fatal(err)
	}
	// The message went by unread: that must not look like its end.
	if p, err := io.ReadAll(r); len(p) > 0 || !errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) {
		t.Errorf("Read: %q, %v", p, err)
	}
}

func TestShutdownIsBounded(t *testing.T) {
	for _, tr := range wstest.Transports {
		t.Run("by its context "+tr.Name, func(t *testing.T) {
			a, b := tr.Pair(t)
			go io.Copy(io.Discard, b)
			c := open(t, a, false)
			if err := c.Shutdown(brief(t), closecode.NormalClosure, ""); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, net.ErrClosed) {
				t.Errorf("Shutdown: %v", err)
			}
			if c.Connected() {
				t.Error("the connection goes on")
			}
			b.Close()
		})
	}
	t.Run("by the option", func(t *testing.T) {
		c, _ := serverAndPeer(t, stream.CloseTimeout(10*time.Millisecond))
		if err := c.Shutdown(context.Background(), closecode.NormalClosure, ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v", err)
		}
	})
	t.Run("the peer hangs up", func(t *testing.T) {
		c, peer := serverAndPeer(t)
		go func() {
			peer.WantClose(closecode.NormalClosure)
			peer.Close()
		}()
		if err := c.Shutdown(bg(t), closecode.NormalClosure, ""); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("Shutdown: %v", err)
		}
	})
}

func TestShutdownWithABadArgumentSendsNothing(t *testing.T) {
	client, server := pair(t, wstest.Transports[0])
	for _, bad := range []struct {
		code   closecode.Code
		reason string
	}{{closecode.Abnormal, ""}, {0, ""}, {1000, strings.Repeat("x", 124)}, {1000, "\xff"}, {closecode.NoStatus, "x"}} {
		var argument *stream.ArgumentError
		if err := client.Shutdown(bg(t), bad.code, bad.reason); !errors.As(err, &argument) {
			t.Errorf("%d, %q: %v", bad.code, bad.reason, err)
		}
	}
	go client.WriteText(bg(t), "still here")
	if got := receiveAll(t, server); got != "still here" {
		t.Errorf("got %q", got)
	}
}

// RFC 6455, section 5.5.1: a close frame is answered with its code.
func TestACloseFrameIsAnswered(t *testing.T) {
	tests := []struct {
		code    closecode.Code // 0: an empty payload
		reason  string
		want    closecode.Code
		orderly bool
	}{
		{0, "", closecode.NoStatus, true},
		{1000, "", 1000, true},
		{1001, "off I go", 1001, true},
		{1011, "", 1011, false},
		{3000, "", 3000, false},
		{4999, strings.Repeat("r", 123), 4999, false},
	}
	for _, server := range []bool{true, false} {
		for _, tt := range tests {
			c, peer := endAndPeer(t, server)
			peer.SendClose(tt.code, tt.reason)
			_, err := c.Receive(bg(t))
			var closed *stream.CloseError
			if !errors.As(err, &closed) || closed.Code != tt.want || closed.Reason != tt.reason || errors.Is(err, io.EOF) != tt.orderly {
				t.Errorf("%d: %v", tt.code, err)
			}
			if reason := peer.WantClose(tt.code); reason != "" {
				t.Errorf("%d: answered with the reason %q", tt.code, reason)
			}
			peer.WantEnd()
			if err := c.WriteText(bg(t), "x"); !errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) || !errors.As(err, &closed) {
				t.Errorf("%d: WriteText: %v", tt.code, err)
			}
			if c.Err() != err {
				t.Errorf("%d: Err is %v", tt.code, c.Err())
			}
			if err := c.Close(); err != nil || !errors.Is(c.Err(), closed) {
				t.Errorf("%d: Close: %v, then Err: %v", tt.code, err, c.Err())
			}
		}
	}
}

func TestAllEndsSilentlyOnlyInOrder(t *testing.T) {
	for _, tt := range []struct {
		end    func(*wstest.Peer)
		silent bool
	}{
		{func(p *wstest.Peer) { p.SendClose(0, "") }, true},
		{func(p *wstest.Peer) { p.SendClose(1000, "") }, true},
		{func(p *wstest.Peer) { p.SendClose(1001, "") }, true},
		{func(p *wstest.Peer) { p.SendClose(1011, "") }, false},
		{func(p *wstest.Peer) { p.Close() }, false},
	} {
		server, peer := serverAndPeer(t)
		peer.SendFrame(true, opcode.Text, "x")
		tt.end(peer)
		n, errs := 0, 0
		for r, err := range server.All(bg(t)) {
			if n++; err != nil {
				errs++
				continue
			}
			io.Copy(io.Discard, r)
		}
		if want := map[bool]int{true: 0, false: 1}[tt.silent]; errs != want || n != 1+want {
			t.Errorf("%d rounds, %d errors", n, errs)
		}
	}
}

func TestBreakingOutOfAllLeavesTheConnection(t *testing.T) {
	client, server := pair(t, wstest.Transports[0])
	for _, text := range []string{"one", "two"} {
		if err := client.WriteText(bg(t), text); err != nil {
			t.Fatal(err)
		}
	}
	for range server.All(bg(t)) {
		break
	}
	if got := receiveAll(t, server); got != "two" {
		t.Errorf("got %q", got)
	}
}

func TestShutdownGivesNoReaderAnotherMessage(t *testing.T) {
	for range 50 {
		c, peer := serverAndPeer(t, stream.CloseTimeout(2*time.Millisecond), stream.MaxMessageSize(stream.Unlimited))
		peer.SendFrame(true, opcode.Binary, "one")
		r, err := c.Receive(bg(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r, make([]byte, 3)); err != nil {
			t.Fatal(err)
		}
		go func() {
			two := peer.Frame(true, opcode.Binary, strings.Repeat("2", 15000))
			for {
				if _, err := peer.Write(two); err != nil {
					return
				}
			}
		}()
		ended := make(chan error, 1)
		go func() { ended <- c.Shutdown(context.Background(), closecode.NormalClosure, "") }()
		for c.Connected() {
			if n, err := r.Read(make([]byte, 10)); n > 0 || err != io.EOF && !errors.Is(err, net.ErrClosed) {
				t.Fatalf("read %d bytes of another message, %v", n, err)
			}
			time.Sleep(100 * time.Microsecond)
		}
		if n, err := r.Read(make([]byte, 10)); n > 0 || err != io.EOF {
			t.Errorf("behind a whole message: %d, %v", n, err)
		}
		if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v", err)
		}
		peer.Close()
	}
}

func TestAMessageThatShutdownDiscardsIsNotWhole(t *testing.T) {
	c, peer := serverAndPeer(t)
	peer.SendFrame(true, opcode.Binary, "one")
	peer.SendClose(closecode.NormalClosure, "")
	r, err := c.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	io.ReadFull(r, make([]byte, 2))
	if err := c.Shutdown(bg(t), closecode.NormalClosure, ""); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if n, err := r.Read(make([]byte, 10)); n > 0 || errors.Is(err, io.EOF) || !errors.Is(err, net.ErrClosed) {
		t.Errorf("read %d, %v", n, err)
	}
}

// A slowWriter takes its time, and less of it than Shutdown waits.
type slowWriter struct{}

func (slowWriter) Write(p []byte) (int, error) {
	time.Sleep(time.Millisecond)
	return len(p), nil
}

func TestShutdownLeavesAMessageToItsReader(t *testing.T) {
	for range 5 {
		client, server := pair(t, wstest.Transports[0])
		go func() {
			client.WriteBinary(bg(t), make([]byte, 4<<20))
			client.Receive(bg(t))
		}()
		r, err := server.Receive(bg(t))
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- server.Shutdown(bg(t), closecode.NormalClosure, "") }()
		if n, err := io.Copy(slowWriter{}, r); n != 4<<20 || err != nil {
			t.Errorf("copied %d, %v", n, err)
		}
		if _, err := server.Receive(bg(t)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Receive: %v", err)
		}
		if err := <-ended; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	}
}

// A frame that a Writer has begun keeps the close frame waiting.
func TestAbortUnblocksWhatWaitsForAFrame(t *testing.T) {
	for name, wait := range map[string]func(*testing.T, *conn, *wstest.Peer) error{
		"Shutdown": func(t *testing.T, c *conn, _ *wstest.Peer) error {
			return c.Shutdown(bg(t), closecode.NormalClosure, "")
		},
		"Receive": func(t *testing.T, c *conn, peer *wstest.Peer) error {
			peer.SendClose(closecode.NormalClosure, "")
			_, err := c.Receive(bg(t))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, peer := serverAndPeer(t, stream.CloseTimeout(time.Hour))
			w := newWriter(t, c, opcode.Binary, stream.SingleFrame(10))
			io.WriteString(w, "part")
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- wait(t, c, peer) }()
			select {
			case err := <-ended:
				t.Fatalf("it did not wait: %v", err)
			case <-time.After(50 * time.Millisecond):
			}
			c.Abort()
			if err := <-ended; err == nil {
				t.Error("no error")
			}
			w.Abort()
		})
	}
}

func TestNoCloseTakesAnothersGoodbyeAway(t *testing.T) {
	t.Run("of a failing connection", func(t *testing.T) {
		for range 100 {
			c, peer := serverAndPeer(t)
			go func() {
				<-c.Done()
				c.Close()
			}()
			peer.Send([]byte{0xff, 0x80, 0, 0, 0, 0})
			c.Receive(bg(t))
			peer.WantClose(closecode.ProtocolError)
			peer.Close()
		}
	})
	t.Run("of another Close", func(t *testing.T) {
		for range 100 {
			c, peer := serverAndPeer(t)
			go c.Close()
			<-c.Done()
			c.Close()
			peer.WantClose(closecode.NormalClosure)
		}
	})
}

func TestCloseDoesNotWaitForTheEndOfTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		cert, roots := wstest.Certificate(t, "localhost")
		client := tls.Client(a, &tls.Config{RootCAs: roots, ServerName: "localhost"})
		server := tls.Server(b, &tls.Config{Certificates: []tls.Certificate{cert}})
		go server.Handshake()
		if err := client.Handshake(); err != nil {
			t.Fatal(err)
		}
		c := open(t, client, false)
		go server.Read(make([]byte, 100)) // takes the close frame, and nothing behind it
		began := time.Now()
		c.Close()
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %v", took)
		}
		b.Close()
	})
}

func TestWritersLearnThatThePeerHasClosed(t *testing.T) {
	for range 100 {
		c, peer := serverAndPeer(t)
		go io.Copy(io.Discard, peer)
		written := make(chan error, 1)
		go func() {
			for {
				if err := c.WriteText(context.Background(), "x"); err != nil {
					written <- err
					return
				}
			}
		}()
		peer.SendClose(closecode.GoingAway, "")
		c.Receive(bg(t))
		var closed *stream.CloseError
		if err := <-written; !errors.As(err, &closed) || !errors.Is(err, net.ErrClosed) {
			t.Fatalf("got %v", err)
		}
		peer.Close()
	}
}

func TestAProtocolErrorIsReportedAtOnce(t *testing.T) {
	c, peer := serverAndPeer(t, stream.CloseTimeout(time.Hour))
	peer.Send([]byte{0xff, 0x80, 0, 0, 0, 0})
	var broken *stream.ProtocolError
	if _, err := c.Receive(bg(t)); !errors.As(err, &broken) { // the peer has not closed its side
		t.Errorf("got %v", err)
	}
	peer.WantClose(closecode.ProtocolError)
}

func TestAWriterDoesNotDisturbTheClosingHandshake(t *testing.T) {
	for name, finish := range map[string]func(*stream.Writer) error{
		"Close": (*stream.Writer).Close,
		"Abort": func(w *stream.Writer) error { w.Abort(); return net.ErrClosed },
	} {
		t.Run(name, func(t *testing.T) {
			c, peer := serverAndPeer(t)
			peer.SendFrame(true, opcode.Text, "first")
			receiveAll(t, c) // so that Shutdown expects a receiver
			w := newWriter(t, c, opcode.Binary)
			io.WriteString(w, "half")
			w.Flush()
			received := make(chan []string, 1)
			go func() {
				whole, err := drain(t, c)
				var closed *stream.CloseError
				if !errors.As(err, &closed) {
					t.Errorf("Receive: %v", err)
				}
				received <- whole
			}()
			ended := make(chan error, 1)
			go func() { ended <- c.Shutdown(bg(t), closecode.NormalClosure, "bye") }()
			peer.Want(false, opcode.Binary, "half")
			peer.WantClose(closecode.NormalClosure)
			if err := finish(w); !errors.Is(err, net.ErrClosed) {
				t.Errorf("got %v", err)
			}
			peer.SendFrame(true, opcode.Text, "last")
			peer.SendClose(closecode.NormalClosure, "")
			if err := <-ended; err != nil {
				t.Errorf("Shutdown: %v", err)
			}
			if whole := <-received; len(whole) != 1 || whole[0] != "last" {
				t.Errorf("received %q", whole)
			}
		})
	}
}

// A client leaves it to the server to close the transport first (RFC 6455, section 7.1.1), but not for ever.
func TestAClientLetsTheServerCloseFirst(t *testing.T) {
	for _, begin := range []string{"client", "server"} {
		for _, closes := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s begins, server closes %v", begin, closes), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a, b := net.Pipe()
					c, err := stream.New(a, stream.Handshake{}, stream.Standard)
					if err != nil {
						t.Fatal(err)
					}
					peer := wstest.NewPeer(t, b, true)
					began, done := time.Now(), make(chan error, 1)
					go func() {
						if begin == "client" {
							done <- c.Shutdown(t.Context(), closecode.NormalClosure, "")
							return
						}
						_, err := c.Receive(t.Context())
						done <- err
					}()
					if begin == "server" {
						peer.SendClose(closecode.NormalClosure, "")
					}
					peer.WantClose(closecode.NormalClosure)
					if begin == "client" {
						peer.SendClose(closecode.NormalClosure, "")
					}
					synctest.Wait()
					want := time.Second
					if closes {
						want = 0
						b.Close()
					}
					if err := <-done; begin == "client" && err != nil || begin == "server" && !errors.Is(err, io.EOF) {
						t.Error(err)
					}
					peer.WantEnd()
					if took := time.Since(began); took != want {
						t.Errorf("the client closed after %v, want %v", took, want)
					}
					b.Close()
				})
			})
		}
	}
}

// The close frame is behind the pongs for what the peer has sent before its own, also where they had to wait for the
// wire.
func TestPingsBeforeTheCloseFrameAreAnswered(t *testing.T) {
	const pings = 20
	server, peer := serverAndPeer(t)
	large := make([]byte, 32<<20) // more than the sockets hold
	written := make(chan error, 1)
	go func() { written <- server.WriteBinary(bg(t), large) }()
	writing := make([]byte, 1)
	if _, err := io.ReadFull(peer, writing); err != nil {
		t.Fatal(err)
	}
	for i := range pings {
		peer.SendFrame(true, opcode.Ping, fmt.Sprint(i))
	}
	peer.SendClose(closecode.NormalClosure, "")
	received := make(chan error, 1)
	go func() {
		_, err := server.Receive(bg(t))
		received <- err
	}()
	<-server.Done()

	if _, err := io.CopyN(io.Discard, peer, 9+int64(len(large))); err != nil {
		t.Fatal(err)
	}
	for i := range pings {
		peer.Want(true, opcode.Pong, fmt.Sprint(i))
	}
	peer.WantClose(closecode.NormalClosure)
	if err := <-written; err != nil {
		t.Errorf("WriteBinary: %v", err)
	}
	if err := <-received; !errors.Is(err, io.EOF) {
		t.Errorf("Receive: %v", err)
	}
}
