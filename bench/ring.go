package main

import (
	"context"
	"sync/atomic"
)

// A ring is a sequence of messages that begins anew after its end, encoded so that any part of it that may be in flight
// is one slice.
type ring struct {
	contents []content
	frames   []byte
	length   int // of a frame
}

// ringSize is about how many bytes of messages differ from one another.
const ringSize = 1 << 20

func newRing(j job) ring {
	var r ring
	first := byte(fin | opBinary)
	if j.Text {
		first = fin | opText
	}
	n := int(min(64, max(2, ringSize/j.Size)))
	for i := range n {
		r.contents = append(r.contents, small(j, i))
	}
	for i := range n + j.InFlight {
		f := encode(first, true, r.contents[i%n].period)
		r.frames, r.length = append(r.frames, f...), len(f)
	}
	return r
}

func (r ring) want(i int) content { return r.contents[i%len(r.contents)] }

// part returns n messages from the i-th on.
func (r ring) part(i, n int) []byte {
	i %= len(r.contents)
	return r.frames[i*r.length : (i+n)*r.length]
}

// streamed is from what size on a message is sent while its echo comes, which a library may send before it has all.
const streamed = 16 << 10

// echo sends n messages in all, and receives them back.
func (l *load) echo(n int) error {
	return l.together(func(_ context.Context, p *peer) error {
		received := p.in.messages
		sent, end := received, received+n/len(l.peers)
		for received < end {
			part := l.ring.part(sent, min(end-sent, l.job.InFlight-(sent-received)))
			sent += len(part) / l.ring.length
			failed := make(chan error, 1)
			if l.job.Size >= streamed {
				go func() { failed <- p.write(part) }()
			} else {
				failed <- p.write(part)
			}
			err := p.receive(received + 1)
			if err != nil {
				p.conn.Close()
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
