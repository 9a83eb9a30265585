package stream_test

import (
	"context"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/census"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// halfRead returns a connection that has read the first bytes of a compressed message, whose end has not come.
func halfRead(t *testing.T) (*conn, *stream.Reader) {
	t.Helper()
	a, b := wstest.TCP(t)
	c := openDeflate(t, a, false, stream.Standard, stream.Deflate{})
	peer := wstest.NewPeer(t, b, true)
	go sendCompressed(peer, false, opcode.Text, compressed(t, prose[:1000])+"\x00\x00\xff\xff")
	r, err := c.Receive(bg(t))
	if err == nil {
		_, err = io.ReadFull(r, make([]byte, 10))
	}
	if err != nil {
		t.Fatal(err)
	}
	return c, r
}

// What is bound to a thread, as a callback from C or the main goroutine of a graphical program, may go on with what
// another goroutine has begun.
func TestACompressedMessageIsReadFromALockedThread(t *testing.T) {
	for name, use := range map[string]func(*conn, *stream.Reader){
		"Close": func(c *conn, _ *stream.Reader) { c.Close() },
		"Read":  func(_ *conn, r *stream.Reader) { io.ReadFull(r, make([]byte, 10)) },
	} {
		t.Run(name, func(t *testing.T) {
			c, r := halfRead(t)
			done := make(chan struct{})
			go func() {
				defer close(done)
				runtime.LockOSThread()
				use(c, r)
			}()
			<-done
		})
	}
}

// Whoever receives when the connection ends has to clear up; TestMain sees what is left.
func TestNoInflaterIsLeftBehind(t *testing.T) {
	for range 200 {
		c, _ := halfRead(t)
		stop := make(chan struct{})
		var g sync.WaitGroup
		g.Go(func() {
			<-c.Done()
			for {
				select {
				case <-stop:
					return
				default:
					c.Receive(context.Background())
				}
			}
		})
		c.Close()
		time.Sleep(time.Millisecond)
		close(stop)
		g.Wait()
		for began := time.Now(); inflaters() > 0; time.Sleep(time.Millisecond) { // those of other tests may still be ending
			if time.Since(began) > 5*time.Second {
				t.Fatalf("%d inflaters are left", inflaters())
			}
		}
	}
}

// inflaters returns how many goroutines inflate.
func inflaters() (n int) {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for stack := range strings.SplitSeq(string(stacks), "\n\n") {
		if strings.Contains(stack, "(*pump).run") {
			n++
		}
	}
	return n
}

// A message may be longer compressed than it is: the blocks that a peer flushes need not hold anything.
func TestACompressedMessageIsNotGathered(t *testing.T) {
	const blocks = 4 << 20
	for _, mode := range []stream.Mode[stream.Message]{stream.Simple, stream.Lite} {
		a, b := wstest.TCP(t)
		c := openDeflate(t, a, false, mode, stream.Deflate{}, stream.MaxMessageSize(4<<20))
		h := frame.Header{Fin: true, RSV1: true, Opcode: opcode.Binary}
		payload := strings.Repeat("\x00\x00\x00\xff\xff", blocks) + "\x00"
		h.Length = int64(len(payload))
		wire := wstest.NewPeer(t, b, true).FrameOf(h, payload)
		receive := func() {
			go b.Write(wire)
			if m, err := c.Receive(bg(t)); len(m.Data) > 0 || err != nil {
				t.Errorf("%v: %d bytes, %v", mode.ReceiveMode(), len(m.Data), err)
			}
		}
		if raceEnabled { // pools drop buffers then
			receive()
		} else {
			wantAllocated(t, 2<<20, receive)
		}
	}
}

func TestAnIdleConnectionInModeSimpleKeepsNothing(t *testing.T) {
	const conns = 20
	random := make([]byte, 900<<10)
	rand.NewChaCha8([32]byte{}).Read(random)
	payload := compressed(t, string(random))
	var open []*stream.Conn[stream.Message]
	before := heapInUse()
	for range conns {
		a, b := wstest.TCP(t)
		c := openDeflate(t, a, false, stream.Simple, stream.Deflate{ServerNoContextTakeover: true, ClientNoContextTakeover: true})
		go sendCompressed(wstest.NewPeer(t, b, true), true, opcode.Binary, payload)
		if _, err := c.Receive(bg(t)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
		if _, err := c.Receive(ctx); err != context.DeadlineExceeded {
			t.Errorf("Receive: %v", err)
		}
		cancel()
		open = append(open, c)
	}
	if kept := (heapInUse() - before) / conns; kept > 64<<10 {
		t.Errorf("%d KiB each", kept>>10)
	}
	runtime.KeepAlive(open)
}

func heapInUse() int { return int(census.Take().Heap) }
