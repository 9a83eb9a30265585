package stream_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/stream"
)

// patienceWithACall bounds what must not wait for the peer, and is no measure of its speed.
const patienceWithACall = 10 * time.Second

// A stallingConn takes all that is written until stallAfter was called. What comes behind the room that is left then
// waits for the write deadline, or for Close, as on a socket whose peer does not read.
type stallingConn struct {
	net.Conn
	wall net.Conn // one end of a pipe that nobody reads

	mu    sync.Mutex // guards following
	stall bool
	room  func(n int) int // how much of n bytes that are written next is taken
}

func newStallingConn(t testing.TB, c net.Conn) *stallingConn {
	t.Helper()
	wall, other := net.Pipe()
	t.Cleanup(func() { wall.Close(); other.Close() })
	return &stallingConn{Conn: c, wall: wall}
}

// stallAfter has n further bytes taken, and no more.
func (s *stallingConn) stallAfter(n int) {
	s.stallBy(func(size int) int {
		taken := min(size, n)
		n -= taken
		return taken
	})
}

// stallAfterWrites has what n further calls of Write bring taken, and no more.
func (s *stallingConn) stallAfterWrites(n int) {
	s.stallBy(func(size int) int {
		if n--; n < 0 {
			return 0
		}
		return size
	})
}

// stallThen has nothing more taken, and then called when a write has begun that waits for that.
func (s *stallingConn) stallThen(then func()) {
	s.stallBy(func(int) int {
		then()
		return 0
	})
}

func (s *stallingConn) stallBy(room func(int) int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stall, s.room = true, room
}

func (s *stallingConn) Write(p []byte) (n int, err error) {
	s.mu.Lock()
	size := len(p)
	if s.stall {
		size = s.room(size)
	}
	s.mu.Unlock()
	if size > 0 {
		n, err = s.Conn.Write(p[:size])
	}
	if err != nil || n == len(p) {
		return n, err
	}
	_, err = s.wall.Write(p[n:])
	return n, err
}

func (s *stallingConn) SetDeadline(t time.Time) error {
	s.wall.SetWriteDeadline(t)
	return s.Conn.SetDeadline(t)
}

func (s *stallingConn) SetWriteDeadline(t time.Time) error {
	s.wall.SetWriteDeadline(t)
	return s.Conn.SetWriteDeadline(t)
}

func (s *stallingConn) Close() error {
	s.wall.Close()
	return s.Conn.Close()
}

// An undeadlined connection refuses deadlines, as what a channel of SSH is wrapped in does.
type undeadlined struct{ net.Conn }

var errNoDeadlines = errors.New("deadlines are not supported")

func (undeadlined) SetDeadline(time.Time) error      { return errNoDeadlines }
func (undeadlined) SetReadDeadline(time.Time) error  { return errNoDeadlines }
func (undeadlined) SetWriteDeadline(time.Time) error { return errNoDeadlines }

// overBoth returns the TLS connection over the end a, which is the server's or the client's, after the handshake with
// the end b, and the TLS connection over b.
func overBoth(t testing.TB, a, b net.Conn, server bool) (end, peer *tls.Conn) {
	t.Helper()
	cert, roots := wstest.Certificate(t, "localhost")
	asClient := &tls.Config{RootCAs: roots, ServerName: "localhost"}
	asServer := &tls.Config{Certificates: []tls.Certificate{cert}, SessionTicketsDisabled: true}
	if server {
		end, peer = tls.Server(a, asServer), tls.Client(b, asClient)
	} else {
		end, peer = tls.Client(a, asClient), tls.Server(b, asServer)
	}
	failed := make(chan error, 1)
	go func() { failed <- peer.Handshake() }()
	if err := errors.Join(end.Handshake(), <-failed); err != nil {
		t.Fatal(err)
	}
	return end, peer
}

// A layer is what lies between a connection and the socket below it.
type layer struct {
	name   string
	hidden bool // what lies below cannot be reached: TLS closes it when it will, after five seconds at most
	ends   func(t testing.TB, a, b net.Conn, server bool) (end, peer io.ReadWriteCloser)
}

// over returns the end over a alone. What comes from it is read through b.
func (l layer) over(t testing.TB, a, b net.Conn, server bool) io.ReadWriteCloser {
	t.Helper()
	end, _ := l.ends(t, a, b, server)
	return end
}

// layers are those over which a write that was cut cannot be resumed.
var layers = []layer{
	{"TLS", false, func(t testing.TB, a, b net.Conn, server bool) (io.ReadWriteCloser, io.ReadWriteCloser) {
		end, peer := overBoth(t, a, b, server)
		return end, peer
	}},
	{"behind TLS", true, func(t testing.TB, a, b net.Conn, server bool) (io.ReadWriteCloser, io.ReadWriteCloser) {
		end, peer := overBoth(t, a, b, server)
		return plain{end}, peer
	}},
	{"TLS with more methods", false, func(t testing.TB, a, b net.Conn, server bool) (io.ReadWriteCloser, io.ReadWriteCloser) {
		end, peer := overBoth(t, a, b, server)
		return struct{ *tls.Conn }{end}, peer
	}},
	{"TLS without deadlines", false, func(t testing.TB, a, b net.Conn, server bool) (io.ReadWriteCloser, io.ReadWriteCloser) {
		end, peer := overBoth(t, undeadlined{a}, b, server)
		return end, peer
	}},
	{"no deadlines", false, func(_ testing.TB, a, b net.Conn, _ bool) (io.ReadWriteCloser, io.ReadWriteCloser) {
		return wstest.Bare{ReadWriteCloser: a}, b
	}},
}

// openEnd returns the connection over rwc, which compresses all messages or none.
func openEnd(t testing.TB, rwc io.ReadWriteCloser, server, compressing bool, opts ...stream.Option) *conn {
	t.Helper()
	if compressing {
		return openDeflate(t, rwc, server, stream.Standard, stream.Deflate{}, opts...)
	}
	return open(t, rwc, server, opts...)
}

// fill writes to c until it takes no more, and returns how many bytes it took.
func fill(t testing.TB, c net.Conn) (total int64) {
	t.Helper()
	defer c.SetWriteDeadline(time.Time{})
	p := make([]byte, 1<<20)
	for futile := 0; futile < 3; {
		c.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
		n, err := c.Write(p)
		if err != nil && n == 0 {
			futile++
		}
		total += int64(n)
	}
	return total
}

// wantSoon checks that call returns soon. If not, it has release end what call waits for.
func wantSoon(t testing.TB, what string, call, release func()) {
	t.Helper()
	wantWithin(t, patienceWithACall, what, call, release)
}

func wantWithin(t testing.TB, d time.Duration, what string, call, release func()) {
	t.Helper()
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		call()
	}()
	late := time.NewTimer(d)
	defer late.Stop()
	select {
	case <-returned:
		return
	case <-late.C:
	}
	t.Errorf("%s has not returned after %v", what, d)
	release()
	<-returned
}

// wantClosed checks that the other end of the transport, which is read through raw, is closed soon.
func wantClosed(t testing.TB, raw net.Conn) {
	t.Helper()
	raw.SetReadDeadline(time.Now().Add(patienceWithACall))
	if _, err := io.Copy(io.Discard, raw); isTimeout(err) {
		t.Errorf("the transport was not closed within %v", patienceWithACall)
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
