package transport

import (
	"io"
	"net"
	"sync"

	"github.com/litert/websocket/internal/buffer"
)

// UnderTLS returns what is to stand below TLS in the place of c, so that a [Conn] over that TLS waits without a buffer, and
// writes several records at once. If c is no socket of the system, or the system cannot wait for it, that is c itself.
func UnderTLS(c net.Conn) net.Conn {
	raw, _ := socketOf(c)
	if raw == nil {
		return c
	}
	f := &floor{Conn: c}
	f.await.bind(raw)
	f.await.size = buffer.Small
	return f
}

// A floor is a socket below TLS. All that TLS reads and writes passes through it, so that neither wait has to be within TLS:
// bytes that have come are kept for it, and what it writes is gathered. What it says by itself, as the answer to a KeyUpdate
// is, which it gives while it reads, does not wait either: what the socket has no room for stays gathered, and goes ahead of
// what is written next (RFC 8446, section 4.6.3).
type floor struct {
	net.Conn
	conn *Conn // above TLS; set by New: nil during the handshake, which waits as it likes

	// owned by the caller of Read, which TLS has one of at a time
	await awaiting
	came  []byte // what has come and TLS has not read; a part of await.buf
	dry   bool   // behind came, TLS gets errDry rather than waits

	flushing sync.Mutex // held by the caller of gather, until it has flushed

	mu        sync.Mutex // guards following, and is held for no wait behind the handshake
	gathering bool       // what TLS writes is left to the caller of gather
	cut       bool       // some of what was gathered was not written: nothing may follow
	gathered  []byte     // of a buffer from the pool; nil: nothing is
}

// NetConn returns the socket, as that of a TLS connection does.
func (f *floor) NetConn() net.Conn { return f.Conn }

// errDry is why TLS gets nothing to read. It forgets it, as it is temporary.
var errDry net.Error = dryError{}

type dryError struct{}

func (dryError) Error() string   { return "transport: nothing has come" }
func (dryError) Timeout() bool   { return true }
func (dryError) Temporary() bool { return true }

// Read is for TLS.
func (f *floor) Read(p []byte) (int, error) {
	switch {
	case len(f.came) > 0:
		n := copy(p, f.came)
		if f.came = f.came[n:]; len(f.came) == 0 {
			buffer.Give(f.await.buf)
			f.came, f.await.buf = nil, nil
		}
		return n, nil
	case f.dry:
		return 0, errDry
	}
	n, err := f.Conn.Read(p)
	f.moved(n)
	return n, err
}

// moved notes that n bytes have come, which may be less than TLS can hand out.
func (f *floor) moved(n int) {
	if n > 0 && f.conn != nil {
		f.conn.clock.moved()
	}
}

// wait waits until there is something for TLS to read.
func (f *floor) wait() error {
	n, err := f.await.wait()
	if err == nil {
		f.came = f.await.buf[:n]
		f.moved(n)
	}
	return err
}

// waitAboveFloor reads once into a buffer that it leaves in c.await. TLS is asked first, as it may have more than it has handed
// out, and waited for without its knowledge.
func (c *Conn) waitAboveFloor(f *floor) (n int, err error) {
	for {
		buf := buffer.Take(int(c.await.size))
		f.dry = err != io.EOF // it is for TLS to say what an end means
		n, err = c.rwc.Read(buf)
		f.dry = false
		if n > 0 {
			c.await.buf = buf
			return n, nil
		}
		buffer.Give(buf)
		if err != error(errDry) {
			return 0, err
		}
		if err = f.wait(); err != nil && err != io.EOF {
			return 0, err
		}
	}
}
