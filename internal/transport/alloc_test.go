package transport_test

import (
	"io"
	"testing"
	"unsafe"

	"github.com/litert/websocket/internal/buffer"
	"github.com/litert/websocket/internal/gate"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/internal/wstest"
)

func wantNoAllocation(t *testing.T, name string, do func() error) {
	t.Helper()
	if err := do(); err != nil { // the pools are filled
		t.Fatalf("%s: %v", name, err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if err := do(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}); n != 0 {
		t.Errorf("%s: %v allocations", name, n)
	}
}

// What every connection has, idle or not, is to stay within what the heap has for so many bytes.
func TestAConnectionIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(transport.Conn{}); n > 256 {
		t.Errorf("%d bytes", n)
	}
}

func TestACallAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, tr := range wstest.Transports {
		if tr.Name == "pipe" {
			continue // net.Pipe allocates for each deadline
		}
		t.Run(tr.Name, func(t *testing.T) {
			cfg := transport.Config{Idle: 1 << 40, Patience: 1 << 40}
			c, sink := pair(t, tr, cfg)
			go io.Copy(io.Discard, sink)
			b := transport.Bounds{Ctx: background.Ctx, Deadline: new(transport.Deadline)}
			large := data[14 : 100<<10]
			if tr.Name == "tls" {
				large = large[:1000] // crypto/tls allocates for more
			}
			wantNoAllocation(t, "Write", func() error { _, err := c.Write(b, data[:14], large); return err })
			wantNoAllocation(t, "Write of one part", func() error { _, err := c.Write(b, nil, data[:100]); return err })
			wantNoAllocation(t, "TryWrite", func() error { _, err := c.TryWrite(data[:100]); return err })
			var g gate.Gate
			wantNoAllocation(t, "Enter", func() error { defer g.Leave(); return b.Enter(&g, nil) })

			c, source := pair(t, tr, cfg)
			go func() {
				for {
					if _, err := source.Write(data[:1<<20]); err != nil {
						return
					}
				}
			}()
			p := make([]byte, 1000)
			wantNoAllocation(t, "Read", func() error { _, err := c.Read(b, p); c.Alive(); return err })
			if c.CanAwait() && tr.Name != "tls" { // crypto/tls allocates for a read that finds nothing
				wantNoAllocation(t, "Await", func() error {
					buf, _, err := c.Await(b, buffer.Small)
					buffer.Give(buf)
					return err
				})
			}
			c.Cut()
		})
	}
}

func TestSendingAFileAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	onSockets(t, func(t *testing.T, tr wstest.Transport) {
		file := fileOf(t, data)
		c, f, peer := openFile(t, tr, file, transport.Config{Idle: 1 << 40})
		go io.Copy(io.Discard, peer)
		wantNoAllocation(t, "SendFile", func() error {
			file.Seek(0, io.SeekStart)
			if _, err := f.Rest(); err != nil {
				return err
			}
			_, err := c.SendFile(background, f, 1<<20)
			return err
		})
	})
}
