package stream

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"github.com/litert/websocket/opcode"
)

// Probe sends a ping and waits for its pong; it returns how long that took. A goroutine must receive meanwhile, or the
// pong is not seen. The context bounds all of it: when it ends while the pong is awaited, the connection stays as it
// was, and otherwise as in [Socket.WriteText]. When the connection ends, Probe returns why, as Receive does. Any number
// of goroutines may probe at the same time. In a browser, it fails as Ping does.
func (s *Socket) Probe(ctx context.Context) (time.Duration, error) {
	probes := s.ctl.probes.Load()
	if probes == nil { // the first
		s.ctl.probes.CompareAndSwap(nil, new(underWay))
		probes = s.ctl.probes.Load()
	}
	p := probes.add()
	defer probes.remove(p)
	began := time.Now()
	if err := s.writeControl(ctx, opcode.Ping, "Probe", p.data[:]); err != nil {
		return 0, err
	}
	select {
	case <-p.done:
		return p.at.Sub(began), nil
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-s.end.done.Wait():
		return 0, s.Err()
	}
}

// underWay are the pings of Probe whose pongs have not come, in the order in which they were sent, near enough.
type underWay struct {
	mu      sync.Mutex // guards following
	waiting []*probe
}

type probe struct {
	data [8]byte
	at   time.Time     // when the pong came; set before done is closed
	done chan struct{} // closed when it has
}

func (ps *underWay) add() *probe {
	p := &probe{done: make(chan struct{})}
	rand.Read(p.data[:])
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.waiting = append(ps.waiting, p)
	return p
}

func (ps *underWay) remove(p *probe) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.waiting = slices.DeleteFunc(ps.waiting, func(q *probe) bool { return p == q })
}

// answered takes a pong. A peer that lags may answer only the latest of several pings (RFC 6455, section 5.5.3).
func (ps *underWay) answered(data []byte) {
	if ps == nil {
		return
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	i := slices.IndexFunc(ps.waiting, func(p *probe) bool { return string(p.data[:]) == string(data) })
	for _, p := range ps.waiting[:i+1] {
		p.at = time.Now()
		close(p.done)
	}
	ps.waiting = ps.waiting[i+1:]
}
