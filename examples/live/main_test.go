package main

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

func TestMain(m *testing.M) {
	if os.Getenv("LIVE_IS_THE_PROGRAM") != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

type viewer = stream.Conn[stream.Message]

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// serveFeed serves a feed until stop is called, or the test ends.
func serveFeed(t *testing.T) (f *feed, addr string, stop func()) {
	t.Helper()
	f, err := newFeed([]byte("the first"))
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, ln, f, stream.IdleTimeout(0), stream.KeepAlive(0)) }() // machines are busy
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return f, ln.Addr().String(), stop
}

// watch returns a viewer, whose system takes few bytes for it.
func watch(t *testing.T, addr string) *viewer {
	t.Helper()
	dialer := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if tcp, ok := conn.(*net.TCPConn); ok {
			err = tcp.SetReadBuffer(64 << 10)
		}
		return conn, err
	}
	conn, err := dial.Dial(testContext(t), "ws://"+addr+"/live", stream.Simple, dial.NetDial(dialer), stream.IdleTimeout(0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Abort() })
	return conn
}

// see receives a picture, which must be larger than the one before, and returns its number.
func see(ctx context.Context, v *viewer, last uint64) (uint64, string, error) {
	msg, err := v.Receive(ctx)
	if err != nil {
		return last, "", err
	}
	number := binary.BigEndian.Uint64(msg.Data)
	if number <= last {
		return number, "", errors.New("a picture came behind a later one")
	}
	return number, string(msg.Data[16:]), nil
}

// await waits until is returns true.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	ctx := testContext(t)
	for pause := time.Millisecond; !is(); pause = min(2*pause, 100*time.Millisecond) {
		if ctx.Err() != nil {
			t.Fatal(what)
		}
		time.Sleep(pause)
	}
}

// All viewers that read have each picture before the next one is shown, so none may be skipped for them, while a tenth
// reads nothing. These see the newest once they read.
func TestViewersThatAreStuckHoldUpNobodyAndSeeTheNewest(t *testing.T) {
	const viewers, pictures = 200, 40
	f, addr, stop := serveFeed(t)
	var stuck, reading []*viewer
	for i := range viewers {
		if v := watch(t, addr); i%10 == 0 {
			stuck = append(stuck, v)
		} else {
			reading = append(reading, v)
		}
	}
	await(t, "not all viewers are there", func() bool { return f.viewers.Load() == viewers })

	ctx := testContext(t)
	data := strings.Repeat("0123456789abcdef", 2<<10) // 32 KiB, so that the systems hold some of them
	var seen, ended sync.WaitGroup
	seen.Add(len(reading))
	next := make([]chan struct{}, pictures+2) // closed once the picture may be waited for
	for i := range next {
		next[i] = make(chan struct{})
	}
	for _, v := range reading {
		ended.Go(func() {
			for want := uint64(1); want <= pictures+1; want++ {
				<-next[want]
				number, got, err := see(ctx, v, want-1)
				if err != nil || number != want || want > 1 && got != data {
					t.Errorf("picture %d of %d bytes, %v; want %d", number, len(got), err, want)
				}
				seen.Done()
			}
			_, err := v.Receive(ctx)
			if code := stream.CloseCode(err); code != closecode.GoingAway {
				t.Errorf("the end is %v", err)
			}
		})
	}
	close(next[1])
	for i := uint64(2); i <= pictures+1; i++ {
		seen.Wait() // all that read have the one before
		seen.Add(len(reading))
		if err := f.show([]byte(data)); err != nil {
			t.Fatal(err)
		}
		close(next[i])
	}
	seen.Wait()
	var reads sync.WaitGroup
	for i, v := range stuck { // at the same time: each waits for a probe of its window, of which TCP sends ever fewer
		reads.Go(func() {
			defer v.Abort() // as it would not answer a close frame
			n := 0
			for last := uint64(0); last < pictures+1; n++ {
				var err error
				if last, _, err = see(ctx, v, last); err != nil {
					t.Errorf("stuck viewer %d, behind picture %d: %v", i, last, err)
					return
				}
			}
			if n > pictures/2 {
				t.Errorf("stuck viewer %d got %d of %d pictures", i, n, pictures+1)
			}
		})
	}
	reads.Wait()
	await(t, "viewers that have left are still there", func() bool { return f.viewers.Load() == int64(len(reading)) })
	stop()
	ended.Wait()
	if n := f.viewers.Load(); n != 0 {
		t.Errorf("%d viewers are left", n)
	}
}

func TestAViewerThatComesLateSeesTheNewestAtOnce(t *testing.T) {
	f, addr, _ := serveFeed(t)
	for _, data := range []string{"second", "third"} {
		if err := f.show([]byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	number, data, err := see(testContext(t), watch(t, addr), 0)
	if err != nil || number != 3 || data != "third" {
		t.Errorf("it sees %d, %q, %v", number, data, err)
	}
}
