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
