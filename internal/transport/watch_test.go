package transport_test

import (
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/internal/wstest"
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

// No alarm keeps a connection in memory that was closed, for as long as the idle timeout, even if the system keeps its timer.
func TestAClosedConnectionIsFreed(t *testing.T) {
	kinds := map[string]func() (io.ReadWriteCloser, net.Conn){
		"tls":          tlsOverPipe,
		"no deadlines": bareOverPipe,
		"floor": func() (io.ReadWriteCloser, net.Conn) {
			a, b := wstest.TCP(t)
			return tlsFrom(transport.UnderTLS(a), b)
		},
	}
	for name, kind := range kinds {
		for _, farewell := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, farewell %v", name, farewell), func(t *testing.T) {
				a, peer := kind()
				defer peer.Close()
				go io.Copy(io.Discard, peer)
				c := transport.New(a, transport.Config{Idle: time.Hour})
				for range 2 { // also behind the end
					c.Write(background, nil, data[:100])
					if farewell {
						c.Close(time.Second)
					}
					c.Cut()
					c.Read(background, make([]byte, 1))
				}
				alarms := []*time.Timer{c.AlarmOfWrites(), c.AlarmOfReads()}
				left := weak.Make(c)
				for deadline := time.Now().Add(30 * time.Second); left.Value() != nil; runtime.GC() {
					if time.Now().After(deadline) {
						t.Fatal("it is still there")
					}
					time.Sleep(time.Millisecond) // for the goroutines that are ending
				}
				runtime.KeepAlive(alarms)
			})
		}
	}
}

// An oneAtATime is a transport whose calls wait for each other, but for Read.
type oneAtATime struct {
	net.Conn
	mu *sync.Mutex
}

func (o oneAtATime) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.Conn.Write(p)
}

func (o oneAtATime) SetWriteDeadline(at time.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.Conn.SetWriteDeadline(at)
}

func (o oneAtATime) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.Conn.Close()
}

func TestCutDoesNotWaitForADeadlineThatCannotBeSet(t *testing.T) {
	a, peer := net.Pipe()
	c := transport.New(oneAtATime{a, new(sync.Mutex)}, transport.Config{Idle: 10 * time.Millisecond})
	written := make(chan struct{})
	go func() {
		defer close(written)
		c.Write(background, nil, data[:100])
	}()
	peer.Read(make([]byte, 1))        // the Write is under way
	time.Sleep(50 * time.Millisecond) // and its deadline is being set; if not, Cut is as any other
	cut := make(chan struct{})
	go func() {
		defer close(cut)
		c.Cut()
	}()
	select {
	case <-cut:
	case <-time.After(10 * time.Second):
		t.Error("Cut waits for the transport")
	}
	peer.Close()
	<-written
	<-cut
}
