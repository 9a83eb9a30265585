package stream_test

import (
	"fmt"
	"io"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// announced is what the peer says that it will send of a message, and does not.
const announced = 1 << 20

// A peer that announces a compressed message makes this end keep what inflating takes, which is some 50 KiB, and small
// buffers: 16 KiB for what was inflated, and as much for what comes where a buffer is needed to wait for it.
func TestACompressedMessageThatIsOnlyAnnouncedPinsLittle(t *testing.T) {
	if raceEnabled {
		t.Skip("pools drop buffers, and stacks are larger, with the race detector")
	}
	for _, tr := range wstest.Transports[:4] {
		most := 80 << 10
		if tr.Name == "tls" || tr.Name == "pipe" {
			most = 112 << 10
		}
		for how, read := range map[string]func(*stream.Reader){
			"io.Copy": func(r *stream.Reader) { io.Copy(io.Discard, r) },
			"Read": func(r *stream.Reader) {
				for _, err := r.Read(make([]byte, 1)); err == nil; _, err = r.Read(make([]byte, 1)) {
				}
			},
		} {
			for _, sent := range []string{"", compressed(t, prose[:100]) + "\x00\x00\xff\xff"} {
				t.Run(fmt.Sprintf("%s, %s, %d bytes have come", tr.Name, how, len(sent)), func(t *testing.T) {
					if each := pinned(t, tr, sent, read); each > most {
						t.Errorf("%d KiB for each connection, want at most %d", each>>10, most>>10)
					}
				})
			}
		}
	}
}

// pinned returns how much memory a connection keeps whose peer has announced a message, and sent the beginning.
func pinned(t *testing.T, tr wstest.Transport, sent string, read func(*stream.Reader)) (each int) {
	t.Helper()
	const conns = 50
	var all []*conn
	for range conns {
		a, b := tr.Pair(t)
		all = append(all, openWith(t, b, stream.Handshake{Server: true, Deflate: &stream.Deflate{}}, stream.Standard, nil))
		peer := wstest.NewPeer(t, a, false)
		go peer.Send(peer.FrameOf(frame.Header{RSV1: true, Opcode: opcode.Binary, Length: announced}, sent))
	}
	before := heapInUse() + wstest.Stacks()
	var begun, reads sync.WaitGroup
	begun.Add(conns)
	for _, c := range all {
		reads.Go(func() {
			r, err := c.Receive(bg(t))
			if begun.Done(); err != nil {
				t.Errorf("Receive: %v", err)
				return
			}
			read(r)
		})
	}
	begun.Wait()
	time.Sleep(100 * time.Millisecond)
	each = (heapInUse() + wstest.Stacks() - before) / conns
	for _, c := range all {
		c.Abort()
	}
	reads.Wait()
	runtime.KeepAlive(all)
	return each
}
