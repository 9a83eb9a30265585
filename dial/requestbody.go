//go:build !js

package dial

import (
	"errors"
	"io"
	"sync"
)

// A requestBody carries what is written to a stream to net/http, which reads it as the body of the request. A Write has
// ended once net/http has sent all of it: only then does it read again. Nothing is kept, or copied in between.
type requestBody struct {
	sent chan struct{} // closed once the end of the body has been sent, or nothing more will be

	mu       sync.Mutex // guards following
	changed  sync.Cond  // of what Read or Write waits for; the other one signals
	p        []byte     // what is left of the Write that is under way
	taken    bool       // net/http has bytes that it may not have sent
	finished bool       // nothing is written any more
	closed   bool       // nothing is read any more
}

func newRequestBody() *requestBody {
	b := &requestBody{sent: make(chan struct{})}
	b.changed.L = &b.mu
	return b
}

var errStreamOver = errors.New("the stream is over")

// Read gives bytes of a Write to net/http.
func (b *requestBody) Read(buf []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken = false
	if len(b.p) == 0 {
		b.changed.Signal()
	}
	for len(b.p) == 0 && !b.finished && !b.closed {
		b.changed.Wait()
	}
	switch {
	case b.closed:
		return 0, errStreamOver
	case len(b.p) == 0:
		return 0, io.EOF
	}
	n := copy(buf, b.p)
	b.p, b.taken = b.p[n:], true
	return n, nil
}

// Write returns when p has been sent, or cannot be any more. Of the n bytes the last ones may not have been sent then.
func (b *requestBody) Write(p []byte) (n int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.finished {
		return 0, errStreamOver
	}
	b.p = p
	b.changed.Signal()
	for !b.closed && b.isSendingLocked() {
		b.changed.Wait()
	}
	n = len(p) - len(b.p)
	if b.isSendingLocked() {
		err = errStreamOver
	}
	b.p = nil
	return n, err
}

func (b *requestBody) isSendingLocked() bool { return len(b.p) > 0 || b.taken }

// finish has the end of the body sent, behind what is being written. It reports whether nothing is.
func (b *requestBody) finish() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.finished = true
	b.changed.Broadcast()
	return !b.isSendingLocked()
}

// Close is called by net/http, which reads no more.
func (b *requestBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.changed.Broadcast()
	b.endLocked()
	return nil
}

// ended is called once the end of the body has been sent.
func (b *requestBody) ended() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.endLocked()
}

func (b *requestBody) endLocked() {
	select {
	case <-b.sent:
	default:
		close(b.sent)
	}
}
