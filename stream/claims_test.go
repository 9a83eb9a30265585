package stream_test

import (
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// What a message takes while the rest of it is awaited: 64 KiB, or four times what has come, where it is put together, and
// nothing where WriteTo brings it away. With it goes the read buffer, which net.Pipe has no way to wait without, and which
// is a large one only where much has come.
func TestMemoryGoesByWhatHasComeInAnyMode(t *testing.T) {
	if raceEnabled {
		t.Skip("pools drop buffers with the race detector")
	}
	const beside = 32 << 10 // a small read buffer, and the connection
	inBothRoles(t, func(t *testing.T, server bool) {
		for _, how := range waysToReceive {
			if !how.takes(bounds) {
				continue // its user has the buffers
			}
			fin := server || !how.takes(fragments) // in one frame, or in a fragment
			for _, came := range []int{0, 1000, 1<<20 + 1} {
				most := max(64<<10, 4*came) + beside
				if strings.HasSuffix(how.name, "WriteTo") {
					most = 4*came + beside // bytes.Buffer grows in steps, too
					if came > 32<<10 {
						most += 258 << 10
					}
				}
				if held := heldOnTheWay(t, how, server, fin, came); held > most {
					t.Errorf("%s: %d bytes have come, and %d are held, want at most %d", how.name, came, held, most)
				}
			}
		}
	})
}

// heldOnTheWay returns how much memory is held for a message of which so many bytes have come.
func heldOnTheWay(t *testing.T, how receiver, server, fin bool, came int) (each int) {
	const conns = 4
	payload := string(make([]byte, came))
	synctest.Test(t, func(t *testing.T) {
		var ends [conns]*receiving
		var far [conns]net.Conn
		opts := []stream.Option{stream.MaxMessageSize(stream.Unlimited), stream.IdleTimeout(0)}
		for i := range ends {
			var near net.Conn
			near, far[i] = net.Pipe()
			ends[i] = how.open(t, near, stream.Handshake{Server: server}, opts)
		}
		wire := wstest.NewPeer(t, nil, !server).FrameOf(frame.Header{Fin: fin, Opcode: opcode.Text, Length: 1 << 40}, payload)
		before := heapInUse()
		var both sync.WaitGroup
		for i := range ends {
			both.Go(func() { ends[i].receive(context.Background()) })
			both.Go(func() { far[i].Write(wire) })
		}
		synctest.Wait()
		each = (heapInUse() - before) / conns
		for i := range ends {
			ends[i].Abort()
			far[i].Close()
		}
		both.Wait()
	})
	return each
}

// A message that WriteTo brings away is read into large buffers, where they are taken only once there are bytes. None is held
// while the rest of a header is awaited.
func TestAPartOfAHeaderHoldsNoLargeBuffer(t *testing.T) {
	if raceEnabled {
		t.Skip("pools drop buffers with the race detector")
	}
	const conns = 4
	p := wstest.NewPeer(t, nil, false)
	fragment, ping := p.Frame(false, opcode.Binary, "x"), p.Frame(true, opcode.Ping, "ping")
	for name, parts := range map[string][][]byte{
		"with a fragment":            {slices.Concat(fragment, ping[:1])},
		"behind a fragment":          {fragment, ping[:1]},
		"in two parts":               {fragment, ping[:1], ping[1:3]},
		"a control frame with most":  {fragment, ping[:len(ping)-1]},
		"a control frame in between": {slices.Concat(fragment, ping), ping[:2]},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				before := heapInUse()
				var ends [conns]*conn
				var all sync.WaitGroup
				for i := range ends {
					near, far := net.Pipe()
					ends[i] = open(t, wstest.Bare{ReadWriteCloser: near}, true, stream.IdleTimeout(0))
					all.Go(func() {
						if r, err := ends[i].Receive(context.Background()); err == nil {
							r.WriteTo(io.Discard)
						}
					})
					all.Go(func() { io.Copy(io.Discard, far) })
					for _, part := range parts {
						far.Write(part)
						synctest.Wait()
					}
				}
				if each := (heapInUse() - before) / conns; each > 48<<10 {
					t.Errorf("%d bytes are held", each)
				}
				for _, c := range ends {
					c.Abort()
				}
				all.Wait()
			})
		})
	}
}
