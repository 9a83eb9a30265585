package stream

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
)

// keepAlive sends a ping if nothing has come for the interval, and calls itself again.
func (s *Socket) keepAlive() {
	if s.hasEnded() {
		return
	}
	wait := time.Duration(s.clock.heard.Load()) + s.clock.keepAlive - s.clock.now()
	if wait <= 0 {
		wait = s.clock.keepAlive
		// Who receives and misses a pong already gives up, and needs the wire to say so.
		if _, missed := s.readLimit.unansweredSince(0); !missed || !s.recvGate.busy() {
			s.pingUnlessBusy()
		}
	}
	s.pinger.Reset(wait)
	if s.hasEnded() {
		s.pinger.Stop() // end may have come before Reset
	}
}

// pingUnlessBusy sends a ping, and has the receiver wait for something to come.
func (s *Socket) pingUnlessBusy() {
	if !s.wireGate.tryEnter() {
		return
	}
	if s.Finished() {
		s.wireGate.leave()
		return
	}
	at := s.clock.now() // the pong may come before the write returns
	if s.leaveWire(writeSmall(s, bounds{ctx: context.Background()}, frame.Header{Opcode: opcode.Ping}, "")) != nil {
		return
	}
	s.trace.controlSent(opcode.Ping, nil)
	if s.clock.pinged.Load() <= s.clock.heard.Load() {
		s.clock.pinged.Store(int64(at))
	}
	s.readLimit.changed(nil)
}

// Probe sends a ping and waits for its pong; it returns how long that took. Somebody must receive meanwhile, or the
// pong is not seen. The context bounds all of it: when it ends while the pong is awaited, the connection stays as it
// was, and otherwise as in [Socket.WriteText]. When the connection ends, Probe returns why, as Receive does. Any number
// of goroutines may probe at the same time.
func (s *Socket) Probe(ctx context.Context) (time.Duration, error) {
	probes := s.probes.Load()
	if probes == nil { // the first
		s.probes.CompareAndSwap(nil, new(underWay))
		probes = s.probes.Load()
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
	case <-s.done.wait():
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
