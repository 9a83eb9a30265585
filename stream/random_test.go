package stream_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/internal/wstest"
)

// The randomised tests try a fixed number of seeds. To try others for as long as is said:
//
//	go test ./stream -run '^TestRandom(Receiver|Sender)$' -timeout 0 -args -random 10m
var (
	randomTime = flag.Duration("random", 0, "how long each of the randomised tests shall try new seeds, after those that it always tries")
	randomSeed = flag.Uint64("seed", 0, "the only seed that the randomised tests shall try: once, or over and over with -random")
)

// randomly has play act for one seed after the other, up to the first that fails. All that is random comes from the
// seed, but for what the scheduler does.
func randomly(t *testing.T, seeds int, play func(*testing.T, *rand.Rand)) {
	until := time.Now().Add(*randomTime)
	for i := 0; i < seeds || time.Now().Before(until); i++ {
		seed := uint64(i + 1)
		switch {
		case *randomSeed > 0:
			seed = *randomSeed
			seeds = 1
		case i >= seeds:
			seed = rand.Uint64()>>1 + 1
		}
		ok := t.Run(fmt.Sprint(seed), func(t *testing.T) {
			defer func() {
				if t.Failed() {
					name, _, _ := strings.Cut(t.Name(), "/")
					t.Logf("to repeat: go test ./stream -run '^%s$' -args -seed %d", name, seed)
				}
			}()
			play(t, rand.New(rand.NewPCG(seed, 12)))
		})
		if !ok {
			return
		}
	}
}

// oneIn reports true once in n times.
func oneIn(r *rand.Rand, n int) bool { return r.IntN(n) == 0 }

// A strangeContext is one whose error is of its own.
type strangeContext struct{ context.Context }

var errStrange = errors.New("the context has ended in a way of its own")

func (c strangeContext) Err() error {
	if c.Context.Err() != nil {
		return errStrange
	}
	return nil
}

// endingSoon returns a context that ends within n units, or has, in one way or the other.
func endingSoon(r *rand.Rand, n int, unit time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.Background(), unit*time.Duration(r.IntN(n)-1))
	switch r.IntN(4) {
	case 0:
		ctx = strangeContext{ctx}
	case 1:
		time.AfterFunc(unit*time.Duration(r.IntN(n)), cancel)
	}
	return ctx, cancel
}

// fork returns a generator for another goroutine.
func fork(r *rand.Rand) *rand.Rand { return rand.New(rand.NewPCG(r.Uint64(), r.Uint64())) }

// A link is a transport for randomised tests: the end under test, and the other.
type link struct {
	near, far io.ReadWriteCloser
	unit      time.Duration // what a short pause is
}

// randomLink has use work over a transport of any kind; those in memory are in a bubble of fake time.
func randomLink(t *testing.T, r *rand.Rand, use func(*testing.T, link)) {
	kinds := []wstest.Transport{
		{Name: "pipe"}, {Name: "pipe without deadlines"},
		wstest.Transports[0], wstest.Transports[1], wstest.Transports[2], wstest.Transports[4],
	}
	kind := kinds[r.IntN(len(kinds))]
	if kind.Pair == nil {
		synctest.Test(t, func(t *testing.T) {
			l := newPipes()
			l.unit = time.Millisecond
			if kind.Name != "pipe" {
				l.near = wstest.Bare{ReadWriteCloser: l.near}
			}
			bounded(t, kind.Name, 24*time.Hour, l, use)
		})
		return
	}
	l := link{unit: 50 * time.Microsecond}
	l.near, l.far = kind.Pair(t)
	if oneIn(r, 2) { // the end under test has accepted
		l.near, l.far = l.far, l.near
	}
	if bare, ok := l.far.(wstest.Bare); ok {
		l.far = bare.ReadWriteCloser
	}
	smallBuffers(r, l)
	bounded(t, kind.Name, 30*time.Second, l, use)
}

// smallBuffers has writes wait for the peer, sometimes. Below some 32 KiB TCP gets slow.
func smallBuffers(r *rand.Rand, l link) {
	near, far := l.near, socketBelow(l.far)
	if bare, ok := near.(wstest.Bare); ok {
		near = bare.ReadWriteCloser
	}
	near = socketBelow(near)
	size := 32 << 10
	if _, ok := near.(*net.UnixConn); ok {
		size = 4 << 10
	}
	type buffered interface {
		SetReadBuffer(int) error
		SetWriteBuffer(int) error
	}
	if oneIn(r, 2) {
		near.(buffered).SetWriteBuffer(size)
		far.(buffered).SetReadBuffer(size)
	}
}

// socketBelow returns the socket below TLS.
func socketBelow(rwc io.ReadWriteCloser) io.ReadWriteCloser {
	for {
		above, ok := rwc.(interface{ NetConn() net.Conn })
		if !ok {
			return rwc
		}
		rwc = above.NetConn()
	}
}

// bounded calls use, and ends it when it takes too long.
func bounded(t *testing.T, name string, patience time.Duration, l link, use func(*testing.T, link)) {
	t.Helper()
	watchdog := time.AfterFunc(patience, func() {
		stacks := make([]byte, 1<<20)
		t.Errorf("it hangs:\n%s", stacks[:runtime.Stack(stacks, true)])
		l.near.Close()
		l.far.Close()
	})
	defer watchdog.Stop()
	defer l.near.Close()
	defer l.far.Close()
	use(t, l)
	if t.Failed() {
		t.Logf("over %s", name)
	}
}

// pipes are an end of two pipes, one for each direction: so it can be closed for one of them alone.
type pipes struct{ in, out net.Conn }

func newPipes() link {
	a, b := net.Pipe()
	c, d := net.Pipe()
	return link{near: pipes{a, c}, far: halfPipes{pipes{d, b}}}
}

func (p pipes) Read(b []byte) (int, error)         { return p.in.Read(b) }
func (p pipes) Write(b []byte) (int, error)        { return p.out.Write(b) }
func (p pipes) SetReadDeadline(t time.Time) error  { return p.in.SetReadDeadline(t) }
func (p pipes) SetWriteDeadline(t time.Time) error { return p.out.SetWriteDeadline(t) }
func (p pipes) Close() error {
	p.in.Close()
	return p.out.Close()
}

// halfPipes are pipes that the other end can tell to be closed for writing.
type halfPipes struct{ pipes }

func (p halfPipes) CloseWrite() error { return p.out.Close() }
