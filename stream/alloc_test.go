package stream_test

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"testing"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/buffer"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

func TestSendingDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	ctx := context.Background()
	text, latin, small, large := "text", []byte("text"), data[:100], data[:100<<10]
	bufs := net.Buffers{small, large, small}
	prepared, err := stream.Prepare(opcode.Binary, small)
	if err != nil {
		t.Fatal(err)
	}
	for _, hs := range uncompressed {
		a, b := wstest.TCP(t)
		go io.Copy(io.Discard, b)
		c := openUncompressed(t, a, hs, stream.Standard, stream.WithTrace(&stream.Trace{})) // its hooks are nil
		w := newWriter(t, c, opcode.Binary, stream.Compress(false))
		for name, send := range map[string]func() error{
			"Writer.Write":      func() error { _, err := w.Write(small); return err },
			"Writer.Write much": func() error { _, err := w.Write(large); return err },
			"Writer.Flush":      func() error { io.WriteString(w, text); return w.Flush() },
			"Ping":              func() error { return c.Ping(ctx, small) },
		} {
			wantNoAllocation(t, name, hs, send)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for name, send := range map[string]func() error{
			"WriteText":        func() error { return c.WriteText(ctx, text) },
			"Write":            func() error { return c.Write(ctx, opcode.Text, latin) },
			"WriteBinary":      func() error { return c.WriteBinary(ctx, small) },
			"WriteBinary much": func() error { return c.WriteBinary(ctx, large) },
			"WriteBuffers":     func() error { return c.WriteBuffers(ctx, opcode.Binary, bufs) },
			"WritePrepared":    func() error { return c.WritePrepared(ctx, prepared) },
			"WriteFrame": func() error {
				return c.WriteFrame(ctx, stream.Frame{Fin: true, Opcode: opcode.Binary, Payload: small})
			},
		} {
			wantNoAllocation(t, name, hs, send)
		}
		tunnel := netConn(t, c, opcode.Binary)
		wantNoAllocation(t, "NetConn", hs, func() error { _, err := tunnel.Write(small); return err })
		wantNoAllocation(t, "NetConn much", hs, func() error { _, err := tunnel.Write(large); return err })
	}
}

// uncompressed are what an end may have agreed on whose messages are not compressed, as it has no permessage-deflate, or as
// neither the threshold of openUncompressed nor Compress(false) lets it. That costs nothing.
var uncompressed = []stream.Handshake{{Server: true}, {}, {Server: true, Deflate: &stream.Deflate{}}, {Deflate: &stream.Deflate{}}}

func openUncompressed[M any](t testing.TB, rwc io.ReadWriteCloser, hs stream.Handshake, mode stream.Mode[M], opts ...stream.Option) *stream.Conn[M] {
	t.Helper()
	opts = append([]stream.Option{stream.Compression(stream.CompressionConfig{Threshold: 1 << 20})}, opts...)
	c, err := stream.New(rwc, hs, mode, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Abort() })
	return c
}

func wantNoAllocation(t *testing.T, name string, hs stream.Handshake, do func() error) {
	t.Helper()
	if err := do(); err != nil { // the pools are filled
		t.Fatalf("%s: %v", name, err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if err := do(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}); n != 0 {
		t.Errorf("%s, server %v, deflate %v: %v allocations", name, hs.Server, hs.Deflate, n)
	}
}

func TestReadingAMessageDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, hs := range uncompressed {
		a, b := wstest.TCP(t)
		c, peer := openUncompressed(t, a, hs, stream.Standard), wstest.NewPeer(t, b, !hs.Server)
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
		wantNoAllocation(t, "Read", hs, func() error { _, err := io.ReadFull(r, p); return err })
		c.Abort()
	}
}

// A message costs no allocation in any mode but Standard, whose Readers are made eight at once, and Simple, where it is the
// caller's own. The answers to pings are put aside for a peer that is slow, as it may be on a busy machine, which does
// allocate: so each has several connections to show it on.
func TestAMessageDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, hs := range uncompressed {
		want := func(name string, want float64, measure func() float64) {
			var n float64
			for range 5 {
				if n = measure(); n == want {
					return
				}
			}
			t.Errorf("%s, server %v, deflate %v: %v allocations, want %v", name, hs.Server, hs.Deflate, n, want)
		}
		whole := func(mode stream.Mode[stream.Message], opts ...stream.Option) func() float64 {
			return func() float64 {
				c, wire := flood(t, hs, mode, opts...)
				defer wire.Close()
				return testing.AllocsPerRun(100, func() {
					m, err := c.Receive(context.Background())
					if err == nil {
						err = c.WriteBinary(context.Background(), m.Data)
					}
					if err != nil {
						t.Fatal(err)
					}
				})
			}
		}
		want("Lite", 0, whole(stream.Lite))
		want("Simple", 1, whole(stream.Simple))
		want("Simple that reuses its buffer", 0, whole(stream.Simple, stream.ReuseBuffer()))
	}
}

// flood returns a connection whose peer sends a message of 1000 bytes, a ping and a pong again and again, and reads all
// that it is sent.
func flood[M any](t *testing.T, hs stream.Handshake, mode stream.Mode[M], opts ...stream.Option) (*stream.Conn[M], io.Closer) {
	t.Helper()
	a, b := wstest.TCP(t)
	c := openUncompressed(t, a, hs, mode, opts...)
	peer := wstest.NewPeer(t, b, !hs.Server)
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

// The memory that a connection reads into serves the next one.
func TestAConnectionThatHasEndedHoldsNoBuffer(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector keeps pools from holding what they are given")
	}
	const connections = 100
	for _, tr := range wstest.Transports[:2] {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range connections {
			a, b := tr.Pair(t)
			peer := wstest.NewPeer(t, a, false)
			c, err := stream.New(b, stream.Handshake{Server: true}, stream.Lite)
			if err != nil {
				t.Fatal(err)
			}
			peer.SendClose(closecode.NormalClosure, "")
			if _, err := c.Receive(bg(t)); !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			peer.Close()
		}
		runtime.ReadMemStats(&after)
		if n := (after.TotalAlloc - before.TotalAlloc) / connections; n >= buffer.Small {
			t.Errorf("%s: %d bytes were allocated for each connection", tr.Name, n)
		}
	}
}
