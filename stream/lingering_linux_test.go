package stream_test

import (
	"errors"
	"io"
	"net"
	"testing"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// RFC 6455, section 7.1.1: the server closes the transport at once. To close it with bytes unread would reset it, and take
// from the peer what that has not read.
func TestAServerLingersOnlyBehindAPeerThatMaySendMore(t *testing.T) {
	sockets := wstest.Transports[:2] // of the others it is not known whether something has come
	tests := []struct {
		name    string
		pings   bool
		behind  int // bytes behind the peer's close frame
		lingers bool
	}{
		{"nothing", false, 0, false},
		{"what must not be there", false, 1, true},
		{"what must not be there, and is not read yet", false, 64 << 10, true},
		{"the answer to a ping", true, 0, true},
	}
	for _, tr := range sockets {
		for _, tt := range tests {
			t.Run(tr.Name+"/"+tt.name, func(t *testing.T) {
				a, b := tr.Pair(t)
				peer, ended := wstest.NewPeer(t, a, false), make(chan struct{})
				c := open(t, b, true, stream.WithTrace(&stream.Trace{Ended: func(stream.Summary) { close(ended) }}))
				if tt.pings {
					if err := c.Ping(bg(t), nil); err != nil {
						t.Fatal(err)
					}
				}
				peer.Send(peer.Frame(true, opcode.Close, wstest.ClosePayload(closecode.NormalClosure, "")), make([]byte, tt.behind))
				if _, err := c.Receive(bg(t)); !errors.Is(err, io.EOF) {
					t.Errorf("Receive: %v", err)
				}
				select {
				case <-ended:
					if tt.lingers {
						t.Error("the transport is closed")
					}
				default:
					if !tt.lingers {
						t.Error("the transport is open")
					}
				}
				if tt.pings {
					peer.SendFrame(true, opcode.Pong, "")
					peer.Want(true, opcode.Ping, "")
				}
				peer.WantClose(closecode.NormalClosure)
				if _, _, err := peer.Receive(); err != io.EOF {
					t.Errorf("behind the close frame: %v", err)
				}
				peer.Close()
				<-ended
			})
		}
	}
}

// A ping may come behind the peer's close frame. Where the transport was closed, the system resets it then.
func TestAServerTakesNothingFromAPeerThatIsSlowAndPings(t *testing.T) {
	a, b := wstest.Transports[0].Pair(t)
	a.(*net.TCPConn).SetReadBuffer(64 << 10)
	b.(*net.TCPConn).SetWriteBuffer(1 << 20)
	peer := wstest.NewPeer(t, a, false)
	c := open(t, b, true)
	large := make([]byte, 256<<10)
	if err := c.WriteBinary(bg(t), large); err != nil {
		t.Fatal(err)
	}
	peer.Send(peer.Frame(true, opcode.Close, wstest.ClosePayload(closecode.NormalClosure, "")))
	if _, err := c.Receive(bg(t)); !errors.Is(err, io.EOF) {
		t.Errorf("Receive: %v", err)
	}
	peer.SendFrame(true, opcode.Ping, "")
	peer.Want(true, opcode.Binary, string(large))
	peer.WantClose(closecode.NormalClosure)
	peer.WantEnd()
}
