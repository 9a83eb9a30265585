package stream_test

import (
	"net"
	"testing"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A heard is what a peer has received until it was told no more.
type heard struct {
	messages []string // that came whole
	open     bool     // another one has begun
	closing  string   // payload of the close frame
	err      error    // why it has ended, without a close frame
}

// listen receives until the other end closes the connection.
func listen(t testing.TB, peer *wstest.Peer) <-chan heard {
	t.Helper()
	if c, ok := peer.ReadWriteCloser.(net.Conn); ok {
		c.SetReadDeadline(time.Now().Add(30 * time.Second))
	}
	result := make(chan heard, 1)
	go func() {
		var h heard
		defer func() {
			peer.ReadWriteCloser.Close()
			result <- h
		}()
		var message string
		var inflates bool
		for {
			f, head, err := peer.Receive()
			switch {
			case err != nil:
				h.err = err
				return
			case f.Opcode == opcode.Close:
				h.closing = f.Payload
				return
			case f.Opcode.IsControl():
				continue
			}
			if f.Opcode.IsMessage() == h.open {
				t.Errorf("peer: opcode %v, in a message %v", f.Opcode, h.open)
			}
			if f.Opcode.IsMessage() {
				message, inflates = "", head.RSV1
			}
			h.open = !f.Fin
			if message += f.Payload; f.Fin {
				if inflates {
					message = inflateAll(t, message)
				}
				h.messages = append(h.messages, message)
			}
		}
	}()
	return result
}

// withoutTakeover has each message inflate by itself.
var withoutTakeover = stream.Deflate{ServerNoContextTakeover: true, ClientNoContextTakeover: true}
