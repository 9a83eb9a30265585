package stream_test

import (
	"bytes"
	"context"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A small buffer, of 16 KiB, would take many reads, and several writes for each.
func TestMuchThatCameTogetherIsReadAndAnsweredTogether(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // what is put off waits until this goroutine does
	const small = 16 << 10
	read, written := 0, 0
	for range 100 { // as it may be interrupted
		if read, written = exchange(t, 60); read > small && written > small {
			return
		}
	}
	t.Errorf("at most %d bytes are read at once, and %d written, want more than %d", read, written, small)
}

// exchange answers n messages of 1 KiB that have all come, and returns how many bytes at most were read at once, and written.
func exchange(t *testing.T, n int) (read, written int) {
	a, b := wstest.TCP(t)
	c := openMessages(t, b)
	peer := wstest.NewPeer(t, a, false)
	text := strings.Repeat("x", 1<<10)
	all := bytes.Repeat(peer.Frame(true, opcode.Binary, text), n)
	peer.Send(all)
	for began := time.Now(); arrived(t, b) < len(all); runtime.Gosched() {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("%d bytes of %d have come", arrived(t, b), len(all))
		}
	}
	unread, answered := len(all), 0
	for range n {
		m, err := c.Receive(bg(t))
		if err == nil {
			err = c.WriteBinary(bg(t), m.Data)
		}
		if err != nil {
			t.Fatal(err)
		}
		left, come := arrived(t, b), arrived(t, a)
		read, written = max(read, unread-left), max(written, come-answered)
		unread, answered = left, come
	}
	for range n {
		peer.Want(true, opcode.Binary, text)
	}
	return read, written
}

// openMessages returns a server's connection of whole messages over rwc.
func openMessages(t testing.TB, rwc net.Conn) *stream.Conn[stream.Message] {
	t.Helper()
	c, err := stream.New(rwc, stream.Handshake{Server: true}, stream.Lite)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Abort() })
	return c
}

// A peer that has sent much keeps no larger buffer for it once it is slow again, in the middle of a message too.
func TestAConnectionThatIsSlowAgainHoldsASmallBuffer(t *testing.T) {
	if raceEnabled {
		t.Skip("pools drop buffers with the race detector")
	}
	const conns, most = 20, 20 << 10
	peers, sockets := make([]*wstest.Peer, conns), make([]net.Conn, conns)
	var all sync.WaitGroup
	for i := range conns {
		a, b := wstest.TCP(t)
		c := openMessages(t, b)
		peers[i], sockets[i] = wstest.NewPeer(t, a, false), b
		all.Go(func() {
			for err := error(nil); err == nil; _, err = c.Receive(context.Background()) {
			}
		})
	}
	t.Cleanup(all.Wait)
	before := heapInUse()
	frame := peers[0].Frame(true, opcode.Binary, strings.Repeat("x", 1<<10))
	burst := bytes.Repeat(frame, 40)
	for i, peer := range peers {
		for _, p := range [][]byte{burst, frame[:1], frame[1:2], frame[2:3]} {
			peer.Send(p)
			for arrived(t, sockets[i]) > 0 {
				runtime.Gosched()
			}
		}
	}
	if each := (heapInUse() - before) / conns; each > most {
		t.Errorf("%d KiB for each connection, want at most %d", each>>10, most>>10)
	}
	for _, peer := range peers {
		peer.Close()
	}
}
