package stream_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// openMode returns a server's connection in the given mode over TCP, and the raw peer on the other side.
func openMode[M any](t testing.TB, mode stream.Mode[M], opts ...stream.Option) (*stream.Conn[M], *wstest.Peer) {
	t.Helper()
	a, b := wstest.TCP(t)
	c, err := stream.New(b, stream.Handshake{Server: true}, mode, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, wstest.NewPeer(t, a, false)
}

func wantMessage(t testing.TB, c *stream.Conn[stream.Message], op opcode.Opcode, data string) stream.Message {
	t.Helper()
	m, err := c.Receive(bg(t))
	if err != nil || m.Opcode != op || m.String() != data || m.Data == nil {
		t.Fatalf("got %v with %d bytes, %v; want %v with %d", m.Opcode, len(m.Data), err, op, len(data))
	}
	return m
}

func TestReceiveModes(t *testing.T) {
	for name, got := range map[string]frame.ReceiveMode{
		"standard": stream.Standard.ReceiveMode(),
		"simple":   stream.Simple.ReceiveMode(),
		"lite":     stream.Lite.ReceiveMode(),
		"frames":   stream.Frames.ReceiveMode(),
	} {
		if got.String() != name {
			t.Errorf("%s is %v", name, got)
		}
	}
	if points.ReceiveMode() != frame.Standard {
		t.Error("Decode is not of the standard kind")
	}
	c, _ := openMode(t, stream.Simple)
	if c.ReceiveMode() != frame.Simple {
		t.Errorf("the connection says %v", c.ReceiveMode())
	}
}

func TestSimplePutsFragmentsTogether(t *testing.T) {
	large := strings.Repeat("0123456789abcdef", 1<<16)
	for _, size := range []int{0, 1, 125, 126, 4095, 4096, 16 << 10, 64<<10 + 1, 1 << 20} {
		for _, pieces := range []int{1, 2, 7} {
			t.Run(fmt.Sprintf("%d in %d", size, pieces), func(t *testing.T) {
				c, peer := openMode(t, stream.Simple)
				go func() {
					op := opcode.Binary
					for i := range pieces {
						part := large[size*i/pieces : size*(i+1)/pieces]
						peer.SendFrame(i == pieces-1, op, part)
						peer.SendFrame(true, opcode.Ping, "between")
						op = opcode.Continuation
					}
					peer.SendFrame(true, opcode.Text, "end")
				}()
				m := wantMessage(t, c, opcode.Binary, large[:size])
				wantMessage(t, c, opcode.Text, "end")
				if m.String() != large[:size] {
					t.Error("the message before has changed")
				}
			})
		}
	}
}

func TestSimpleGoesOnAfterAContextHasEnded(t *testing.T) {
	for name, mode := range map[string]stream.Mode[stream.Message]{"Simple": stream.Simple, "Lite": stream.Lite} {
		for _, size := range []int{10, 20 << 10, 100 << 10} {
			t.Run(fmt.Sprintf("%s %d", name, size), func(t *testing.T) {
				c, peer := openMode(t, mode)
				payload := strings.Repeat("x", size-1) + "y"
				sent := peer.Frame(true, opcode.Binary, payload)
				for _, part := range [][]byte{sent[:1], sent[1:4], sent[4 : len(sent)/2], sent[len(sent)/2 : len(sent)-1]} {
					peer.Send(part)
					if _, err := c.Receive(brief(t)); err != context.DeadlineExceeded {
						t.Fatalf("Receive: %v", err)
					}
				}
				peer.Send(sent[len(sent)-1:])
				wantMessage(t, c, opcode.Binary, payload)
			})
		}
	}
}

func TestAWholeMessageThatIsCutIsAnError(t *testing.T) {
	for name, mode := range map[string]stream.Mode[stream.Message]{"Simple": stream.Simple, "Lite": stream.Lite} {
		for _, size := range []int{10, 100 << 10} {
			t.Run(fmt.Sprintf("%s %d", name, size), func(t *testing.T) {
				c, peer := openMode(t, mode)
				sent := peer.Frame(true, opcode.Binary, strings.Repeat("x", size))
				peer.Send(sent[:len(sent)-1])
				peer.Close()
				if m, err := c.Receive(bg(t)); !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || m.Data != nil {
					t.Errorf("got %d bytes, %v", len(m.Data), err)
				}
			})
		}
	}
	c, peer := openMode(t, stream.Simple)
	peer.SendFrame(false, opcode.Binary, "half")
	peer.SendClose(closecode.NormalClosure, "")
	var closed *stream.CloseError
	if _, err := c.Receive(bg(t)); !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || !errors.As(err, &closed) {
		t.Errorf("a close frame in mid-message: %v", err)
	}
}

func TestNothingIsAllocatedForWhatAPeerClaims(t *testing.T) {
	if testing.CoverMode() != "" {
		t.Skip("coverage allocates")
	}
	for name, mode := range map[string]stream.Mode[stream.Message]{"Simple": stream.Simple, "Lite": stream.Lite} {
		t.Run(name, func(t *testing.T) {
			c, peer := openMode(t, mode, stream.MaxMessageSize(stream.Unlimited))
			h := frame.Header{Fin: true, Opcode: opcode.Binary, Length: 1 << 50}
			peer.Send(peer.FrameOf(h, "a few bytes"))
			before := inUse()
			if _, err := c.Receive(brief(t)); err != context.DeadlineExceeded {
				t.Fatalf("Receive: %v", err)
			}
			if after := inUse(); after > before+16<<20 {
				t.Errorf("%d bytes are in use, %d before", after, before)
			}
		})
	}
}

func TestReuseBuffer(t *testing.T) {
	c, peer := openMode(t, stream.Simple, stream.ReuseBuffer())
	peer.SendFrame(true, opcode.Binary, "first")
	first := wantMessage(t, c, opcode.Binary, "first")
	peer.SendFrame(true, opcode.Binary, "other")
	wantMessage(t, c, opcode.Binary, "other")
	if first.String() != "other" {
		t.Errorf("the memory of the first is %q, and not that of the other", first)
	}
}

func TestLite(t *testing.T) {
	for _, size := range []int{0, 1, 126, 16 << 10, 16<<10 + 1, 200 << 10} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			c, peer := openMode(t, stream.Lite)
			go func() {
				for i := range 3 {
					peer.SendFrame(true, opcode.Ping, "")
					peer.SendFrame(true, opcode.Text, strings.Repeat(string(rune('a'+i)), size))
				}
			}()
			for i := range 3 {
				wantMessage(t, c, opcode.Text, strings.Repeat(string(rune('a'+i)), size))
			}
		})
	}
}

func TestLiteRefusesFragments(t *testing.T) {
	c, peer := openMode(t, stream.Lite)
	peer.SendFrame(false, opcode.Binary, "fragment")
	var broken *stream.ProtocolError
	if _, err := c.Receive(bg(t)); !errors.As(err, &broken) || broken.Code != closecode.ProtocolError {
		t.Errorf("Receive: %v", err)
	}
	if reason := peer.WantClose(closecode.ProtocolError); !strings.Contains(reason, "Lite") {
		t.Errorf("reason %q", reason)
	}
}

func TestLiteWantsASingleFrameOfItsWriters(t *testing.T) {
	c, peer := openMode(t, stream.Lite)
	var refused *stream.ArgumentError
	if _, err := c.NewWriter(bg(t), opcode.Binary); !errors.As(err, &refused) || !strings.Contains(err.Error(), "SingleFrame") {
		t.Errorf("NewWriter: %v", err)
	}
	w, err := c.NewWriter(bg(t), opcode.Binary, stream.SingleFrame(2))
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "ok")
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	peer.Want(true, opcode.Binary, "ok")
}

// Shutdown reads and discards, and a failed write listens for its reason: neither may touch what the user looks at.
func TestWhatLiteHasLentStaysAsItIs(t *testing.T) {
	t.Run("while Shutdown reads", func(t *testing.T) {
		c, peer := openMode(t, stream.Lite)
		want := strings.Repeat("lent", 1000)
		peer.Send(peer.Frame(true, opcode.Binary, want), peer.Frame(true, opcode.Binary, "unread")[:9])
		m := wantMessage(t, c, opcode.Binary, want)
		go func() {
			peer.WantClose(closecode.NormalClosure)
			peer.Send(peer.Frame(true, opcode.Binary, "unread")[9:])
			for range 100 {
				peer.SendFrame(true, opcode.Binary, strings.Repeat("else", 3000))
			}
			peer.SendClose(closecode.NormalClosure, "")
		}()
		if err := c.Shutdown(bg(t), closecode.NormalClosure, ""); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if m.String() != want {
			t.Error("it has changed")
		}
	})
	t.Run("while a failed write listens", func(t *testing.T) {
		a, b := wstest.TCP(t)
		c, err := stream.New(deafTransport{a}, stream.Handshake{}, stream.Lite)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		peer := wstest.NewPeer(t, b, true)
		want := strings.Repeat("lent", 1000)
		peer.SendFrame(true, opcode.Binary, want)
		m := wantMessage(t, c, opcode.Binary, want)
		peer.SendFrame(true, opcode.Binary, strings.Repeat("else", 3000))
		c.WriteText(bg(t), "x")
		if m.String() != want {
			t.Error("it has changed")
		}
		wantMessage(t, c, opcode.Binary, strings.Repeat("else", 3000))
	})
}

func TestFramesComeAsTheyWere(t *testing.T) {
	c, peer := openMode(t, stream.Frames)
	large := strings.Repeat("x", 100<<10)
	want := []stream.Frame{
		{Fin: true, Opcode: opcode.Text, Payload: []byte("whole")},
		{Fin: false, Opcode: opcode.Binary, Payload: []byte("begin")},
		{Fin: false, Opcode: opcode.Continuation, Payload: []byte{}},
		{Fin: false, Opcode: opcode.Continuation, Payload: []byte(large)},
		{Fin: true, Opcode: opcode.Continuation, Payload: []byte("end")},
	}
	go func() {
		for _, f := range want {
			peer.SendFrame(f.Fin, f.Opcode, string(f.Payload))
			peer.SendFrame(true, opcode.Ping, "")
		}
		peer.SendFrame(false, opcode.Text, "\xc3")
		peer.SendFrame(true, opcode.Continuation, "(")
	}()
	for i, w := range want {
		f, err := c.Receive(bg(t))
		if err != nil || f.Fin != w.Fin || f.Opcode != w.Opcode || !bytes.Equal(f.Payload, w.Payload) {
			t.Errorf("frame %d: %v %v %d, %v", i, f.Fin, f.Opcode, len(f.Payload), err)
		}
	}
	if _, err := c.Receive(bg(t)); err != nil {
		t.Errorf("the beginning of a code point: %v", err)
	}
	var broken *stream.ProtocolError
	if _, err := c.Receive(bg(t)); !errors.As(err, &broken) || broken.Code != closecode.InvalidPayload {
		t.Errorf("what cannot follow it: %v", err)
	}
}

func TestFramesGoOnAfterAContextHasEnded(t *testing.T) {
	c, peer := openMode(t, stream.Frames)
	peer.Send(peer.Frame(false, opcode.Binary, "one"))
	if f, err := c.Receive(bg(t)); err != nil || string(f.Payload) != "one" {
		t.Fatalf("%q, %v", f.Payload, err)
	}
	sent := peer.Frame(true, opcode.Continuation, "two")
	for i := range len(sent) - 1 {
		peer.Send(sent[i : i+1])
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		if _, err := c.Receive(ctx); err != context.DeadlineExceeded {
			t.Fatalf("Receive: %v", err)
		}
		cancel()
	}
	peer.Send(sent[len(sent)-1:])
	f, err := c.Receive(bg(t))
	if err != nil || string(f.Payload) != "two" || !f.Fin || f.Opcode != opcode.Continuation {
		t.Errorf("got %v, %v", f, err)
	}
}

func TestACloseFrameBetweenTheFramesOfAMessageIsTruncation(t *testing.T) {
	c, peer := openMode(t, stream.Frames)
	peer.SendFrame(false, opcode.Binary, "half")
	peer.SendClose(closecode.NormalClosure, "")
	if _, err := c.Receive(bg(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Receive(bg(t)); !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
}

type point struct{ X, Y int }

var points = stream.Decode(func(r *stream.Reader) (p point, err error) {
	err = json.NewDecoder(r).Decode(&p)
	return p, err
})

func TestDecode(t *testing.T) {
	c, peer := openMode(t, points)
	peer.SendFrame(true, opcode.Text, `{"X": 1, "Y": 2} and more that is not read`)
	peer.SendFrame(true, opcode.Text, `no JSON`)
	peer.SendFrame(true, opcode.Text, ``) // an io.EOF of the decoder, not of the connection
	peer.SendFrame(false, opcode.Text, `{"X": 3`)
	peer.SendFrame(true, opcode.Continuation, `}`)
	peer.SendClose(closecode.NormalClosure, "")
	var got []string
	for p, err := range c.All(bg(t)) {
		got = append(got, fmt.Sprintf("%v %v", p, err != nil))
	}
	if want := "[{1 2} false {0 0} true {0 0} true {3 0} false]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if _, err := c.Receive(bg(t)); !errors.Is(err, io.EOF) {
		t.Errorf("Receive at the end: %v", err)
	}
}

func TestTheErrorOfDecodeIsItsOwn(t *testing.T) {
	c, peer := openMode(t, stream.Decode(func(r *stream.Reader) (string, error) { return "value", errSource }))
	peer.SendFrame(true, opcode.Text, "x")
	if m, err := c.Receive(bg(t)); m != "value" || err != errSource || !c.Connected() {
		t.Errorf("got %q, %v", m, err)
	}
}

func TestTheContextBoundsDecode(t *testing.T) {
	c, peer := openMode(t, points)
	peer.SendFrame(false, opcode.Text, `{"X": `)
	if _, err := c.Receive(brief(t)); err != context.DeadlineExceeded {
		t.Errorf("Receive: %v", err)
	}
	peer.SendFrame(true, opcode.Continuation, `1}`)
	peer.SendFrame(true, opcode.Text, `{"X": 2}`)
	if p, err := c.Receive(bg(t)); err != nil || p.X != 2 {
		t.Errorf("the message behind: %v, %v", p, err)
	}
}

func TestAMessageThatIsCutInDecodeIsReported(t *testing.T) {
	c, peer := openMode(t, points)
	peer.SendFrame(false, opcode.Text, `{"X": `)
	peer.SendClose(closecode.NormalClosure, "")
	var all []error
	for _, err := range c.All(bg(t)) {
		all = append(all, err)
	}
	if len(all) != 1 || !errors.Is(all[0], io.ErrUnexpectedEOF) {
		t.Errorf("got %v", all)
	}
}

func TestTheZeroModeIsRefused(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	for _, mode := range []stream.Mode[int]{{}, stream.Decode[int](nil)} {
		var refused *stream.ArgumentError
		if _, err := stream.New(a, stream.Handshake{}, mode); !errors.As(err, &refused) {
			t.Errorf("New: %v", err)
		}
	}
}

func TestTheLimitHoldsInEachMode(t *testing.T) {
	limit := func(t *testing.T, peer *wstest.Peer, receive func() error) {
		go func() {
			peer.SendFrame(false, opcode.Binary, "12345")
			peer.Send(peer.Frame(true, opcode.Continuation, "678901")[:6])
		}()
		var over *stream.LimitError
		err := receive()
		if err == nil {
			err = receive() // a frame within the limit
		}
		if !errors.As(err, &over) || over.Limit != 10 {
			t.Errorf("got %v", err)
		}
		peer.WantClose(closecode.MessageTooBig)
	}
	t.Run("Simple", func(t *testing.T) {
		c, peer := openMode(t, stream.Simple, stream.MaxMessageSize(10))
		limit(t, peer, func() error { _, err := c.Receive(bg(t)); return err })
	})
	t.Run("Frames", func(t *testing.T) {
		c, peer := openMode(t, stream.Frames, stream.MaxMessageSize(10))
		limit(t, peer, func() error { _, err := c.Receive(bg(t)); return err })
	})
	t.Run("Decode", func(t *testing.T) {
		c, peer := openMode(t, stream.Decode(func(r *stream.Reader) ([]byte, error) { return io.ReadAll(r) }), stream.MaxMessageSize(10))
		limit(t, peer, func() error { _, err := c.Receive(bg(t)); return err })
	})
	t.Run("Lite", func(t *testing.T) {
		c, peer := openMode(t, stream.Lite, stream.MaxMessageSize(10))
		peer.Send(peer.Frame(true, opcode.Binary, "12345678901")[:6])
		var over *stream.LimitError
		if _, err := c.Receive(bg(t)); !errors.As(err, &over) {
			t.Errorf("got %v", err)
		}
	})
}

func TestReceivingDoesNotAllocateMoreThanItMust(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	const n = 100
	for _, tt := range []struct {
		name string
		mode stream.Mode[stream.Message]
		size int
		opts []stream.Option
		want float64
	}{
		{"Lite", stream.Lite, 64, nil, 0},
		{"Lite large", stream.Lite, 64 << 10, nil, 0},
		{"Simple", stream.Simple, 64, nil, 1},
		{"Simple large", stream.Simple, 64 << 10, nil, 1},
		{"Simple with ReuseBuffer", stream.Simple, 64, []stream.Option{stream.ReuseBuffer()}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, peer := openMode(t, tt.mode, tt.opts...)
			one := peer.Frame(true, opcode.Binary, strings.Repeat("x", tt.size))
			go func() {
				for range n + 2 {
					peer.Write(one) // which does not allocate
				}
			}()
			ctx := context.Background()
			if _, err := c.Receive(ctx); err != nil {
				t.Fatal(err)
			}
			if got := testing.AllocsPerRun(n, func() {
				if _, err := c.Receive(ctx); err != nil {
					t.Error(err)
				}
			}); got > tt.want {
				t.Errorf("%v allocations, want %v", got, tt.want)
			}
		})
	}
}

func TestDecodeHandsEachMessageToOneOfSeveralReceivers(t *testing.T) {
	const messages = 20
	mode := stream.Decode(func(r *stream.Reader) (string, error) {
		time.Sleep(time.Millisecond)
		return r.Text()
	})
	a, b := wstest.TCP(t)
	c, err := stream.New(a, stream.Handshake{}, mode)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	peer := wstest.NewPeer(t, b, true)
	for range messages {
		peer.SendFrame(true, opcode.Text, "message")
	}
	peer.SendClose(closecode.NormalClosure, "")
	var got atomic.Int32
	var g sync.WaitGroup
	for range 3 {
		g.Go(func() {
			for m, err := range c.All(bg(t)) {
				if err != nil || m != "message" {
					t.Errorf("got %q, %v", m, err)
				}
				got.Add(1)
			}
		})
	}
	g.Wait()
	if n := got.Load(); n != messages {
		t.Errorf("%d messages of %d", n, messages)
	}
}
