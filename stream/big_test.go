package stream_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

var big = flag.Bool("big", false, "run the tests that send gigabytes")

// A message of any size goes through in constant memory, whichever end sends it.
func TestFourGiBInOneMessage(t *testing.T) {
	size := int64(64 << 20)
	if *big {
		size = 4 << 30
	}
	for _, fromServer := range []bool{true, false} {
		t.Run(fmt.Sprintf("from the server: %v", fromServer), func(t *testing.T) {
			client, server := pair(t, wstest.Transports[0], stream.MaxMessageSize(stream.Unlimited))
			passesInConstantMemory(t, client, server, fromServer, size)
		})
	}
}

// Nor does it take more memory if it is compressed on its way.
func TestFourGiBInOneCompressedMessage(t *testing.T) {
	size := int64(64 << 20)
	if *big {
		size = 4 << 30
	}
	for _, fromServer := range []bool{true, false} {
		for _, d := range deflates[:2] {
			t.Run(fmt.Sprintf("from the server: %v, takeover: %v", fromServer, !d.ServerNoContextTakeover), func(t *testing.T) {
				a, b := wstest.TCP(t)
				client := openDeflate(t, a, false, stream.Standard, d, stream.MaxMessageSize(stream.Unlimited))
				server := openDeflate(t, b, true, stream.Standard, d, stream.MaxMessageSize(stream.Unlimited))
				passesInConstantMemory(t, client, server, fromServer, size)
			})
		}
	}
}

// repetitive is a source without end that compresses well.
type repetitive struct{ at int }

func (r *repetitive) Read(p []byte) (int, error) {
	n := copy(p, prose[r.at:])
	r.at = (r.at + n) % len(prose)
	return n, nil
}

// passesInConstantMemory sends a message of size bytes from one end to the other.
func passesInConstantMemory(t *testing.T, client, server *conn, fromServer bool, size int64) {
	t.Helper()
	from, to := client, server
	if fromServer {
		from, to = server, client
	}
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // garbage as large as all that is alive is not what is measured
	debug.FreeOSMemory()                             // what other tests have left would hide what this one needs
	before := inUse()
	var most atomic.Uint64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			most.Store(max(most.Load(), inUse()))
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	sent := make(chan error, 1)
	go func() {
		w, err := from.NewWriter(bg(t), opcode.Binary)
		if err == nil {
			_, err = io.Copy(w, io.LimitReader(new(repetitive), size))
			err = errors.Join(err, w.Close())
		}
		sent <- err
	}()
	r, err := to.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, r); n != size || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	close(stop)
	<-stopped
	growth := int64(most.Load()) - int64(before)
	t.Logf("memory grew by at most %d KiB", growth>>10)
	if growth > 16<<20 {
		t.Errorf("memory grew by %d MiB", growth>>20)
	}
}

// inUse returns the memory that the process holds of the system, and has not given back.
func inUse() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys - m.HeapReleased
}
