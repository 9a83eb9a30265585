package stream_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// sink is a transport that takes everything, counts it, and has nothing to read.
type sink struct {
	sent int64
	done chan struct{}
}

func (w *sink) Write(p []byte) (int, error) {
	w.sent += int64(len(p))
	return len(p), nil
}

func (w *sink) Read([]byte) (int, error) {
	<-w.done
	return 0, fmt.Errorf("closed")
}

func (w *sink) Close() error {
	close(w.done)
	return nil
}

// events returns JSON of n bytes, whose fields have many values.
func events(n int, seed uint64) []byte {
	random := rand.New(rand.NewPCG(seed, 0))
	names := []string{"alice", "bob", "carol", "dave", "erin", "frank"}
	var p []byte
	for len(p) < n {
		p = fmt.Appendf(p, `{"id":"%016x","time":%d,"user":"%s","value":%.4f,"ok":%t},`, random.Uint64(),
			1_700_000_000+random.IntN(1_000_000), names[random.IntN(len(names))], random.Float64()*1000, random.IntN(2) == 0)
	}
	return p[:n]
}

// What any level sends is what it was given, and the one that is said to compress best does not send more than the fastest.
func TestEveryLevelOfCompression(t *testing.T) {
	var sent [10]int64
	for level := range sent {
		for _, d := range deflates {
			a, b := wstest.TCP(t)
			counted := &countedTransport{Conn: a}
			client := openDeflate(t, counted, false, stream.Standard, d, stream.Compression(stream.CompressionConfig{Level: level}))
			server := openDeflate(t, b, true, stream.Simple, d)
			for _, n := range []int{300, 10, 100_000, 20_000} {
				sent := make(chan error, 1)
				go func() { sent <- client.WriteText(bg(t), prose[:n]) }()
				wantMessage(t, server, opcode.Text, prose[:n])
				if err := <-sent; err != nil {
					t.Fatal(err)
				}
			}
			if counted.sent > 50_000 {
				t.Errorf("level %d with %+v: %d bytes were sent", level, d, counted.sent)
			}
			if d == (stream.Deflate{}) {
				sent[level] = counted.sent
			}
		}
	}
	if sent[9] > sent[1] || sent[6] > sent[1] || sent[0] != sent[1] {
		t.Errorf("the levels from 0 on have sent %v", sent)
	}
}

// A countedTransport counts what is sent.
type countedTransport struct {
	net.Conn
	sent int64
}

func (c *countedTransport) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.sent += int64(n)
	return n, err
}

// BenchmarkCompressionLevels shows what the levels cost, and what of the bytes is left.
func BenchmarkCompressionLevels(b *testing.B) {
	for _, size := range []int{1 << 10, 64 << 10} {
		messages := make([][]byte, 16)
		for i := range messages {
			messages[i] = events(size, uint64(i))
		}
		for _, takeover := range []bool{false, true} {
			for level := 1; level <= 9; level++ {
				b.Run(fmt.Sprintf("size=%d/takeover=%t/level=%d", size, takeover, level), func(b *testing.B) {
					w := &sink{done: make(chan struct{})}
					c := openDeflate(b, w, true, stream.Standard, stream.Deflate{ServerNoContextTakeover: !takeover},
						stream.Compression(stream.CompressionConfig{Level: level}))
					b.SetBytes(int64(size))
					for i := 0; b.Loop(); i++ {
						if err := c.WriteBinary(b.Context(), messages[i%len(messages)]); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(float64(w.sent)/float64(b.N*size), "wire/B")
				})
			}
		}
	}
}
