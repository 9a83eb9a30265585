package transport_test

import (
	"io"
	"testing"

	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/internal/wstest"
)

// A writeCounter is a transport without deadlines that knows how many bytes each write had.
type writeCounter struct {
	io.ReadWriteCloser
	writes []int
}

func (c *writeCounter) Write(p []byte) (int, error) {
	c.writes = append(c.writes, len(p))
	return c.ReadWriteCloser.Write(p)
}

// A stream of HTTP/2 makes a DATA frame of each write, whose header has 9 bytes (RFC 9113, section 4.1). A record of TLS has room
// for 2^14 bytes (RFC 8446, section 5.1).
func TestAFrameOfHTTP2FillsARecordOfTLSWithItsHeader(t *testing.T) {
	a, b := wstest.TCP(t)
	go io.Copy(io.Discard, b)
	counter := &writeCounter{ReadWriteCloser: a}
	c := open(t, counter, transport.Config{})
	if _, err := c.Write(within(t), nil, data[:100_000]); err != nil {
		t.Fatal(err)
	}
	for _, n := range counter.writes[:len(counter.writes)-1] {
		if n != 1<<14-9 {
			t.Errorf("the writes have %d bytes", counter.writes)
			break
		}
	}
}
