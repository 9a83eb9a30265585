//go:build linux

package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// A content is so many bytes that nobody foresees, but for four of each eight bits, so that they can be compressed. At a
// place in the middle it waits, if it is to.
type content struct {
	random *rand.ChaCha8
	left   int64
	hash   hash.Hash // of what was read

	waitAt  int64         // how much is left then; negative: it does not wait
	reached chan struct{} // closed when it waits
	goOn    <-chan struct{}
}

func newContent(n int64) *content {
	return &content{random: rand.NewChaCha8([32]byte{byte(n)}), left: n, hash: sha256.New(), waitAt: -1}
}

// waitInMiddle has c wait until goOn is closed, at a place that is in the middle of a message, whatever the mode.
func (c *content) waitInMiddle(goOn <-chan struct{}) {
	c.waitAt, c.reached, c.goOn = c.left/2-c.left/5, make(chan struct{}), goOn
}

func (c *content) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	if c.left == c.waitAt {
		c.waitAt = -1
		close(c.reached)
		<-c.goOn
	}
	p = p[:min(int64(len(p)), c.left)]
	if c.waitAt >= 0 {
		p = p[:min(int64(len(p)), c.left-c.waitAt)]
	}
	c.random.Read(p)
	for i := range p {
		p[i] &= 0x0f
	}
	c.left -= int64(len(p))
	c.hash.Write(p)
	return len(p), nil
}

// A digest is what becomes of what is received.
type digest struct {
	hash.Hash
	n atomic.Int64
}

func newDigest() *digest { return &digest{Hash: sha256.New()} }

func (d *digest) Write(p []byte) (int, error) {
	d.n.Add(int64(len(p)))
	return d.Hash.Write(p)
}

// A flow is what goes in one direction.
type flow struct {
	from, to *end
	total    int64
	content  *content
	digest   *digest
}

// exchange has both ends send n bytes to the other, at the same time. If there is a fault, it happens once both are in
// mid-message, and has to tell them to go on.
func (l *link) exchange(ctx context.Context, n int64, fault func(goOn func()) error) error {
	defer context.AfterFunc(ctx, l.abort)()
	wait := make(chan struct{})
	goOn := sync.OnceFunc(func() { close(wait) })
	defer goOn()
	ended := make(chan error, 4)
	flows := []*flow{{from: l.client, to: l.server}, {from: l.server, to: l.client}}
	for _, f := range flows {
		f.total, f.content, f.digest = n, newContent(n), newDigest()
		if fault != nil {
			f.content.waitInMiddle(wait)
		}
		go func() { ended <- f.from.send(ctx, f.content, n) }()
		go func() { ended <- f.receive(ctx) }()
	}
	var failed error
	if fault != nil {
		failed = cmp.Or(awaitMiddle(flows, ended), fault(goOn))
	}
	for range cap(ended) {
		if failed != nil {
			l.abort()
			goOn()
		}
		failed = cmp.Or(failed, <-ended)
	}
	for _, f := range flows {
		failed = cmp.Or(failed, f.verdict())
	}
	return failed
}

// awaitMiddle waits until all flows are in the middle.
func awaitMiddle(flows []*flow, ended chan error) error {
	for _, f := range flows {
		select {
		case <-f.content.reached:
		case err := <-ended:
			ended <- nil // it was counted
			return fmt.Errorf("before the fault: %w", err)
		}
	}
	return nil
}

// receive receives all of the flow.
func (f *flow) receive(ctx context.Context) error {
	for f.digest.n.Load() < f.total {
		if err := f.to.receive(ctx, f.digest); err != nil {
			return fmt.Errorf("after %d bytes: %w", f.digest.n.Load(), err)
		}
	}
	return nil
}

// verdict returns an error unless all has come as it was sent.
func (f *flow) verdict() error {
	if !bytes.Equal(f.digest.Sum(nil), f.content.hash.Sum(nil)) {
		return errors.New("what has come is not what was sent")
	}
	return nil
}

// sentAgain returns how many packets of both ends were sent more than once.
func (l *link) sentAgain() (n int, err error) {
	for _, end := range []*end{l.client, l.server} {
		info, err := end.info()
		if err != nil {
			return 0, err
		}
		n += int(info.Total_retrans)
	}
	return n, nil
}

// info returns what the kernel knows of the connection.
func (e *end) info() (info *unix.TCPInfo, err error) {
	raw, err := e.raw.SyscallConn()
	if err != nil {
		return nil, err
	}
	failed := raw.Control(func(fd uintptr) {
		info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	})
	return info, errors.Join(failed, err)
}
