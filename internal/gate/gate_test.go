package gate_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/litert/websocket/internal/gate"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("runtime.handleEvent")) // of GOOS=js
}

func TestAGateAdmitsOneAtATime(t *testing.T) {
	var g gate.Gate
	var inside, entries int // guarded by g
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				if err := g.Enter(context.Background(), nil); err != nil {
					t.Error(err)
					return
				}
				if inside++; inside != 1 {
					t.Errorf("%d are inside", inside)
				}
				entries++
				inside--
				g.Leave()
			}
		})
	}
	all.Wait()
	if entries != 8000 || g.Busy() || g.Awaited() {
		t.Errorf("%d entries, busy %v, awaited %v", entries, g.Busy(), g.Awaited())
	}
}

// Waits end for every reason at the same time as the gate is left, and no entry is lost.
func TestAWaitThatEndsLeavesTheGateAsItWas(t *testing.T) {
	var g gate.Gate
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 500 {
				ctx, cancel := context.WithCancel(context.Background())
				var done gate.Latch
				changed, expiry := make(chan struct{}), make(chan time.Time, 1)
				go func() {
					switch i % 4 {
					case 0:
						cancel()
					case 1:
						done.Set()
					case 2:
						close(changed)
					default:
						expiry <- time.Now()
					}
				}()
				if err := g.EnterOr(ctx, &done, changed, expiry); err == nil {
					g.Leave()
				} else if want := []error{context.Canceled, gate.ErrDone, gate.ErrWoken, gate.ErrWoken}[i%4]; err != want {
					t.Errorf("%v, want %v", err, want)
				}
				cancel()
			}
		})
	}
	all.Wait()
	if !g.TryEnter() {
		t.Error("the gate is taken")
	}
}

func TestAGateIsLeftToWhatHasWaitedLongest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate.Gate
		g.TryEnter()
		order := make(chan int, 3)
		for i := range 3 {
			go func() {
				g.Enter(context.Background(), nil)
				order <- i
				g.Leave()
			}()
			synctest.Wait()
		}
		if !g.Busy() || !g.Awaited() || g.TryEnter() {
			t.Error("the gate is open")
		}
		g.Leave()
		for i := range 3 {
			if got := <-order; got != i {
				t.Errorf("number %d has entered, want %d", got, i)
			}
		}
	})
}

func TestWhatEndsAWait(t *testing.T) {
	own := errors.New("its own")
	tests := []struct {
		name string
		end  func(cancel context.CancelCauseFunc, done *gate.Latch, changed chan struct{}, expiry chan time.Time)
		want error
	}{
		{"the context", func(cancel context.CancelCauseFunc, _ *gate.Latch, _ chan struct{}, _ chan time.Time) { cancel(own) }, context.Canceled},
		{"the latch", func(_ context.CancelCauseFunc, done *gate.Latch, _ chan struct{}, _ chan time.Time) { done.Set() }, gate.ErrDone},
		{"a change", func(_ context.CancelCauseFunc, _ *gate.Latch, changed chan struct{}, _ chan time.Time) {
			close(changed)
		}, gate.ErrWoken},
		{"expiry", func(_ context.CancelCauseFunc, _ *gate.Latch, _ chan struct{}, expiry chan time.Time) {
			expiry <- time.Now()
		}, gate.ErrWoken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var g gate.Gate
				g.TryEnter()
				ctx, cancel := context.WithCancelCause(context.Background())
				defer cancel(nil)
				var done gate.Latch
				changed, expiry := make(chan struct{}), make(chan time.Time, 1)
				failed := make(chan error, 1)
				go func() { failed <- g.EnterOr(ctx, &done, changed, expiry) }()
				synctest.Wait()
				tt.end(cancel, &done, changed, expiry)
				if err := <-failed; err != tt.want {
					t.Errorf("%v, want %v", err, tt.want)
				}
				if g.Awaited() {
					t.Error("a wait that has ended is counted")
				}
			})
		})
	}
}

func TestALatchIsSetOnce(t *testing.T) {
	var l, untouched gate.Latch
	before := l.Wait()
	if l.IsSet() || !l.Set() || l.Set() || !l.IsSet() || !untouched.Set() {
		t.Error("a latch is not set by the first Set alone")
	}
	<-before
	<-l.Wait()
	<-untouched.Wait()
	if (*gate.Latch)(nil).Wait() != nil {
		t.Error("a nil latch has a channel")
	}
}
