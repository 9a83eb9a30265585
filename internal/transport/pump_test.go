package transport_test

import (
	"errors"
	"io"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/litert/websocket/internal/buffer"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/internal/wstest"
)

// A script is a transport without deadlines that brings what the test says, and nothing behind that until it is closed.
type script struct {
	steps  []step
	rooms  []int    // of the reads
	memory [][]byte // that they were given
	closed chan struct{}
}

// A step is what a read brings: up to n bytes of data, or as much as it has room for if n is below 0.
type step struct {
	wait time.Duration
	n    int
	err  error
}

func (s *script) Read(p []byte) (int, error) {
	s.rooms, s.memory = append(s.rooms, len(p)), append(s.memory, p)
	if len(s.steps) == 0 {
		<-s.closed
		return 0, io.ErrClosedPipe
	}
	next := s.steps[0]
	s.steps = s.steps[1:]
	time.Sleep(next.wait)
	if next.n < 0 {
		next.n = len(p)
	}
	next.n = min(next.n, len(p))
	return copy(p, data[:next.n]), next.err
}

func (s *script) Write(p []byte) (int, error) { return len(p), nil }
func (s *script) Close() error                { close(s.closed); return nil }

// onScript runs test over steps, in a bubble.
func onScript(t *testing.T, steps []step, test func(t *testing.T, s *script, c *transport.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: steps, closed: make(chan struct{})}
		c := transport.New(s, transport.Config{})
		defer c.Cut()
		test(t, s, c)
	})
}

func TestAReadHasMoreRoomWhileBytesFlow(t *testing.T) {
	const few, some, much = 512, buffer.Small, 32 << 10
	flow := []step{{n: -1}, {n: -1}, {n: -1}, {n: -1}}
	tests := map[string]struct {
		steps []step
		want  []int // of the reads behind flow, and that which waits at last
	}{
		"each is filled":             {nil, []int{much}},
		"the last is not filled":     {[]step{{n: 20_000}}, []int{much, few}},
		"often some is left":         {slices.Repeat([]step{{n: 10_000}}, 15), slices.Concat([]int{much}, slices.Repeat([]int{few, some}, 6), []int{some, some, some})},
		"a little":                   {[]step{{n: few}}, []int{much, few}},
		"a pause":                    {[]step{{n: 10_000, wait: time.Second}, {n: few - 1, wait: time.Second}}, []int{much, few, few}},
		"a message behind the pause": {[]step{{n: 10, wait: time.Second}, {n: few, wait: time.Second}, {n: 1000}}, []int{much, few, some, few}},
		"a flow behind the pause":    {[]step{{n: 10, wait: time.Second}, {n: -1}, {n: -1}, {n: -1}}, []int{much, few, some, much, much}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			onScript(t, slices.Concat(flow, tt.steps), func(t *testing.T, s *script, c *transport.Conn) {
				want := append([]int{few, some, much, much}, tt.want...)
				for len(s.rooms) < len(want) {
					if _, err := c.Read(background, make([]byte, much)); err != nil {
						t.Fatal(err)
					}
					synctest.Wait()
				}
				if !slices.Equal(s.rooms, want) {
					t.Errorf("reads had room for %d bytes, want %d", s.rooms, want)
				}
			})
		})
	}
}

func TestNothingIsReadBeforeAllThatCameIsTaken(t *testing.T) {
	onScript(t, []step{{n: 100}, {n: 100}, {n: 100}}, func(t *testing.T, s *script, c *transport.Conn) {
		synctest.Wait()
		if len(s.rooms) != 0 {
			t.Error("something was read before it was asked for")
		}
		for i := range 200 {
			if _, err := c.Read(background, make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if want := 1 + (i+1)/100; len(s.rooms) != want {
				t.Fatalf("%d bytes were taken, and there were %d reads, want %d", i+1, len(s.rooms), want)
			}
		}
	})
}

// What a read was made into is what Await returns, and nothing is read into it again.
func TestAwaitHandsOverWhatWasReadInto(t *testing.T) {
	steps := slices.Repeat([]step{{n: -1}}, 20)
	onScript(t, steps, func(t *testing.T, s *script, c *transport.Conn) {
		var all [][]byte
		for i := range 10 {
			buf, n, err := c.Await(background, buffer.Small)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if handed := unsafe.SliceData(buf) == unsafe.SliceData(s.memory[i]); handed != (i > 0) || n != s.rooms[i] {
				t.Errorf("%d: %d bytes of %d, handed over %v", i, n, s.rooms[i], handed)
			}
			all = append(all, buf[:n])
		}
		for i, p := range all {
			if string(p) != string(data[:len(p)]) {
				t.Errorf("the bytes of read %d have changed", i)
			}
			buffer.Give(p)
		}
		if _, err := c.Read(background, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		buf, n, err := c.Await(background, buffer.Small) // the rest of what Read has taken some of
		if err != nil || len(buf) != buffer.Small || string(buf[:n]) != string(data[1000:1000+n]) {
			t.Errorf("%d bytes in %d, %v", n, len(buf), err)
		}
		if buf, n, err := c.Await(background, buffer.Large); err != nil || n != 32<<10-1000-buffer.Small {
			t.Errorf("%d bytes in %d, %v", n, len(buf), err)
		}
	})
}

func TestTheErrorOfAReadIsBehindWhatItHasBrought(t *testing.T) {
	own := errors.New("an error of its own")
	for _, await := range []bool{false, true} {
		onScript(t, []step{{n: 300}, {n: 10, err: own}}, func(t *testing.T, s *script, c *transport.Conn) {
			if got := readAll(t, c, 305); got != string(data[:300])+string(data[:5]) {
				t.Error("the bytes have changed")
			}
			read := func() (n int, err error) {
				if !await {
					return c.Read(background, make([]byte, 10))
				}
				buf, n, err := c.Await(background, buffer.Small)
				if (buf == nil) != (err != nil) {
					t.Errorf("%d bytes, %v", len(buf), err)
				}
				return n, err
			}
			if n, err := read(); n != 5 || err != nil {
				t.Errorf("%d bytes, %v", n, err)
			}
			for range 2 {
				_, err := read()
				wantKind(t, err, transport.Lost, own)
			}
			if len(s.rooms) != 2 {
				t.Errorf("%d reads", len(s.rooms))
			}
		})
	}
}

func TestAReadThatBringsNothingIsRepeated(t *testing.T) {
	for _, await := range []bool{false, true} {
		onScript(t, append(slices.Repeat([]step{{}}, 50), step{n: 7}), func(t *testing.T, _ *script, c *transport.Conn) {
			var n int
			var err error
			if await {
				_, n, err = c.Await(background, buffer.Small)
			} else {
				n, err = c.Read(background, make([]byte, 10))
			}
			if n != 7 || err != nil {
				t.Errorf("%d bytes, %v", n, err)
			}
		})
		onScript(t, slices.Repeat([]step{{}}, 200), func(t *testing.T, s *script, c *transport.Conn) {
			var err error
			if await {
				_, _, err = c.Await(background, buffer.Small)
			} else {
				_, err = c.Read(background, make([]byte, 10))
			}
			wantKind(t, err, transport.Lost, io.ErrNoProgress)
		})
	}
}

// That nothing is left behind, the end of the bubble tells.
func TestWhatCameBeforeTheEndIsStillRead(t *testing.T) {
	onScript(t, []step{{n: 100}}, func(t *testing.T, s *script, c *transport.Conn) {
		if _, err := c.Read(background, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		c.Cut()
		synctest.Wait()
		if got := readAll(t, c, 99); got != string(data[1:100]) {
			t.Errorf("%q came", got)
		}
		_, err := c.Read(background, make([]byte, 1))
		wantKind(t, err, transport.Lost, io.ErrClosedPipe)
	})
}

func TestAWaitWithoutDeadlinesHoldsLittle(t *testing.T) {
	const conns = 32
	var open []*transport.Conn
	var peers []io.Writer
	for range conns {
		c, far := pair(t, wstest.Transports[4], transport.Config{Idle: time.Hour})
		open, peers = append(open, c), append(peers, far)
	}
	wantWaitsHoldLittle(t, open, func(i int) { peers[i].Write(data[:1]) })
	runtime.KeepAlive(peers)
}
