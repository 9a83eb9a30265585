package transport_test

import (
	"io"
	"net"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/litert/websocket/internal/transport"
)

// A write has all of the idle timeout, wherever the alarm of the one before would have ended it.
func TestTheAlarmOfAWriteEndsNoOther(t *testing.T) {
	for name, kind := range overPipes {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, peer := kind()
				defer peer.Close()
				c := transport.New(a, transport.Config{Idle: time.Minute})
				defer c.Cut()
				go func() {
					io.CopyN(io.Discard, peer, 1000)
					time.Sleep(59*time.Second + 500*time.Millisecond)
					io.Copy(io.Discard, peer)
				}()
				if _, err := c.Write(background, nil, data[:500]); err != nil {
					t.Fatal(err)
				}
				time.Sleep(500 * time.Millisecond)
				if n, err := c.Write(background, nil, data[:50_000]); n != 50_000 || err != nil {
					t.Errorf("%d bytes, %v", n, err)
				}
			})
		})
	}
}

// An alarm may ring before the clock shows its time.
func TestAnAlarmThatRingsEarlyIsSetAnew(t *testing.T) {
	for name, kind := range overPipes {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, peer := kind()
				defer peer.Close()
				c := transport.New(a, transport.Config{Idle: time.Minute})
				defer c.Cut()
				began := time.Now()
				time.AfterFunc(time.Minute-time.Nanosecond, c.RingEarly)
				_, err := c.Write(background, nil, data[:1])
				if failed := wantKind(t, err, transport.Idle, nil); !failed.Broken || time.Since(began) != time.Minute {
					t.Errorf("after %v, broken %v", time.Since(began), failed.Broken)
				}
				c.RingEarly() // no write is under way
				_, err = c.Write(background, nil, data[:1])
				wantKind(t, err, transport.Lost, nil)
			})
		})
	}
}

var overPipes = map[string]func() (io.ReadWriteCloser, net.Conn){"tls": tlsOverPipe, "no deadlines": bareOverPipe}

// The alarm of a write does not keep a connection in memory that was closed, for as long as the idle timeout.
func TestAClosedConnectionIsFreed(t *testing.T) {
	for name, kind := range overPipes {
		t.Run(name, func(t *testing.T) {
			a, peer := kind()
			defer peer.Close()
			go io.Copy(io.Discard, peer)
			c := transport.New(a, transport.Config{Idle: time.Hour})
			for range 2 { // also behind the end
				c.Write(background, nil, data[:100])
				c.Close(time.Second)
			}
			left := weak.Make(c)
			for range 100 {
				runtime.GC()
				if left.Value() == nil {
					return
				}
				time.Sleep(10 * time.Millisecond) // for the goroutines that are ending
			}
			t.Error("it is still there")
		})
	}
}
