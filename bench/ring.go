package main

import (
	"context"
	"sync/atomic"
)

// A ring is a sequence of messages that begins anew after its end, encoded so that any part of it that may be in flight
// is one slice.
type ring struct {
	contents []content // of the messages
	answers  []content // to them
	frames   []byte
	starts   []int // of each message in frames, and their end
}

// ringSize is about how many bytes of messages differ from one another.
const ringSize = 1 << 20

func newRing(j job) ring {
	r := ring{contents: contents(j), starts: []int{0}}
	r.answers = r.contents
	switch {
	case j.Kind == inflate:
		answer := count(j.Size).answer()
		r.answers = []content{{answer, int64(len(answer))}}
	case j.Way == prepared:
		r.answers = r.contents[:1]
	}
	first := byte(fin | opBinary)
	if j.Text {
		first = fin | opText
	}
	payloads := make([][]byte, len(r.contents))
	for i, c := range r.contents {
		payloads[i] = c.period
	}
	if j.Deflate {
		first |= rsv1
		payloads = squeeze(payloads, j.Takeover)
	}
	for i := range len(payloads) + j.InFlight {
		r.frames = append(r.frames, encode(first, true, payloads[i%len(payloads)])...)
		r.starts = append(r.starts, len(r.frames))
	}
	return r
}

// contents returns those of the messages of j that differ from one another.
func contents(j job) []content {
	all := make([]content, min(64, max(2, ringSize/j.Size)))
	for i := range all {
		all[i] = small(j, i)
	}
	return all
}

// want returns the answer to the i-th message.
func (r ring) want(i int) content { return r.answers[i%len(r.answers)] }

// part returns n messages from the i-th on.
func (r ring) part(i, n int) []byte {
	i %= len(r.contents)
	return r.frames[r.starts[i]:r.starts[i+n]]
}

// streamed is from what size on a message is sent while its echo comes, which a library may send before it has all. So
// are messages that are more than twice that together, which the buffers of the kernel might not hold.
const streamed = 16 << 10

// echo sends n messages in all, and receives them back.
func (l *load) echo(n int) error {
	return l.together(func(_ context.Context, p *peer) error {
		received := p.in.messages
		sent, end := received, received+n/len(l.peers)
		for received < end {
			n := min(end-sent, l.job.InFlight-(sent-received))
			part := l.ring.part(sent, n)
			sent += n
			failed := make(chan error, 1)
			if l.job.Size >= streamed || l.job.Size*int64(l.job.InFlight) > 2*streamed {
				go func() { failed <- p.write(part) }()
			} else {
				failed <- p.write(part)
			}
			err := p.receive(received + 1)
			if err != nil {
				p.drop()
			}
			if werr := <-failed; werr != nil && err == nil {
				err = werr
			}
			if err != nil {
				return err
			}
			received = p.in.messages
		}
		return nil
	})
}

func (p *peer) write(b []byte) error {
	_, err := p.conn.Write(b)
	return err
}

// ahead is how many messages of a fan-out are on their way at once.
const ahead = 2

// fanout sends n messages, one after the other, and waits until all connections have received all of them.
func (l *load) fanout(n int) error {
	arrived := make(chan struct{}, n) // one for each time that all have received as many as there are connections
	var total atomic.Int64
	begun := l.peers[0].in.messages
	return l.together(func(ctx context.Context, p *peer) error {
		if p == l.peers[0] {
			go func() {
				for i := range n {
					if i >= ahead {
						select {
						case <-arrived:
						case <-ctx.Done():
							return
						}
					}
					if p.write(l.ring.part(begun+i, 1)) != nil {
						return // which the receiver notices
					}
				}
			}()
		}
		for p.in.messages < begun+n {
			before := p.in.messages
			if err := p.receive(before + 1); err != nil {
				return err
			}
			for range p.in.messages - before {
				if total.Add(1)%int64(len(l.peers)) == 0 {
					arrived <- struct{}{}
				}
			}
		}
		return nil
	})
}
