package transport_test

import (
	"io"
	"testing"
	"time"

	"github.com/litert/websocket/internal/buffer"
	"github.com/litert/websocket/internal/transport"
)

// A duplex is one end of two pipes. It has no deadlines.
type duplex struct {
	*io.PipeReader
	*io.PipeWriter
}

func (d duplex) Close() error {
	d.PipeReader.Close()
	return d.PipeWriter.Close()
}

func newDuplex() (a, b duplex) {
	a.PipeReader, b.PipeWriter = io.Pipe()
	b.PipeReader, a.PipeWriter = io.Pipe()
	return a, b
}

func BenchmarkReadWithoutDeadlines(b *testing.B) {
	const piece = 16 << 10
	for name, read := range map[string]func(c *transport.Conn, p []byte) (int, error){
		"Read": func(c *transport.Conn, p []byte) (int, error) { return c.Read(background, p) },
		"Await": func(c *transport.Conn, p []byte) (int, error) {
			buf, n, err := c.Await(background, len(p))
			buffer.Give(buf)
			return n, err
		},
	} {
		b.Run(name, func(b *testing.B) {
			here, far := newDuplex()
			c := open(b, here, transport.Config{Idle: time.Minute})
			go func() {
				for {
					if _, err := far.Write(data[:piece]); err != nil {
						return
					}
				}
			}()
			p := make([]byte, buffer.Small)
			b.SetBytes(piece)
			b.ReportAllocs()
			b.ResetTimer()
			for rest := b.N * piece; rest > 0; {
				n, err := read(c, p)
				if err != nil {
					b.Fatal(err)
				}
				rest -= n
			}
		})
	}
}

func BenchmarkEchoWithoutDeadlines(b *testing.B) {
	here, far := newDuplex()
	c, d := open(b, here, transport.Config{Idle: time.Minute}), open(b, far, transport.Config{Idle: time.Minute})
	go func() {
		for p := make([]byte, 64); ; {
			n, err := d.Read(background, p)
			if err == nil {
				_, err = d.Write(background, nil, p[:n])
			}
			if err != nil {
				return
			}
		}
	}()
	p := make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Write(background, nil, p); err != nil {
			b.Fatal(err)
		}
		for n := 0; n < len(p); {
			k, err := c.Read(background, p[n:])
			if err != nil {
				b.Fatal(err)
			}
			n += k
		}
	}
}
