package stream_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
)

// The transport is no socket of the system, as that of TLS is none: what is put off is put together all the same, and needs
// no goroutine for each.
func TestAnswersOfANetConnGoOutTogetherOverAnything(t *testing.T) {
	const n = 200
	a, b := wstest.TCP(t)
	counting := &countingConn{Conn: b}
	c, peer := netConn(t, open(t, counting, true), opcode.Binary), wstest.NewPeer(t, a, false)
	text := strings.Repeat("x", 40)
	peer.Send(bytes.Repeat(peer.Frame(true, opcode.Binary, text), n))
	p := make([]byte, len(text))
	allocated := testing.AllocsPerRun(n-1, func() { // with one processor: what is put off waits until this goroutine does
		_, err := io.ReadFull(c, p)
		if err == nil {
			_, err = c.Write(p)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	for range n {
		peer.Want(true, opcode.Binary, text)
	}
	if allocated > 0 && !raceEnabled {
		t.Errorf("%v allocations for each answer", allocated)
	}
	if got := counting.writes.Load(); got > n/10 {
		t.Errorf("%d writes for %d answers", got, n)
	}
}

// What a Write has taken arrives, whoever has sent it, and nothing else does.
func TestSmallWritesThatMeetAndTimeOutLoseNothing(t *testing.T) {
	const writers, each, size = 8, 200, 100
	for _, tr := range append(tunnelTransports, wstest.Transports[1], wstest.Transports[4]) {
		t.Run(tr.Name, func(t *testing.T) {
			from, to := tunnel(t, tr)
			var mu sync.Mutex
			taken := make(map[uint32]bool)
			var all sync.WaitGroup
			for i := range writers {
				all.Go(func() {
					for k := range each {
						p := make([]byte, size)
						id := uint32(i*each + k)
						binary.BigEndian.PutUint32(p, id)
						if k%10 == 0 { // for all writers
							from.SetWriteDeadline(time.Now().Add(time.Duration(k) * time.Microsecond))
						}
						n, err := from.Write(p)
						switch {
						case err == nil && n == size:
							mu.Lock()
							taken[id] = true
							mu.Unlock()
						case n != 0 || !errors.Is(err, os.ErrDeadlineExceeded):
							t.Errorf("Write: %d, %v", n, err)
						default:
							from.SetWriteDeadline(time.Time{})
						}
					}
				})
			}
			go func() {
				all.Wait()
				from.SetWriteDeadline(time.Time{})
				closeWrite(t, from)
			}()
			got, err := io.ReadAll(to)
			if err != nil || len(got) != size*len(taken) {
				t.Fatalf("got %d bytes, %v; %d were taken", len(got), err, size*len(taken))
			}
			for ; len(got) > 0; got = got[size:] {
				id := binary.BigEndian.Uint32(got)
				if !taken[id] {
					t.Errorf("message %d arrives, which was not taken, or twice", id)
				}
				delete(taken, id)
			}
		})
	}
}
