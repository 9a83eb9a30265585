package stream_test

import (
	"encoding/binary"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// RFC 6455, section 7.4: a code that a peer may send is answered with itself, and any other is a protocol error. There
// are few enough to try them all, at each end; in the other modes, all up to 5000 and some of those beyond.
func TestEveryCloseCode(t *testing.T) {
	modes := map[string]bool{"Read": true, "Simple": true, "Lite": true, "Frames": true, "Decode": true}
	for _, server := range []bool{true, false} {
		p := wstest.NewPeer(nil, nil, !server)
		for _, r := range receivers {
			if !modes[r.name] || raceEnabled && r.name != "Read" {
				continue // another way to read a message; and the race detector takes ten times as long
			}
			t.Run(fmt.Sprintf("%s, server %v", r.name, server), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					good := 0
					for code := range 1 << 16 {
						if r.name != "Read" && code > 5000 && code%101 != 0 && code != 1<<16-1 {
							continue
						}
						payload := binary.BigEndian.AppendUint16(nil, uint16(code))
						d := delivery{server: server, limit: 1, wire: p.Frame(true, opcode.Close, string(payload))}
						transport := &tape{chops: chops{bytes: d.wire}}
						g := r.run(t, transport, d)
						synctest.Wait()
						want := plainClose(payload)
						if end := endingOf(g.err); end != want {
							t.Errorf("%d: the end is %v (%v), want %v", code, end, g.err, want)
						}
						if want.why == closed {
							good++
						}
						answer := (&plainReader{rest: transport.written.Bytes(), server: !server, limit: stream.Unlimited}).run()
						if answer.end.why != closed || answer.end.code != want.code || len(answer.frames) > 0 {
							t.Errorf("%d: the answer is %v, want %d", code, answer, want.code)
						}
						if t.Failed() {
							return
						}
					}
					if want := 4 + 8 + 2000; good != want { // 1000 to 1003, 1007 to 1014, and 3000 to 4999
						t.Errorf("%d codes may be sent, want %d", good, want)
					}
				})
			})
		}
	}
}
