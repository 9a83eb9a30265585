package stream_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// netConnAndWire returns the server's end of a tunnel, and its wire, which has no buffer: what is written to it at once is
// read at once.
func netConnAndWire(t testing.TB, op opcode.Opcode, opts ...stream.Option) (net.Conn, net.Conn, *wstest.Peer) {
	t.Helper()
	a, b := net.Pipe()
	c := netConn(t, open(t, a, true, opts...), op)
	t.Cleanup(func() { b.Close() })
	return c, b, wstest.NewPeer(t, b, false)
}

// wantRead checks what one Read returns, and that it does not wait.
func wantRead(t testing.TB, c net.Conn, size int, want string) {
	t.Helper()
	began := time.Now()
	p := make([]byte, size)
	if n, err := c.Read(p); string(p[:n]) != want || err != nil {
		t.Errorf("got %q, %v; want %q", p[:n], err, want)
	}
	if passed := time.Since(began); passed != 0 {
		t.Errorf("Read of %q has waited for %v", want, passed)
	}
}

func TestAReadOfANetConnTakesWhatHasCome(t *testing.T) {
	tooLong := strings.Repeat("x", 1001)
	for _, tt := range []struct {
		name   string
		op     opcode.Opcode
		frames func(*wstest.Peer) [][]byte
		reads  []string // of up to 8 bytes
		end    error    // nil: io.EOF, behind a close frame that comes then
	}{
		{"messages", opcode.Binary, func(p *wstest.Peer) [][]byte {
			return [][]byte{p.Frame(true, opcode.Binary, "ab"), p.Frame(true, opcode.Binary, "cd"), p.Frame(true, opcode.Binary, "ef")}
		}, []string{"abcdef"}, nil},
		{"fragments", opcode.Binary, func(p *wstest.Peer) [][]byte {
			return [][]byte{p.Frame(false, opcode.Binary, "ab"), p.Frame(true, opcode.Continuation, "cd"), p.Frame(true, opcode.Binary, "ef")}
		}, []string{"abcdef"}, nil},
		{"more than there is room for", opcode.Binary, func(p *wstest.Peer) [][]byte {
			return [][]byte{p.Frame(true, opcode.Binary, "abcdef"), p.Frame(true, opcode.Binary, "ghijkl"), p.Frame(true, opcode.Binary, "mnop")}
		}, []string{"abcdefgh", "ijklmnop"}, nil},
		{"an empty message", opcode.Binary, func(p *wstest.Peer) [][]byte {
			return [][]byte{p.Frame(true, opcode.Binary, "ab"), p.Frame(true, opcode.Binary, ""), p.Frame(true, opcode.Binary, "cd")}
		}, []string{"ab", "cd"}, nil},
		{"the beginning of a message", opcode.Binary, func(p *wstest.Peer) [][]byte {
			return [][]byte{p.Frame(true, opcode.Binary, "ab"), p.Frame(true, opcode.Binary, "cdef")[:8]}
		}, []string{"abcd"}, io.ErrUnexpectedEOF},
		{"the beginning of a header", opcode.Binary, func(p *wstest.Peer) [][]byte {
			return [][]byte{p.Frame(true, opcode.Binary, "ab"), p.Frame(true, opcode.Binary, "cdef")[:5]}
		}, []string{"ab"}, io.ErrUnexpectedEOF},
		{"a ping", opcode.Binary, func(p *wstest.Peer) [][]byte {
			return [][]byte{p.Frame(true, opcode.Binary, "ab"), p.Frame(true, opcode.Ping, ""), p.Frame(true, opcode.Binary, "cd")}
		}, []string{"ab", "cd"}, nil},
		{"text", opcode.Text, func(p *wstest.Peer) [][]byte {
			return [][]byte{p.Frame(true, opcode.Text, "ab"), p.Frame(true, opcode.Text, "cd")}
		}, []string{"ab", "cd"}, nil},
		{"text that is none", opcode.Text, func(p *wstest.Peer) [][]byte {
			return [][]byte{p.Frame(true, opcode.Text, "ab"), p.Frame(true, opcode.Text, "\xff")}
		}, []string{"ab"}, &stream.ProtocolError{}},
		{"the wrong opcode", opcode.Binary, func(p *wstest.Peer) [][]byte {
			return [][]byte{p.Frame(true, opcode.Binary, "ab"), p.Frame(true, opcode.Text, "cd")}
		}, []string{"ab"}, &stream.ProtocolError{}},
		{"a message within another", opcode.Binary, func(p *wstest.Peer) [][]byte {
			return [][]byte{p.Frame(false, opcode.Binary, "ab"), p.Frame(true, opcode.Binary, "cd")}
		}, []string{"ab"}, &stream.ProtocolError{}},
		{"a reserved bit", opcode.Binary, func(p *wstest.Peer) [][]byte {
			return [][]byte{p.Frame(true, opcode.Binary, "ab"), p.FrameOf(frame.Header{Fin: true, RSV1: true, Opcode: opcode.Binary}, "cd")}
		}, []string{"ab"}, &stream.ProtocolError{}},
		{"a message that is too long", opcode.Binary, func(p *wstest.Peer) [][]byte {
			return [][]byte{p.Frame(true, opcode.Binary, "ab"), p.Frame(true, opcode.Binary, tooLong)}
		}, []string{"ab"}, &stream.LimitError{}},
		{"fragments that are too long", opcode.Binary, func(p *wstest.Peer) [][]byte {
			return [][]byte{p.Frame(false, opcode.Binary, "ab"), p.Frame(true, opcode.Continuation, tooLong[2:])}
		}, []string{"ab"}, &stream.LimitError{}},
		{"a close frame", opcode.Binary, func(p *wstest.Peer) [][]byte {
			return [][]byte{p.Frame(true, opcode.Binary, "ab"), p.Frame(true, opcode.Close, "")}
		}, []string{"ab"}, io.EOF},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, wire, peer := netConnAndWire(t, tt.op, stream.MaxMessageSize(1000))
				go func() { // it reads nothing meanwhile
					var all []byte
					for _, f := range tt.frames(peer) {
						all = append(all, f...)
					}
					peer.Send(all)
				}()
				synctest.Wait()
				for _, want := range tt.reads {
					wantRead(t, c, 8, want)
				}
				go func() {
					if tt.end == nil {
						peer.SendClose(closecode.NormalClosure, "")
					}
					io.Copy(io.Discard, wire)
				}()
				if tt.end == io.ErrUnexpectedEOF {
					wire.Close()
				}
				for range 2 {
					wantEndOfStream(t, c, tt.end)
				}
			})
		})
	}
}

// wantEndOfStream checks that c has ended with an error like want; nil: in order.
func wantEndOfStream(t testing.TB, c net.Conn, want error) {
	t.Helper()
	n, err := c.Read(make([]byte, 8))
	var broken *stream.ProtocolError
	var limit *stream.LimitError
	ok := errors.Is(err, want)
	switch want.(type) {
	case nil:
		ok = err == io.EOF
	case *stream.ProtocolError:
		ok = errors.As(err, &broken)
	case *stream.LimitError:
		ok = errors.As(err, &limit)
	}
	if n != 0 || !ok {
		t.Errorf("at the end: %d, %v; want %v", n, err, want)
	}
}

func TestADeadlineOrCloseBehindBytesIsOfTheNextRead(t *testing.T) {
	for name, end := range map[string]func(net.Conn){
		"deadline": func(c net.Conn) { c.SetReadDeadline(time.Unix(1, 0)) },
		"Close":    func(c net.Conn) { c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, wire, peer := netConnAndWire(t, opcode.Binary)
				go peer.Send(append(peer.Frame(true, opcode.Binary, "abcdef"), peer.Frame(true, opcode.Binary, "ghi")...))
				wantRead(t, c, 4, "abcd")
				go io.Copy(io.Discard, wire)
				end(c)
				n, err := c.Read(make([]byte, 8))
				if n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, net.ErrClosed) {
					t.Errorf("got %d, %v", n, err)
				}
				if name == "Close" {
					return
				}
				c.SetReadDeadline(time.Time{})
				wantRead(t, c, 8, "efghi")
			})
		})
	}
}

// A hook that panics must not take bytes along that a Read has read.
func TestAPanicOfAHookBehindBytesLosesNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		frames := 0
		c, _, peer := netConnAndWire(t, opcode.Binary, stream.WithTrace(&stream.Trace{FrameReceived: func(frame.Header) {
			if frames++; frames == 2 {
				panic("the hook")
			}
		}}))
		go peer.Send(append(peer.Frame(true, opcode.Binary, "ab"), peer.Frame(true, opcode.Binary, "cd")...))
		wantRead(t, c, 8, "ab")
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			c.Read(make([]byte, 8))
		}()
		wantRead(t, c, 8, "cd")
	})
}
