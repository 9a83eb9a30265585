package stream_test

import (
	"context"
	"io"
	"net"
	"testing"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

func TestSendingDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	ctx := context.Background()
	text, small, large := "text", data[:100], data[:100<<10]
	bufs := net.Buffers{small, large, small}
	prepared, err := stream.Prepare(opcode.Binary, small)
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range []bool{true, false} {
		a, b := wstest.TCP(t)
		go io.Copy(io.Discard, b)
		c := open(t, a, server, stream.WithTrace(&stream.Trace{})) // its hooks are nil
		w := newWriter(t, c, opcode.Binary)
		for name, send := range map[string]func() error{
			"Writer.Write":      func() error { _, err := w.Write(small); return err },
			"Writer.Write much": func() error { _, err := w.Write(large); return err },
			"Writer.Flush":      func() error { io.WriteString(w, text); return w.Flush() },
			"Ping":              func() error { return c.Ping(ctx, small) },
		} {
			wantNoAllocation(t, name, server, send)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for name, send := range map[string]func() error{
			"WriteText":        func() error { return c.WriteText(ctx, text) },
			"WriteBinary":      func() error { return c.WriteBinary(ctx, small) },
			"WriteBinary much": func() error { return c.WriteBinary(ctx, large) },
			"WriteBuffers":     func() error { return c.WriteBuffers(ctx, opcode.Binary, bufs) },
			"WritePrepared":    func() error { return c.WritePrepared(ctx, prepared) },
		} {
			wantNoAllocation(t, name, server, send)
		}
	}
}

func wantNoAllocation(t *testing.T, name string, server bool, do func() error) {
	t.Helper()
	if err := do(); err != nil { // the pools are filled
		t.Fatalf("%s: %v", name, err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if err := do(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}); n != 0 {
		t.Errorf("%s, server %v: %v allocations", name, server, n)
	}
}

func TestReadingAMessageDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	c, peer := serverAndPeer(t)
	frames := peer.Frame(false, opcode.Continuation, string(data[:1000]))
	frames = append(frames, peer.Frame(true, opcode.Pong, "")...)
	go func() {
		peer.Write(peer.Frame(false, opcode.Binary, ""))
		for {
			if _, err := peer.Write(frames); err != nil {
				return
			}
		}
	}()
	r, err := c.Receive(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 10000)
	wantNoAllocation(t, "Read", true, func() error { _, err := io.ReadFull(r, p); return err })
	c.Abort()
}

// A message costs no allocation in any mode but Simple, where it is the caller's own. The Readers and Writers of mode
// Standard are made eight at once.
func TestAMessageDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, server := range []bool{true, false} {
		c, wire := flood(t, server, stream.Standard)
		wantNoAllocation(t, "Receive and NewWriter", server, func() error {
			r, err := c.Receive(context.Background())
			if err != nil {
				return err
			}
			w, err := c.NewWriter(context.Background(), r.Opcode())
			if err != nil {
				return err
			}
			if _, err := io.Copy(w, r); err != nil {
				return err
			}
			return w.Close()
		})
		wire.Close()

		whole := func(name string, mode stream.Mode[stream.Message], want float64, opts ...stream.Option) {
			c, wire := flood(t, server, mode, opts...)
			defer wire.Close()
			n := testing.AllocsPerRun(100, func() {
				m, err := c.Receive(context.Background())
				if err == nil {
					err = c.WriteBinary(context.Background(), m.Data)
				}
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
			if n != want {
				t.Errorf("%s, server %v: %v allocations, want %v", name, server, n, want)
			}
		}
		whole("Lite", stream.Lite, 0)
		whole("Simple", stream.Simple, 1)
		whole("Simple that reuses its buffer", stream.Simple, 0, stream.ReuseBuffer())
	}
}

// flood returns a connection whose peer sends a message of 1000 bytes, a ping and a pong again and again, and reads all
// that it is sent.
func flood[M any](t *testing.T, server bool, mode stream.Mode[M], opts ...stream.Option) (*stream.Conn[M], io.Closer) {
	t.Helper()
	a, b := wstest.TCP(t)
	c, err := stream.New(a, stream.Handshake{Server: server}, mode, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Abort() })
	peer := wstest.NewPeer(t, b, !server)
	frames := peer.Frame(true, opcode.Binary, string(data[:1000]))
	frames = append(frames, peer.Frame(true, opcode.Ping, "ping")...)
	frames = append(frames, peer.Frame(true, opcode.Pong, "")...)
	go io.Copy(io.Discard, b)
	go func() {
		for {
			if _, err := b.Write(frames); err != nil {
				return
			}
		}
	}()
	return c, b
}
