package stream_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

const lastWords = "the last words of this end's peer"

// wholeForms are the frames of a message of lastWords.
var wholeForms = map[string]func(t testing.TB, p *wstest.Peer, squeezed bool) [][]byte{
	"in one frame": func(t testing.TB, p *wstest.Peer, squeezed bool) [][]byte {
		return [][]byte{part(t, p, squeezed, true, opcode.Text, lastWords)}
	},
	"in fragments": func(t testing.TB, p *wstest.Peer, squeezed bool) [][]byte {
		return [][]byte{part(t, p, squeezed, false, opcode.Text, lastWords[:5]), part(t, p, squeezed, true, opcode.Continuation, lastWords[5:])}
	},
}

// eachWhole calls test with a connection whose Reader has not been read, of a message that has come whole. The pings that
// the peer sends are told of once they are read, by whichever goroutine.
func eachWhole(t *testing.T, test func(t *testing.T, c *conn, peer *wstest.Peer, r *stream.Reader, pinged <-chan struct{})) {
	for name, form := range wholeForms {
		for _, server := range []bool{true, false} {
			for _, d := range []*stream.Deflate{nil, {}} {
				t.Run(fmt.Sprintf("%s, server %v, compressed %v", name, server, d != nil), func(t *testing.T) {
					t.Parallel()
					c, peer, pinged := openPinged(t, server, d)
					peer.Send(form(t, peer, d != nil)...)
					r, err := c.Receive(bg(t))
					if err != nil {
						t.Fatal(err)
					}
					test(t, c, peer, r, pinged)
				})
			}
		}
	}
}

func openPinged(t *testing.T, server bool, d *stream.Deflate) (*conn, *wstest.Peer, <-chan struct{}) {
	pinged := make(chan struct{}, 1)
	trace := stream.WithTrace(&stream.Trace{PingReceived: func([]byte) { pinged <- struct{}{} }})
	a, b := wstest.TCP(t)
	c := openWith(t, a, stream.Handshake{Server: server, Deflate: d}, stream.Standard, []stream.Option{stream.CloseTimeout(4 * patient), trace})
	return c, wstest.NewPeer(t, b, !server), pinged
}

// readLastWords reads the message to its last byte, and not to its end.
func readLastWords(t *testing.T, r io.Reader) {
	t.Helper()
	p := make([]byte, len(lastWords))
	if _, err := io.ReadFull(r, p); string(p) != lastWords || err != nil {
		t.Fatalf("got %q, %v", p, err)
	}
}

// shuttingDown has Shutdown begin, and returns when it reads, as nobody else does.
func shuttingDown(t *testing.T, c *stream.Socket, peer *wstest.Peer, pinged <-chan struct{}) {
	t.Helper()
	go c.Shutdown(bg(t), closecode.NormalClosure, "")
	peer.SendFrame(true, opcode.Ping, "")
	select {
	case <-pinged:
	case <-time.After(patient):
		t.Fatal("Shutdown does not read")
	}
}

// wantEnd checks that each way to read r says that the message was whole, again and again.
func wantEnd(t *testing.T, c *conn, r *stream.Reader) {
	t.Helper()
	for range 2 {
		for _, how := range readings {
			if !within(t, how.name, func() { c.Abort() }, func() {
				if p, err := how.read(r); len(p) > 0 || err != nil {
					t.Errorf("%s at the end of the message: %q, %v", how.name, p, err)
				}
			}) || t.Failed() {
				return
			}
		}
	}
}

func TestAReaderAtItsEndSaysSoWhileShutdownReads(t *testing.T) {
	t.Parallel()
	eachWhole(t, func(t *testing.T, c *conn, peer *wstest.Peer, r *stream.Reader, pinged <-chan struct{}) {
		readLastWords(t, r)
		shuttingDown(t, c.Socket, peer, pinged)
		if wantEnd(t, c, r); t.Failed() {
			return
		}
		peer.SendFrame(true, opcode.Binary, "another message, which Shutdown discards")
		peer.SendClose(closecode.NormalClosure, "")
		peer.Close()
		wantEnd(t, c, r)
	})
}

func TestAReaderAtItsEndSaysSoAfterTheConnectionHasEnded(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *conn, *wstest.Peer){
		"Close": func(_ *testing.T, c *conn, _ *wstest.Peer) { c.Close() },
		"Abort": func(_ *testing.T, c *conn, _ *wstest.Peer) { c.Abort() },
		"Shutdown": func(t *testing.T, c *conn, peer *wstest.Peer) {
			peer.SendClose(closecode.NormalClosure, "")
			peer.Close()
			c.Shutdown(bg(t), closecode.NormalClosure, "")
		},
		"Shutdown that has no time": func(t *testing.T, c *conn, _ *wstest.Peer) {
			c.Shutdown(ended(t), closecode.NormalClosure, "")
		},
		"Close after a write has failed": func(t *testing.T, c *conn, peer *wstest.Peer) {
			peer.ReadWriteCloser.(*net.TCPConn).SetLinger(0)
			peer.Close()
			for c.WriteText(bg(t), "x") == nil {
			}
			c.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachWhole(t, func(t *testing.T, c *conn, peer *wstest.Peer, r *stream.Reader, _ <-chan struct{}) {
				readLastWords(t, r)
				end(t, c, peer)
				wantEnd(t, c, r)
			})
		})
	}
}

// The last piece of a message is with the destination of WriteTo, when the connection ends.
func TestWriteToIsAtItsEndWhateverComesDuringItsLastPiece(t *testing.T) {
	t.Parallel()
	for name, meanwhile := range map[string]func(*testing.T, *conn, *wstest.Peer, <-chan struct{}){
		"Close": func(_ *testing.T, c *conn, _ *wstest.Peer, _ <-chan struct{}) { c.Close() },
		"Abort": func(_ *testing.T, c *conn, _ *wstest.Peer, _ <-chan struct{}) { c.Abort() },
		"Shutdown begins": func(t *testing.T, c *conn, peer *wstest.Peer, pinged <-chan struct{}) {
			shuttingDown(t, c.Socket, peer, pinged)
		},
		"Shutdown comes to its end": func(t *testing.T, c *conn, peer *wstest.Peer, pinged <-chan struct{}) {
			shuttingDown(t, c.Socket, peer, pinged)
			peer.SendClose(closecode.NormalClosure, "")
			peer.Close()
			<-c.Done()
		},
		"Shutdown, and the end soon": func(t *testing.T, c *conn, peer *wstest.Peer, pinged <-chan struct{}) {
			shuttingDown(t, c.Socket, peer, pinged)
			sent := make(chan struct{})
			time.AfterFunc(time.Millisecond, func() {
				defer close(sent)
				peer.SendClose(closecode.NormalClosure, "")
			})
			t.Cleanup(func() { <-sent })
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachWhole(t, func(t *testing.T, c *conn, peer *wstest.Peer, r *stream.Reader, pinged <-chan struct{}) {
				written := 0
				dst := writerFunc(func(p []byte) (int, error) {
					if written += len(p); written == len(lastWords) {
						meanwhile(t, c, peer, pinged)
					}
					return len(p), nil
				})
				within(t, "WriteTo", func() { c.Abort() }, func() {
					if n, err := r.WriteTo(dst); n != int64(len(lastWords)) || err != nil {
						t.Errorf("WriteTo: %d bytes of %d, %v", n, len(lastWords), err)
					}
				})
				wantEnd(t, c, r)
			})
		})
	}
}

// A tunnel does not take a message that was read to its last byte for one that was cut short.
func TestATunnelThatHasReadAMessageWholeWasNotCutShort(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *conn, *wstest.Peer, <-chan struct{}){
		"Close": func(_ *testing.T, c *conn, _ *wstest.Peer, _ <-chan struct{}) { c.Close() },
		"Shutdown": func(t *testing.T, c *conn, peer *wstest.Peer, pinged <-chan struct{}) {
			shuttingDown(t, c.Socket, peer, pinged)
			peer.SendClose(closecode.NormalClosure, "")
			peer.Close()
			<-c.Done()
		},
	} {
		for form, frames := range wholeForms {
			for _, d := range []*stream.Deflate{nil, {}} {
				t.Run(fmt.Sprintf("%s, %s, compressed %v", name, form, d != nil), func(t *testing.T) {
					t.Parallel()
					c, peer, pinged := openPinged(t, true, d)
					tunnel := netConn(t, c, opcode.Text)
					peer.Send(frames(t, peer, d != nil)...)
					readLastWords(t, tunnel)
					end(t, c, peer, pinged)
					within(t, "Read", func() { c.Abort() }, func() {
						if n, err := tunnel.Read(make([]byte, 10)); n != 0 || !errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrUnexpectedEOF) {
							t.Errorf("Read: %d, %v", n, err)
						}
					})
				})
			}
		}
	}
}
