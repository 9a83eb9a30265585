package transport_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/litert/websocket/internal/buffer"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/internal/wstest"
)

// overFloor returns a connection over TLS with a floor below, and the TLS of its peer, over what wrap makes of the socket.
func overFloor(t *testing.T, cfg transport.Config, wrap func(net.Conn) net.Conn) (*transport.Conn, *tls.Conn) {
	t.Helper()
	a, b := wstest.TCP(t)
	near, far := handshake(t, a, wrap(b))
	return open(t, near, cfg), far
}

// handshake puts TLS on top of both ends, over a floor on the near one, which is the server's.
func handshake(t *testing.T, a, b net.Conn) (near, far *tls.Conn) {
	t.Helper()
	near = tls.Server(transport.UnderTLS(a), &tls.Config{Certificates: []tls.Certificate{certificate}})
	far = tls.Client(b, &tls.Config{InsecureSkipVerify: true})
	failed := make(chan error, 1)
	go func() { failed <- far.Handshake() }()
	if err := near.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	return near, far
}

func asItIs(c net.Conn) net.Conn { return c }

// A chopped connection writes a few bytes at a time.
type chopped struct {
	net.Conn
	size int
}

func (c chopped) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var k int
		k, err = c.Conn.Write(p[n:min(len(p), n+c.size)])
		n += k
	}
	return n, err
}

func TestAwaitAboveTLSLosesNothing(t *testing.T) {
	for _, size := range []int{1, 7, 1000, 1 << 20} {
		c, far := overFloor(t, transport.Config{}, func(c net.Conn) net.Conn { return chopped{c, size} })
		if !c.CanAwait() {
			t.Skip("the system cannot wait without a buffer")
		}
		want := data[:min(int64(len(data)), int64(size)*3000)]
		go func() {
			for rest := want; len(rest) > 0; { // records of all sizes
				n := min(len(rest), 1+len(rest)/2)
				far.Write(rest[:n])
				rest = rest[n:]
			}
			far.CloseWrite()
		}()
		var got []byte
		for i := 0; ; i++ {
			var p [100]byte
			var err error
			if i%3 == 0 { // by turns
				var n int
				n, err = c.Read(within(t), p[:])
				got = append(got, p[:n]...)
			} else {
				var buf []byte
				var n int
				buf, n, err = c.Await(within(t), buffer.Small)
				got = append(got, buf[:n]...)
				buffer.Give(buf)
			}
			if err != nil {
				wantKind(t, err, transport.Lost, io.EOF)
				break
			}
		}
		if !bytes.Equal(got, want) {
			t.Errorf("in pieces of %d: %d bytes came of %d, or they differ", size, len(got), len(want))
		}
	}
}

// A deadline that an earlier write has left must not meet what TLS says by itself, which it would not get over.
func TestWhatTLSSaysByItselfMeetsNoDeadline(t *testing.T) {
	a, b := wstest.TCP(t)
	near, far := handshake(t, a, b)
	c := open(t, near, transport.Config{Idle: 10 * time.Millisecond})
	if _, err := c.Write(within(t), data[:100], nil); err != nil {
		t.Fatal(err)
	}
	time.Sleep(30 * time.Millisecond) // the idle timeout has passed, while nothing waits
	alert := []byte{21, 3, 3, 0, 2, 1, 0}
	if _, err := near.NetConn().Write(alert); err != nil {
		t.Error(err)
	}
	if n, err := io.ReadFull(far, make([]byte, 100)); err != nil {
		t.Errorf("%d bytes came, and %v", n, err)
	}
}

// What was gathered goes out in order, whoever reads when, and however much it is.
func TestRecordsThatAreGatheredArriveInOrder(t *testing.T) {
	c, far := overFloor(t, transport.Config{Idle: time.Minute}, asItIs)
	sizes := []int{1, 100, 16 << 10, 16<<10 + 1, 256 << 10, 1 << 20, 0, 3 << 20}
	go func() {
		for i, size := range sizes {
			if n, err := c.Write(within(t), data[:i], data[:size]); err != nil || n != i+size {
				t.Errorf("%d bytes: %d, %v", i+size, n, err)
			}
		}
		c.CloseWrite(time.Now().Add(time.Minute))
	}()
	for i, size := range sizes {
		got := make([]byte, i+size)
		if _, err := io.ReadFull(far, got); err != nil || !bytes.Equal(got[:i], data[:i]) || !bytes.Equal(got[i:], data[:size]) {
			t.Fatalf("message %d: %v, or it differs", i, err)
		}
	}
	if n, err := far.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("behind it, %d bytes came, %v", n, err)
	}
}

// TLS cannot go on behind a record that was cut: it must not try, as the peer would take what follows for something else.
func TestNothingFollowsARecordThatWasCut(t *testing.T) {
	large := bytes.Repeat(data, 8) // more than is on its way while nothing is read
	var c *transport.Conn
	var far *tls.Conn
	for patience := 100 * time.Millisecond; ; patience *= 8 { // until the write is blocked, also on a busy machine
		c, far = overFloor(t, transport.Config{}, asItIs)
		b := transport.Bounds{Ctx: background.Ctx, Deadline: new(transport.Deadline)}
		timer := time.AfterFunc(patience, func() { c.SetDeadline(b.Deadline, time.Now()) })
		n, err := c.Write(b, nil, large)
		timer.Stop()
		failed := wantKind(t, err, transport.Bounded, nil)
		if n >= len(large) || failed.Broken && n == 0 || patience > 10*time.Second {
			t.Fatalf("%d bytes have left; broken: %v", n, failed.Broken)
		}
		if failed.Broken {
			break
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Close(20 * time.Millisecond)
	}()
	if n, err := io.Copy(io.Discard, far); n == 0 || err == nil {
		t.Errorf("%d bytes came, and then %v", n, err)
	}
	<-done
}

func TestAWaitAboveTLSHoldsNoBuffer(t *testing.T) {
	const conns = 32
	var open []*transport.Conn
	var peers []*tls.Conn
	for range conns {
		c, far := overFloor(t, transport.Config{}, asItIs)
		if !c.CanAwait() {
			t.Skip("the system cannot wait without a buffer")
		}
		open, peers = append(open, c), append(peers, far)
	}
	wantWaitsHoldLittle(t, open, func(i int) { peers[i].Write(data[:1]) })
	runtime.KeepAlive(peers)
}
