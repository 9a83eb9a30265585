package stream_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// An answering receives messages, and answers them, over a connection that it has opened.
type answering func(*testing.T, stream.Handshake) (answer func() error, wire io.Closer)

// waysToAnswer are those, and how many allocations eight answers may take, with what was received: one is the goroutine that
// sends what was put off, and one each the eight Readers and Writers that are made at once.
var waysToAnswer = []struct {
	name string
	most float64
	way  answering
}{
	{"Write", 1, answeringWhole((*stream.Conn[stream.Message]).Write)},
	{"WriteBinary", 1, answeringWhole(func(c *stream.Conn[stream.Message], ctx context.Context, _ opcode.Opcode, p []byte) error {
		return c.WriteBinary(ctx, p)
	})},
	{"WriteText", 1, answeringWhole(func(c *stream.Conn[stream.Message], ctx context.Context, _ opcode.Opcode, _ []byte) error {
		return c.WriteText(ctx, "answer")
	})},
	{"WriteBuffers", 1, answeringBuffers},
	{"WriteFrame", 1, answeringWhole(func(c *stream.Conn[stream.Message], ctx context.Context, op opcode.Opcode, p []byte) error {
		return c.WriteFrame(ctx, stream.Frame{Fin: true, Opcode: op, Payload: p})
	})},
	{"WritePrepared", 1, answeringPrepared},
	{"NewWriter, Write, Close", 6, answeringStreams(func(w *stream.Writer, r *stream.Reader, p []byte) error {
		n, err := r.Read(p)
		if err == nil {
			_, err = w.Write(p[:n])
		}
		return err
	})},
	{"io.Copy from a Reader to a Writer", 6, answeringStreams(func(w *stream.Writer, r *stream.Reader, _ []byte) error {
		_, err := io.Copy(w, r)
		return err
	})},
	{"NetConn", 1, answeringTunnel},
}

func answeringWhole(send func(*stream.Conn[stream.Message], context.Context, opcode.Opcode, []byte) error) answering {
	return func(t *testing.T, hs stream.Handshake) (func() error, io.Closer) {
		c, wire := flood(t, hs, stream.Lite)
		return func() error {
			m, err := c.Receive(context.Background())
			if err != nil {
				return err
			}
			return send(c, context.Background(), m.Opcode, m.Data)
		}, wire
	}
}

func answeringBuffers(t *testing.T, hs stream.Handshake) (func() error, io.Closer) {
	bufs := make(net.Buffers, 2)
	return answeringWhole(func(c *stream.Conn[stream.Message], ctx context.Context, op opcode.Opcode, p []byte) error {
		bufs[0], bufs[1] = p[:500], p[500:]
		return c.WriteBuffers(ctx, op, bufs)
	})(t, hs)
}

func answeringPrepared(t *testing.T, hs stream.Handshake) (func() error, io.Closer) {
	prepared, err := stream.Prepare(opcode.Binary, data[:100])
	if err != nil {
		t.Fatal(err)
	}
	return answeringWhole(func(c *stream.Conn[stream.Message], ctx context.Context, _ opcode.Opcode, _ []byte) error {
		return c.WritePrepared(ctx, prepared)
	})(t, hs)
}

func answeringStreams(copy func(*stream.Writer, *stream.Reader, []byte) error) answering {
	return func(t *testing.T, hs stream.Handshake) (func() error, io.Closer) {
		c, wire := flood(t, hs, stream.Standard)
		p := make([]byte, 1000)
		return func() error {
			r, err := c.Receive(context.Background())
			if err != nil {
				return err
			}
			w, err := c.NewWriter(context.Background(), r.Opcode())
			if err != nil {
				return err
			}
			return errors.Join(copy(w, r, p), w.Close())
		}, wire
	}
}

func answeringTunnel(t *testing.T, hs stream.Handshake) (func() error, io.Closer) {
	c, wire := flood(t, hs, stream.Standard)
	tunnel, p := netConn(t, c, opcode.Binary), make([]byte, 1000)
	return func() error {
		_, err := io.ReadFull(tunnel, p)
		if err == nil {
			_, err = tunnel.Write(p)
		}
		return err
	}, wire
}

func TestAnAnswerDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, hs := range uncompressed {
		for _, tt := range waysToAnswer {
			var n float64
			for range 5 { // as to the answers to pings, see TestAMessageDoesNotAllocate
				answer, wire := tt.way(t, hs)
				n = testing.AllocsPerRun(50, func() {
					for range 8 {
						if err := answer(); err != nil {
							t.Fatal(err)
						}
					}
				})
				if wire.Close(); n <= tt.most {
					break
				}
			}
			if n > tt.most {
				t.Errorf("%s, server %v, deflate %v: %v allocations for eight answers, want at most %v", tt.name, hs.Server, hs.Deflate, n, tt.most)
			}
		}
	}
}
