package stream_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A recordCounter is a conn below TLS that knows how many bytes each record has that was written.
type recordCounter struct {
	net.Conn
	mu      sync.Mutex
	records []int
}

func (c *recordCounter) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for rest := p; len(rest) >= 5; {
		n := int(rest[3])<<8 | int(rest[4])
		c.records = append(c.records, n-17) // but for its type and its tag (RFC 8446, section 5.2)
		rest = rest[5+n:]
	}
	return c.Conn.Write(p)
}

// take returns the records since the last call.
func (c *recordCounter) take() []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer func() { c.records = nil }()
	return c.records
}

// Over TLS, a message costs no more records than its bytes and headers fill (RFC 8446, section 5.1).
func TestMessagesFillTheirRecords(t *testing.T) {
	a, b := wstest.TCP(t)
	counter := &recordCounter{Conn: a}
	cert, _ := wstest.Certificate(t, "localhost")
	server := tls.Server(counter, &tls.Config{Certificates: []tls.Certificate{cert}, DynamicRecordSizingDisabled: true})
	client := tls.Client(b, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13})
	go server.Handshake()
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, client)
	c, err := stream.New(server, stream.Handshake{Server: true}, stream.Standard)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	if err := c.WriteText(context.Background(), "x"); err != nil { // what TLS itself had to say has left, too
		t.Fatal(err)
	}
	counter.take()

	whole := func(n int) func() error {
		return func() error { return c.WriteBinary(context.Background(), make([]byte, n)) }
	}
	parts := func(sizes ...int) func() error {
		return func() error {
			var bufs net.Buffers
			for _, n := range sizes {
				bufs = append(bufs, make([]byte, n))
			}
			return c.WriteBuffers(context.Background(), opcode.Text, bufs)
		}
	}
	written := func(n int) func() error {
		return func() error {
			w, err := c.NewWriter(context.Background(), opcode.Binary)
			if err != nil {
				return err
			}
			defer w.Close()
			_, err = w.Write(make([]byte, n))
			return err
		}
	}
	const record, long = 16 << 10, 10 // the header of 64 KiB and more
	for _, tt := range []struct {
		name  string
		send  func() error
		bytes int
	}{
		{"one record", whole(record - 4), record},
		{"a byte more", whole(record - 3), record + 1},
		{"large", whole(1 << 20), 1<<20 + long},
		{"small parts", parts(9000, 9000, 9000), 27000 + 4},
		{"many parts", parts(slices.Repeat([]int{20_000}, 8)...), 160_000 + long},
		{"a small part behind a large one", parts(100_000, 1000), 101_000 + long},
		{"a large part behind a small one", parts(1000, 100_000), 101_000 + long},
		{"fragments", written(1 << 20), 1<<20 + 2*long},
	} {
		if err := tt.send(); err != nil {
			t.Fatal(err)
		}
		if records := counter.take(); len(records) != (tt.bytes+record-1)/record {
			t.Errorf("%s: %d bytes in %d records: %v", tt.name, tt.bytes, len(records), records)
		}
	}
}
