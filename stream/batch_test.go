package stream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// The peer waits for the answer to the first message before it reads on, and so does the program.
func TestAnAnswerDoesNotWaitForWhatIsInTheBuffer(t *testing.T) {
	for range 200 {
		c, peer := openMode(t, stream.Simple)
		peer.Send(peer.Frame(true, opcode.Text, "one"), peer.Frame(true, opcode.Text, "two"), peer.Frame(true, opcode.Text, "three"))
		wantMessage(t, c, opcode.Text, "one")
		seen := make(chan struct{})
		go func() {
			peer.Want(true, opcode.Text, "answer")
			close(seen)
		}()
		if err := c.WriteText(bg(t), "answer"); err != nil {
			t.Fatal(err)
		}
		<-seen
		wantMessage(t, c, opcode.Text, "two")
		c.Abort()
	}
}

// A countingConn counts the writes.
type countingConn struct {
	net.Conn
	writes atomic.Int64
}

func (c *countingConn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

func TestAnswersShareASystemCall(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // what is put off waits until this goroutine does
	a, b := wstest.TCP(t)
	counting := &countingConn{Conn: b}
	c, err := stream.New(counting, stream.Handshake{Server: true}, stream.Lite)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	peer := wstest.NewPeer(t, a, false)
	const n = 200
	peer.Send(bytes.Repeat(peer.Frame(true, opcode.Binary, strings.Repeat("x", 40)), n))
	for range n {
		m, err := c.Receive(bg(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.WriteBinary(bg(t), m.Data); err != nil {
			t.Fatal(err)
		}
	}
	for range n {
		peer.Want(true, opcode.Binary, strings.Repeat("x", 40))
	}
	if got := counting.writes.Load(); got > n/2 {
		t.Errorf("%d writes for %d answers", got, n)
	}
}

func TestWritersThatMeetSendWholeMessages(t *testing.T) {
	for _, tr := range wstest.Transports {
		t.Run(tr.Name, func(t *testing.T) {
			client, server := pair(t, tr)
			const writers, each = 16, 50
			var all sync.WaitGroup
			for i := range writers {
				all.Go(func() {
					for range each {
						if err := client.WriteText(bg(t), strings.Repeat(string(rune('a'+i)), 1+i*10)); err != nil {
							t.Error(err)
						}
					}
				})
			}
			got := make(map[string]int)
			for range writers * each {
				got[receiveAll(t, server)]++
			}
			all.Wait()
			for i := range writers {
				if n := got[strings.Repeat(string(rune('a'+i)), 1+i*10)]; n != each {
					t.Errorf("%d messages of writer %d", n, i)
				}
			}
		})
	}
}

func TestWhatWasPutOffComesBeforeAnyOtherFrame(t *testing.T) {
	for name, next := range map[string]func(*stream.Conn[stream.Message]) error{
		"WriteBinary much": func(c *stream.Conn[stream.Message]) error { return c.WriteBinary(context.Background(), data[:100<<10]) },
		"WriteBuffers": func(c *stream.Conn[stream.Message]) error {
			return c.WriteBuffers(context.Background(), opcode.Binary, net.Buffers{data[:10]})
		},
		"Writer": func(c *stream.Conn[stream.Message]) error {
			w, err := c.NewWriter(context.Background(), opcode.Binary)
			if err != nil {
				return err
			}
			w.Write(data[:10])
			return w.Close()
		},
		"WritePrepared": func(c *stream.Conn[stream.Message]) error {
			p, err := stream.Prepare(opcode.Binary, data[:10])
			if err != nil {
				return err
			}
			return c.WritePrepared(context.Background(), p)
		},
		"Ping":  func(c *stream.Conn[stream.Message]) error { return c.Ping(context.Background(), nil) },
		"Close": func(c *stream.Conn[stream.Message]) error { return c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			c, peer := openMode(t, stream.Simple)
			peer.Send(peer.Frame(true, opcode.Text, "one"), peer.Frame(true, opcode.Text, "two"))
			wantMessage(t, c, opcode.Text, "one")
			c.WriteText(bg(t), "put off")
			if err := next(c); err != nil {
				t.Error(err)
			}
			peer.Want(true, opcode.Text, "put off")
			if f, _, err := peer.Receive(); err != nil || f.Opcode == opcode.Text {
				t.Errorf("then %v, %v", f.Opcode, err)
			}
		})
	}
}

// puttingOff returns a server's connection over a that has put off a message, as another has come from b behind the one
// that it has received.
func puttingOff(t *testing.T, a, b net.Conn) *stream.Conn[stream.Message] {
	t.Helper()
	c, err := stream.New(a, stream.Handshake{Server: true}, stream.Simple)
	if err != nil {
		t.Fatal(err)
	}
	peer := wstest.NewPeer(t, b, false)
	go peer.Send(peer.Frame(true, opcode.Text, "one"), peer.Frame(true, opcode.Text, "two"))
	wantMessage(t, c, opcode.Text, "one")
	if err := c.WriteText(bg(t), "put off"); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnErrorOfWhatWasPutOffIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		c := puttingOff(t, &soonDeaf{Conn: a}, b)
		defer c.Abort()
		synctest.Wait()
		if err := c.WriteText(bg(t), "next"); !errors.Is(err, errDeaf) || !errors.Is(err, net.ErrClosed) {
			t.Errorf("the next: %v", err)
		}
		wantMessage(t, c, opcode.Text, "two")
		go io.Copy(io.Discard, b)
		b.Close()
	})
}

func TestEachPingIsAnsweredWhileTheSocketTakesIt(t *testing.T) {
	const pings = 500
	server, peer := serverAndPeer(t)
	var flood []byte
	for i := range pings {
		flood = append(flood, peer.Frame(true, opcode.Ping, fmt.Sprintf("%0125d", i))...)
	}
	peer.Send(flood, peer.Frame(true, opcode.Text, "through"))
	if got := receiveAll(t, server); got != "through" {
		t.Errorf("got %q", got)
	}
	for i := range pings {
		peer.Want(true, opcode.Pong, fmt.Sprintf("%0125d", i))
	}
}

// A context that ends while frames are sent that were put off before does not cut those, nor end the connection.
func TestAContextCutsNoFrameButItsOwn(t *testing.T) {
	prepared, err := stream.Prepare(opcode.Binary, make([]byte, 10_000))
	if err != nil {
		t.Fatal(err)
	}
	type writer = func(ctx context.Context, c *stream.Conn[stream.Message]) error
	for name, write := range map[string]writer{
		"WritePrepared": func(ctx context.Context, c *stream.Conn[stream.Message]) error { return c.WritePrepared(ctx, prepared) },
		"a small message": func(ctx context.Context, c *stream.Conn[stream.Message]) error {
			if _, err := c.Receive(bg(t)); err != nil { // so that nothing more is to come
				return err
			}
			return c.WriteBinary(ctx, make([]byte, 100))
		},
		"a large message": func(ctx context.Context, c *stream.Conn[stream.Message]) error {
			return c.WriteBinary(ctx, make([]byte, 10_000))
		},
	} {
		for _, read := range []int{3, len("\x81\x07put off")} {
			t.Run(fmt.Sprintf("%s, %d bytes are read", name, read), func(t *testing.T) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // what is put off waits until this goroutine does
				a, b := net.Pipe()
				c := puttingOff(t, a, b)
				defer c.Abort()
				ctx, cancel := context.WithCancel(bg(t))
				head := make([]byte, read)
				go func() {
					io.ReadFull(b, head)
					cancel()
				}()
				if err := write(ctx, c); !errors.Is(err, context.Canceled) {
					t.Errorf("the write that was cut: %v", err)
				}
				<-ctx.Done()
				next := make(chan error)
				go func() { next <- c.WriteText(bg(t), "next") }()
				rest := make([]byte, len("\x81\x07put off\x81\x04next")-read)
				if _, err := io.ReadFull(b, rest); err != nil {
					t.Fatal(err)
				}
				if err := <-next; err != nil {
					t.Errorf("the next write: %v", err)
				}
				if got := string(head) + string(rest); got != "\x81\x07put off\x81\x04next" {
					t.Errorf("the peer got %q", got)
				}
			})
		}
	}
}

func TestNothingIsPutOffWhileTheReceiverWaits(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	a, b := wstest.TCP(t)
	counting := &countingConn{Conn: b}
	c, err := stream.New(counting, stream.Handshake{Server: true}, stream.Simple)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	peer := wstest.NewPeer(t, a, false)
	peer.Send(peer.Frame(true, opcode.Text, "one"), peer.Frame(true, opcode.Pong, ""))
	wantMessage(t, c, opcode.Text, "one")
	go c.Receive(context.Background())
	time.Sleep(50 * time.Millisecond) // the receiver waits, behind the pong
	before := counting.writes.Load()
	if err := c.WriteText(bg(t), "alone"); err != nil {
		t.Fatal(err)
	}
	if counting.writes.Load() == before {
		t.Error("it was put off")
	}
}

// What follows it may be long in coming.
func TestAFragmentIsNotPutOff(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // what is put off waits until this goroutine does
	a, b := wstest.TCP(t)
	counting := &countingConn{Conn: b}
	c := puttingOff(t, counting, a)
	defer c.Abort()
	w, err := c.NewWriter(bg(t), opcode.Binary)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for range 3 {
		io.WriteString(w, "fragment")
		before := counting.writes.Load()
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if counting.writes.Load() == before {
			t.Error("it was put off")
		}
	}
}

func TestEachAnswerThatWasPutOffIsSentByItself(t *testing.T) {
	c, peer := openMode(t, stream.Simple)
	peer.Send(peer.Frame(true, opcode.Text, "one"), peer.Frame(true, opcode.Text, "two"))
	wantMessage(t, c, opcode.Text, "one")
	for _, answer := range []string{"first", "second", "third"} { // the next message is in the buffer all the time
		if err := c.WriteText(bg(t), answer); err != nil {
			t.Fatal(err)
		}
		peer.Want(true, opcode.Text, answer)
	}
}
