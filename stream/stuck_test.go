package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// stuck are peers that keep their connection and have ceased to receive, and what ends the connection, after how long.
var stuck = []struct {
	name  string
	opts  []stream.Option
	alive bool // it sends pings all the same
	want  error
	after time.Duration
}{
	{"silent", nil, false, stream.ErrIdleTimeout, time.Minute},
	{"silent, with KeepAlive", []stream.Option{stream.KeepAlive(10 * time.Second)}, false, stream.ErrNoPong, 20 * time.Second},
	{"pinging, with KeepAlive", []stream.Option{stream.KeepAlive(10 * time.Second)}, true, stream.ErrNoPong, 20 * time.Second},
}

// The class of peers that hold a connection and do nothing with it: whatever a receiver waits for, it learns in time that it
// waits in vain.
func TestAStuckPeerIsFoundInAnyMode(t *testing.T) {
	for _, tt := range stuck {
		for _, how := range waysToReceive {
			for _, within := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %s, within a message %v", tt.name, how.name, within), func(t *testing.T) {
					inBothRoles(t, func(t *testing.T, server bool) {
						synctest.Test(t, func(t *testing.T) {
							a, b := net.Pipe()
							peer := wstest.NewPeer(t, b, !server)
							begin, ping := sentBeforeStuck(peer, within, how.takes(fragments), tt.alive)
							end := how.open(t, a, stream.Handshake{Server: server}, tt.opts)
							defer end.Abort()
							var both sync.WaitGroup
							defer both.Wait()
							defer b.Close()
							both.Go(func() { io.Copy(io.Discard, b) }) // its system takes what comes
							both.Go(func() { dawdle(b, begin, ping) })
							began := time.Now()
							_, err := end.receive(context.Background())
							if took := time.Since(began); !errors.Is(err, tt.want) || took != tt.after {
								t.Errorf("after %v: %v", took, err)
							}
							if errors.Is(err, io.ErrUnexpectedEOF) != within {
								t.Errorf("%v matches io.ErrUnexpectedEOF: %v", err, !within)
							}
						})
					})
				})
			}
		}
	}
}

// sentBeforeStuck returns what peer sends before it is stuck, a part of a message or nothing, and the ping that it goes on
// to send, if it may.
func sentBeforeStuck(peer *wstest.Peer, within, inFragments, alive bool) (begin, ping []byte) {
	switch {
	case within && inFragments:
		begin = peer.Frame(false, opcode.Text, "half")
	case within:
		return peer.FrameOf(frame.Header{Fin: true, Opcode: opcode.Text, Length: 10}, "half"), nil
	}
	if alive {
		ping = peer.Frame(true, opcode.Ping, "alive")
	}
	return begin, ping
}

// dawdle writes begin, and then ping for some minutes, if there is one.
func dawdle(w io.Writer, begin, ping []byte) {
	_, err := w.Write(begin)
	for range 100 {
		if ping == nil || err != nil {
			return
		}
		time.Sleep(3 * time.Second)
		_, err = w.Write(ping)
	}
}
