package stream_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/stream"
)

// A script decides what happens: a number for each decision, and nothing but zeros behind its end.
type script []byte

// below returns a number from 0 to n-1.
func (s *script) below(n int) int {
	v := 0
	for most := n - 1; most > 0; most >>= 8 {
		v <<= 8
		if len(*s) > 0 {
			v += int((*s)[0])
			*s = (*s)[1:]
		}
	}
	return v % n
}

// split deals the rest of s out to n scripts, in pieces of 8 bytes.
func (s script) split(n int) []script {
	parts := make([]script, n)
	for len(s) > 0 {
		i := s.below(n)
		k := min(8, len(s))
		parts[i] = append(parts[i], s[:k]...)
		s = s[k:]
	}
	return parts
}

// ends are the receiving sides that there are.
var ends = []func(t *testing.T, rwc io.ReadWriteCloser, hs stream.Handshake, opts []stream.Option) *end{
	func(t *testing.T, rwc io.ReadWriteCloser, hs stream.Handshake, opts []stream.Option) *end {
		return newOf(t, rwc, hs, stream.Standard, opts, receiveReader)
	},
	func(t *testing.T, rwc io.ReadWriteCloser, hs stream.Handshake, opts []stream.Option) *end {
		return newOf(t, rwc, hs, stream.Simple, opts, receiveMessage)
	},
	func(t *testing.T, rwc io.ReadWriteCloser, hs stream.Handshake, opts []stream.Option) *end {
		return newOf(t, rwc, hs, stream.Lite, opts, receiveMessage)
	},
	func(t *testing.T, rwc io.ReadWriteCloser, hs stream.Handshake, opts []stream.Option) *end {
		return newOf(t, rwc, hs, stream.Frames, opts, receiveFrame)
	},
	func(t *testing.T, rwc io.ReadWriteCloser, hs stream.Handshake, opts []stream.Option) *end {
		return newOf(t, rwc, hs, stream.Decode((*stream.Reader).Bytes), opts, receiveDecoded)
	},
}

// The ends that are something special.
const (
	liteEnd   = 2
	framesEnd = 3
)

// An end is one of the two ends of a connection, whatever its mode.
type end struct {
	*stream.Socket
	t    *testing.T
	lite bool // one of the two is in mode Lite: messages are single frames

	compressed bool // the two have agreed on compression

	// receive receives one message, or gives up soon. An error is the end of the connection.
	receive func(*script) error

	mu      sync.Mutex // guards following
	sent    map[id]*message
	peer    *end
	last    map[int]int // the latest message received of each of the peer's writers
	skipped bool        // not all messages were looked at
	part    []byte      // frames of a message
}

func newOf[M any](t *testing.T, rwc io.ReadWriteCloser, hs stream.Handshake, mode stream.Mode[M], opts []stream.Option,
	receive func(*end, *stream.Conn[M], *script) error) *end {
	c, err := stream.New(rwc, hs, mode, opts...)
	if err != nil {
		t.Fatal(err)
	}
	e := &end{Socket: c.Socket, t: t, sent: map[id]*message{}, last: map[int]int{}}
	e.receive = func(s *script) error { return receive(e, c, s) }
	return e
}

// newEnds returns two ends with a wire in between that delays and chops, and may be cut.
func newEnds(t *testing.T, s *script, wires *sync.WaitGroup) (both [2]*end, cut func()) {
	a, a2 := net.Pipe()
	b, b2 := net.Pipe()
	cut = func() { a2.Close(); b2.Close() }
	wires.Go(newWire(s, cut).carry(a2, b2))
	wires.Go(newWire(s, cut).carry(b2, a2))
	// Whether they compress, and how, is told by the length, so that it costs older scripts nothing.
	var deflate *stream.Deflate
	if how := len(*s); how%2 == 1 {
		deflate = &stream.Deflate{ServerNoContextTakeover: how&2 > 0, ClientNoContextTakeover: how&4 > 0, ServerMaxWindowBits: 15 - how>>3&1*5}
	}
	modes := [2]int{s.below(len(ends)), s.below(len(ends))}
	if modes[0] == framesEnd || modes[1] == framesEnd {
		deflate = nil
	}
	for i, rwc := range []io.ReadWriteCloser{a, b} {
		opts := []stream.Option{stream.IdleTimeout(0)}
		if n := s.below(64); n > 0 && n < 32 {
			opts = append(opts, stream.FragmentSize(n*n*n))
		}
		if n := s.below(16); n > 12 {
			opts = append(opts, stream.KeepAlive(time.Duration(n)*time.Second))
		}
		if s.below(4) == 1 {
			rwc = wstest.Bare{ReadWriteCloser: rwc}
		}
		if deflate != nil {
			opts = append(opts, stream.Compression(stream.CompressionConfig{Threshold: 1}))
		}
		both[i] = ends[modes[i]](t, rwc, stream.Handshake{Server: i == 1, Deflate: deflate}, opts)
		both[i].lite = modes[0] == liteEnd || modes[1] == liteEnd
		both[i].compressed = deflate != nil
	}
	both[0].peer, both[1].peer = both[1], both[0]
	return both, cut
}

// A wire carries bytes in one direction.
type wire struct {
	chops, delays [4]int
	cut           func()
	at            int // where it is cut; 0: nowhere
}

func newWire(s *script, cut func()) *wire {
	w := &wire{cut: cut}
	for i := range w.chops {
		w.chops[i] = 1 + s.below(4096)
		w.delays[i] = max(0, s.below(32)-16)
	}
	if s.below(4) == 1 {
		w.at = 1 + s.below(1<<16)
	}
	return w
}

// carry returns the function that carries what comes from one pipe to the other.
func (w *wire) carry(from, to net.Conn) func() {
	return func() {
		defer to.Close()
		p := make([]byte, 4096)
		for i, total := 0, 0; ; i++ {
			n := w.chops[i%len(w.chops)]
			if total > 4096 {
				n = max(n, 512) // it has to end
			}
			n, err := from.Read(p[:n])
			if err != nil {
				return
			}
			time.Sleep(time.Duration(w.delays[i%len(w.delays)]) * time.Millisecond)
			if total += n; w.at > 0 && total >= w.at {
				n -= total - w.at
				to.Write(p[:n])
				w.cut()
				return
			}
			if _, err := to.Write(p[:n]); err != nil {
				io.Copy(io.Discard, from) // what is on its way in the other direction still arrives
				return
			}
		}
	}
}

// FuzzTwoEnds has two ends of a connection do whatever a script says. Each message must arrive whole and in its order,
// or there is an error; nothing hangs; and no goroutine is left.
func FuzzTwoEnds(f *testing.F) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 4))
		s := make([]byte, 100+r.IntN(1000))
		for i := range s {
			s[i] = byte(r.Uint32())
		}
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 4096 {
			synctest.Test(t, func(t *testing.T) { play(t, script(b)) })
		}
	})
}

// actors of each end: two that write messages, one that does the rest, and the receiver.
const actors = 4

func play(t *testing.T, s script) {
	var wires, acting, receiving sync.WaitGroup
	both, cut := newEnds(t, &s, &wires)
	farewell := s.below(8)
	parts := s.split(2 * actors)
	for i, e := range both {
		p := parts[i*actors:]
		acting.Go(func() { e.writeMessages(0, p[0]) })
		acting.Go(func() { e.writeMessages(1, p[1]) })
		acting.Go(func() { e.control(p[2]) })
		receiving.Go(func() { e.receiveAll(p[3]) })
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		acting.Wait()
		e := both[farewell%2]
		switch farewell / 2 {
		case 0, 1:
			e.shutdown(context.Background(), closecode.NormalClosure)
		case 2:
			e.Close()
		case 3:
			e.Abort()
		}
		receiving.Wait()
		wires.Wait()
	}()
	select {
	case <-done:
	case <-time.After(24 * time.Hour):
		stacks := make([]byte, 1<<20)
		t.Errorf("it hangs:\n%s", stacks[:runtime.Stack(stacks, true)])
		cut()
		<-done
	}
	for _, e := range both {
		e.check()
	}
}

// check checks what must hold for a connection that has ended.
func (e *end) check() {
	err := e.Err()
	var wrong *stream.ProtocolError
	var closed *stream.CloseError
	switch {
	case err == nil || e.Connected() || !e.Ended() || !e.Finished() || e.Writable():
		e.t.Errorf("it has ended, and says %v", err)
	case errors.As(err, &wrong):
		e.t.Errorf("one of our ends breaks the protocol in the eyes of the other: %v", err)
	case errors.As(err, &closed) && (closed.Code == 1002 || closed.Code == 1007 || closed.Code == 1009):
		e.t.Errorf("one of our ends accuses the other: %v", err)
	}
	if werr := e.WriteText(context.Background(), "late"); !errors.Is(werr, net.ErrClosed) || errors.Is(werr, io.EOF) {
		e.t.Errorf("a late write: %v", werr)
	}
	// The peer's close frame comes behind all that it has sent.
	if !errors.As(err, &closed) || errors.Is(err, net.ErrClosed) || e.skipped {
		return
	}
	for i, m := range e.peer.sent {
		if m.sent && !m.received {
			e.t.Errorf("message %v was sent, and did not arrive before %v", i, err)
		}
	}
}
