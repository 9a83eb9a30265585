package transport_test

import (
	"context"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/internal/gate"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/internal/wstest"
)

// A timed is a connection over a net.Pipe, in a bubble whose clock stands still while there is something to do.
type timed struct {
	*testing.T
	*transport.Conn
	peer  net.Conn
	began time.Time
}

// inBubble runs test with deadlines of the transport, and with those of a goroutine.
func inBubble(t *testing.T, cfg transport.Config, test func(c timed)) {
	t.Helper()
	for _, bare := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			a, b := net.Pipe()
			defer b.Close()
			c := timed{T: t, peer: b, began: time.Now()}
			if bare {
				c.Conn = transport.New(wstest.Bare{ReadWriteCloser: a}, cfg)
			} else {
				c.Conn = transport.New(a, cfg)
			}
			defer c.Cut()
			test(c)
		})
	}
}

// at does something at a time of the bubble.
func (c timed) at(d time.Duration, do func()) { time.AfterFunc(d-time.Since(c.began), do) }

// send lets bytes come at a time of the bubble.
func (c timed) send(at time.Duration) { c.at(at, func() { c.peer.Write([]byte("x")) }) }

// read reads, and checks how that ends, and when; end is nil for bytes.
func (c timed) read(b transport.Bounds, end *transport.Error, at time.Duration) {
	c.Helper()
	_, err := c.Read(b, make([]byte, 10))
	c.ended(err, end, at)
}

func (c timed) ended(err error, end *transport.Error, at time.Duration) {
	c.Helper()
	if end != nil {
		wantKind(c, err, end.Kind, end.Err)
	} else if err != nil {
		c.Errorf("got %v, want bytes", err)
	}
	if now := time.Since(c.began); now != at {
		c.Errorf("it has ended after %v, want %v", now, at)
	}
}

var (
	idle       = &transport.Error{Kind: transport.Idle}
	unanswered = &transport.Error{Kind: transport.Unanswered}
	tooLate    = &transport.Error{Kind: transport.Bounded, Err: os.ErrDeadlineExceeded}
)

func TestBytesInEitherDirectionBeginTheIdleTimeOfAReadAnew(t *testing.T) {
	inBubble(t, transport.Config{Idle: time.Minute}, func(c timed) {
		c.read(background, idle, time.Minute)
		c.send(100 * time.Second)
		c.read(background, nil, 100*time.Second)
		time.Sleep(time.Hour) // nothing waits
		go func() {
			time.Sleep(30 * time.Second)
			go c.Write(background, []byte("x"), nil)
			c.peer.Read(make([]byte, 1))
		}()
		c.read(background, idle, 100*time.Second+time.Hour+90*time.Second)
		if c.Moved() != 100*time.Second+time.Hour+30*time.Second || c.Now() != time.Since(c.began) {
			t.Errorf("it moved at %v, and it is %v", c.Moved(), c.Now())
		}
	})
}

func TestTheTimeBeforeTheFirstWaitIsNotIdle(t *testing.T) {
	for _, before := range []time.Duration{30 * time.Second, time.Hour} { // the deadline that New has set has expired, or not
		inBubble(t, transport.Config{Idle: time.Minute}, func(c timed) {
			time.Sleep(before)
			c.read(background, idle, before+time.Minute)
		})
	}
}

func TestWhatThePeerSendsDoesNotKeepAWriteFromBeingIdle(t *testing.T) {
	inBubble(t, transport.Config{Idle: time.Minute}, func(c timed) {
		c.send(50 * time.Second)
		go c.Read(background, make([]byte, 1))
		_, err := c.Write(background, data[:100], nil)
		c.ended(err, idle, time.Minute)
	})
}

func TestAChangeOfTheIdleTimeoutReachesWhatWaits(t *testing.T) {
	inBubble(t, transport.Config{}, func(c timed) {
		c.at(time.Minute, func() { c.SetIdleTimeout(3 * time.Minute) })
		c.at(2*time.Minute, func() { c.SetIdleTimeout(150 * time.Second) })
		c.read(background, idle, 150*time.Second)
		c.SetIdleTimeout(1<<63 - 1) // overflows nothing
		c.send(time.Hour)
		c.read(background, nil, time.Hour)
		c.at(2*time.Hour, func() { c.SetIdleTimeout(time.Second) })
		_, err := c.Write(background, data[:100], nil)
		c.ended(err, idle, 2*time.Hour)
		if c.IdleTimeout() != time.Second {
			t.Errorf("the idle timeout is %v", c.IdleTimeout())
		}
	})
}

func TestAChangeOfADeadlineReachesWhatWaits(t *testing.T) {
	inBubble(t, transport.Config{Idle: time.Hour}, func(c timed) {
		d := new(transport.Deadline)
		b := transport.Bounds{Ctx: context.Background(), Deadline: d}
		d.Store(c.began.Add(time.Minute))
		c.at(30*time.Second, func() { c.SetDeadline(d, c.began.Add(2*time.Minute)) })
		c.at(90*time.Second, func() { c.SetDeadline(new(transport.Deadline), c.began) }) // another's
		c.read(b, tooLate, 2*time.Minute)
		c.read(b, tooLate, 2*time.Minute)
		c.SetDeadline(d, time.Time{})
		c.at(3*time.Minute, func() { c.SetDeadline(d, c.began.Add(4*time.Minute)) })
		c.read(b, tooLate, 4*time.Minute)
		c.SetDeadline(d, time.Time{})
		c.at(5*time.Minute, func() { c.SetDeadline(d, c.began) })
		_, err := c.Write(b, data[:100], nil)
		c.ended(err, tooLate, 5*time.Minute)
	})
}

func TestOnlyASignOfLifeAnswers(t *testing.T) {
	inBubble(t, transport.Config{Patience: time.Minute}, func(c timed) {
		c.send(time.Hour)
		c.read(background, nil, time.Hour) // nothing was asked
		c.Alive()
		if c.Unanswered() || c.LastAlive() != time.Hour {
			t.Errorf("unanswered %v, alive at %v", c.Unanswered(), c.LastAlive())
		}
		// The second time it is asked does not count.
		for _, s := range []time.Duration{10, 20} {
			c.at(time.Hour+s*time.Second, func() { c.Asked(c.Now()) })
		}
		c.send(time.Hour + 30*time.Second)
		c.read(background, nil, time.Hour+30*time.Second)
		c.Alive()
		c.at(time.Hour+40*time.Second, func() { c.Asked(c.Now()) })
		for _, s := range []time.Duration{50, 70, 90} {
			c.send(time.Hour + s*time.Second)
			c.read(background, nil, time.Hour+s*time.Second)
		}
		if !c.Unanswered() {
			t.Error("bytes were taken for a sign of life")
		}
		c.read(background, unanswered, time.Hour+100*time.Second)
	})
}

// While nothing reads, an answer may lie there unread.
func TestOnlyTheTimeOfWaitsCountsForASignOfLife(t *testing.T) {
	inBubble(t, transport.Config{Patience: time.Minute}, func(c timed) {
		c.Asked(time.Second)
		ctx, cancel := context.WithDeadline(context.Background(), c.began.Add(31*time.Second))
		defer cancel()
		c.read(transport.Bounds{Ctx: ctx}, &transport.Error{Err: context.DeadlineExceeded}, 31*time.Second)
		time.Sleep(time.Hour)
		c.read(background, unanswered, time.Hour+61*time.Second)
	})
}

func TestAnAnswerBeginsTheTimeForTheNextAnew(t *testing.T) {
	inBubble(t, transport.Config{Patience: time.Minute}, func(c timed) {
		for i := range time.Duration(3) {
			at := time.Second + i*100*time.Second
			c.at(at, func() { c.Asked(c.Now()) })
			c.send(at + 50*time.Second)
			c.read(background, nil, at+50*time.Second)
			c.Alive()
		}
		c.at(time.Hour, func() { c.Asked(c.Now()) })
		c.read(background, unanswered, time.Hour+time.Minute)
	})
}

func TestWithoutPatienceAnAnswerMayTakeForEver(t *testing.T) {
	inBubble(t, transport.Config{}, func(c timed) {
		c.Asked(time.Second)
		c.send(24 * time.Hour)
		c.read(background, nil, 24*time.Hour)
		if !c.Unanswered() {
			t.Error("it was answered")
		}
	})
}

func TestAllThatWaitWithADeadlineAreWoken(t *testing.T) {
	tests := map[string]struct {
		end  func(d *transport.Deadline)
		want error
	}{
		"by its time":             {func(d *transport.Deadline) { time.Sleep(time.Minute) }, os.ErrDeadlineExceeded},
		"by one in the past":      {func(d *transport.Deadline) { d.Store(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		"by another":              {func(d *transport.Deadline) { d.Store(time.Now().Add(time.Hour)) }, gate.ErrWoken},
		"by none":                 {func(d *transport.Deadline) { d.Store(time.Time{}) }, gate.ErrWoken},
		"by a call without cause": {func(d *transport.Deadline) { d.Wake() }, gate.ErrWoken},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var g gate.Gate
				g.TryEnter()
				d := new(transport.Deadline)
				d.Store(time.Now().Add(time.Minute))
				b := transport.Bounds{Ctx: context.Background(), Deadline: d}
				failed := make(chan error, 5)
				for range 5 {
					go func() { failed <- b.Enter(&g, nil) }()
				}
				synctest.Wait()
				tt.end(d)
				for range 5 {
					if err := <-failed; err != tt.want {
						t.Errorf("got %v, want %v", err, tt.want)
					}
				}
				d.Wake()
				changed, _, stop := d.Wait()
				defer stop()
				select {
				case <-changed:
					t.Error("a change wakes what waits behind it")
				default:
				}
			})
		})
	}
}

// A contextThatEnds ends behind a look at it that has not seen that, and before what the look is for.
type contextThatEnds struct {
	context.Context
	cancel context.CancelFunc
}

func (c contextThatEnds) Err() error {
	err := c.Context.Err()
	c.cancel()
	time.Sleep(time.Millisecond)
	return err
}

func TestNoMomentIsTheWrongOneForAContextToEnd(t *testing.T) {
	inBubble(t, transport.Config{Idle: time.Hour}, func(c timed) {
		end := func() transport.Bounds {
			ctx, cancel := context.WithCancel(context.Background())
			return transport.Bounds{Ctx: contextThatEnds{ctx, cancel}}
		}
		_, err := c.Read(end(), make([]byte, 1))
		wantKind(c, err, transport.Bounded, context.Canceled)
		_, err = c.Write(end(), data[:100], nil)
		wantKind(c, err, transport.Bounded, context.Canceled)
		if took := time.Since(c.began); took > time.Second { // a few looks
			t.Errorf("it took %v", took)
		}
	})
}

func TestEnterObeysTheContextAndTheLatch(t *testing.T) {
	var g gate.Gate
	var done gate.Latch
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	b := transport.Bounds{Ctx: ctx}
	if err := b.Enter(&g, &done); err != nil {
		t.Errorf("an open gate: %v", err)
	}
	if err := b.Enter(&g, &done); err != context.Canceled {
		t.Errorf("a context that has ended: %v", err)
	}
	done.Set()
	if err := background.Enter(&g, &done); err != gate.ErrDone {
		t.Errorf("a latch that is set: %v", err)
	}
	var none *transport.Deadline
	if none.Wake(); none.Expired() || !none.Load().IsZero() {
		t.Error("a nil deadline is one")
	}
}
