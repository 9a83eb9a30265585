package transport_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/internal/buffer"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/internal/wstest"
)

func TestWhatCameIsReadToItsEnd(t *testing.T) {
	onAll(t, func(t *testing.T, tr wstest.Transport) {
		c, peer := pair(t, tr, transport.Config{})
		go func() {
			peer.Write(data[:100_000])
			peer.Close()
		}()
		if got := readAll(t, c, 100_000); got != string(data[:100_000]) {
			t.Error("the bytes have changed")
		}
		for range 2 {
			_, err := c.Read(within(t), make([]byte, 1))
			if failed := wantKind(t, err, transport.Lost, io.EOF); failed.Err != io.EOF {
				t.Errorf("the end is %v", failed.Err)
			}
			_, _, err = c.Await(within(t), buffer.Small)
			wantKind(t, err, transport.Lost, io.EOF)
		}
	})
}

func TestAwaitHandsOverABufferOnceThereAreBytes(t *testing.T) {
	onAll(t, func(t *testing.T, tr wstest.Transport) {
		c, peer := pair(t, tr, transport.Config{})
		for _, size := range []int{buffer.Small, buffer.Large} {
			go peer.Write([]byte("hello"))
			buf, n, err := c.Await(within(t), size)
			if err != nil || len(buf) != size || string(buf[:n]) != "hello" {
				t.Errorf("%q in %d bytes, %v", buf[:n], len(buf), err)
			}
			buffer.Give(buf)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if buf, n, err := c.Await(transport.Bounds{Ctx: ctx}, buffer.Small); buf != nil || n != 0 || err == nil {
			t.Errorf("%d bytes, %d, %v", len(buf), n, err)
		}
	})
}

// Whatever ends a read, the next one goes on.
func TestBoundsEndAReadAndLoseNothing(t *testing.T) {
	own := errors.New("an error of its own")
	tests := []struct {
		name   string
		bounds func(c *transport.Conn) (transport.Bounds, func())
		want   error
	}{
		{"context", func(*transport.Conn) (transport.Bounds, func()) {
			ctx, cancel := context.WithCancel(context.Background())
			return transport.Bounds{Ctx: ctx}, cancel
		}, context.Canceled},
		{"strange context", func(*transport.Conn) (transport.Bounds, func()) {
			ctx, cancel := context.WithCancel(context.Background())
			return transport.Bounds{Ctx: strangeContext{ctx, own}}, cancel
		}, own},
		{"deadline", func(c *transport.Conn) (transport.Bounds, func()) {
			d := new(transport.Deadline)
			d.Store(time.Now().Add(time.Hour))
			return transport.Bounds{Ctx: context.Background(), Deadline: d}, func() { c.SetDeadline(d, time.Unix(1, 0)) }
		}, os.ErrDeadlineExceeded},
		{"deadline of none before", func(c *transport.Conn) (transport.Bounds, func()) {
			d := new(transport.Deadline)
			return transport.Bounds{Ctx: context.Background(), Deadline: d}, func() { c.SetDeadline(d, time.Now().Add(time.Millisecond)) }
		}, os.ErrDeadlineExceeded},
	}
	onAll(t, func(t *testing.T, tr wstest.Transport) {
		c, peer := pair(t, tr, transport.Config{})
		for _, tt := range tests {
			for _, await := range []bool{false, true} {
				b, end := tt.bounds(c)
				timer := time.AfterFunc(5*time.Millisecond, end)
				var n int
				var err error
				if await {
					_, n, err = c.Await(b, buffer.Small)
				} else {
					n, err = c.Read(b, make([]byte, 10))
				}
				timer.Stop()
				if failed := wantKind(t, err, transport.Bounded, tt.want); n != 0 || failed.Broken {
					t.Errorf("%s: %d bytes, broken %v", tt.name, n, failed.Broken)
				}
				go peer.Write([]byte("hello"))
				if got := readAll(t, c, 5); got != "hello" {
					t.Errorf("%s: then %q came", tt.name, got)
				}
			}
		}
	})
}

func TestAReadThatAlwaysHasBytesObeysItsBounds(t *testing.T) {
	onAll(t, func(t *testing.T, tr wstest.Transport) {
		c, peer := pair(t, tr, transport.Config{})
		go func() {
			for {
				if _, err := peer.Write(data[:1000]); err != nil {
					return
				}
			}
		}()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		var err error
		for p := make([]byte, 100); err == nil; {
			_, err = c.Read(transport.Bounds{Ctx: ctx}, p)
		}
		wantKind(t, err, transport.Bounded, context.DeadlineExceeded)
		d := new(transport.Deadline)
		d.Store(time.Now().Add(20 * time.Millisecond))
		for p := make([]byte, 100); err == nil; {
			_, err = c.Read(transport.Bounds{Ctx: context.Background(), Deadline: d}, p)
		}
		wantKind(t, err, transport.Bounded, nil)
	})
}

// Kicks of contexts that come behind their reads do not end the ones behind.
func TestALateKickEndsNoOtherRead(t *testing.T) {
	onAll(t, func(t *testing.T, tr wstest.Transport) {
		c, peer := pair(t, tr, transport.Config{})
		go func() {
			for range 300 {
				peer.Write([]byte("x"))
			}
		}()
		for range 300 {
			ctx, cancel := context.WithCancel(context.Background())
			go cancel()
			n, err := c.Read(transport.Bounds{Ctx: ctx}, make([]byte, 1))
			for err != nil {
				wantKind(t, err, transport.Bounded, context.Canceled)
				n, err = c.Read(within(t), make([]byte, 1))
			}
			if n != 1 {
				t.Fatalf("%d bytes", n)
			}
		}
	})
}

// A conn that returns nothing, or times out for no reason, does not spin for ever.
type futile struct {
	net.Conn
	err error
}

func (f futile) Read([]byte) (int, error) { return 0, f.err }

func TestATransportThatReturnsNothingIsLost(t *testing.T) {
	for want, err := range map[error]error{io.ErrNoProgress: nil, os.ErrDeadlineExceeded: os.ErrDeadlineExceeded} {
		a, b := net.Pipe()
		defer b.Close()
		c := open(t, futile{a, err}, transport.Config{})
		for _, deadline := range []time.Time{{}, time.Now().AddDate(1000, 0, 0)} {
			b := transport.Bounds{Ctx: within(t).Ctx, Deadline: new(transport.Deadline)}
			b.Deadline.Store(deadline)
			_, err := c.Read(b, make([]byte, 1))
			wantKind(t, err, transport.Lost, want)
		}
	}
}

func TestDiscardEndsWithThePeerOrAtItsTime(t *testing.T) {
	onAll(t, func(t *testing.T, tr wstest.Transport) {
		c, peer := pair(t, tr, transport.Config{})
		began := time.Now()
		c.Discard(began.Add(20 * time.Millisecond))
		if took := time.Since(began); took < 20*time.Millisecond || took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
		go func() {
			peer.Write(data[:100_000])
			peer.Close()
		}()
		c.Discard(time.Now().Add(time.Minute))
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestDiscardToEndsWhereItIsTold(t *testing.T) {
	onAll(t, func(t *testing.T, tr wstest.Transport) {
		c, peer := pair(t, tr, transport.Config{})
		go peer.Write(data[:100_000])
		came := 0
		c.DiscardTo(time.Now().Add(time.Minute), func(p []byte) bool {
			if !bytes.Equal(p, data[came:came+len(p)]) {
				t.Errorf("behind %d bytes others have come", came)
			}
			came += len(p)
			return came == 100_000
		})
		if came != 100_000 {
			t.Errorf("%d bytes have come", came)
		}
	})
}

func TestALateKickDoesNotEndDiscard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		defer b.Close()
		c := transport.New(a, transport.Config{})
		defer c.Cut()
		for range 3 {
			go b.Write([]byte("x"))
			if _, err := c.Read(background, make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			time.AfterFunc(500*time.Millisecond, c.Kick)
			began := time.Now()
			c.Discard(began.Add(time.Second))
			if took := time.Since(began); took != time.Second {
				t.Fatalf("it took %v", took)
			}
		}
	})
}

func TestWhatHasComeAndWasNotReadIsSeen(t *testing.T) {
	onAll(t, func(t *testing.T, tr wstest.Transport) {
		c, peer := pair(t, tr, transport.Config{})
		go peer.Write([]byte("ab"))
		if got := readAll(t, c, 1); got != "a" {
			t.Fatalf("%q came", got)
		}
		if c.Drained() {
			t.Error("a byte was not read, and is not seen")
		}
		if known := runtime.GOOS == "linux" && (tr.Name == "tcp" || tr.Name == "unix"); c.Drained() != known {
			t.Errorf("then all is read: %v", !known)
		}
	})
}
