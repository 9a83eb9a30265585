package stream_test

import (
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
)

// The pongs that are due to a peer that does not read keep a Reader from nothing, not even for a moment.
func TestADeadlineHoldsWhilePongsAreDue(t *testing.T) {
	for _, how := range readings {
		t.Run(how.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
				go func() {
					peer.SendFrame(false, opcode.Binary, "")
					for range 200 {
						if _, err := peer.Write(peer.Frame(true, opcode.Ping, string(make([]byte, 125)))); err != nil {
							return
						}
					}
				}()
				r, err := c.Receive(bg(t))
				if err != nil {
					t.Fatal(err)
				}
				const patience = 10 * time.Millisecond
				began := time.Now()
				r.SetDeadline(began.Add(patience))
				_, err = how.read(r)
				if took := time.Since(began); !errors.Is(err, os.ErrDeadlineExceeded) || took != patience {
					t.Errorf("%v after %v, want the deadline after %v", err, took, patience)
				}
				c.Abort()
				synctest.Wait()
			})
		})
	}
}
