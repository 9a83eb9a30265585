package transport_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/litert/websocket/internal/buffer"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/internal/wstest"
)

// TLS answers a KeyUpdate while it reads (RFC 8446, section 4.6.3), beside what is written.
func TestKeyUpdatesAreAnsweredBetweenTheRecordsOfWrites(t *testing.T) {
	c, _, peer := overRecords(t, transport.Config{Idle: time.Minute})
	const updates = 200
	go func() {
		for i := range updates {
			peer.send(t, applicationRecord, nil, data[i:i+1])
			peer.send(t, handshakeRecord, keyUpdate)
		}
		peer.send(t, alertRecord, closeNotify)
	}()
	go func() {
		for i := 0; ; i++ {
			buf, n, err := c.Await(within(t), buffer.Small)
			if err != nil {
				if wantKind(t, err, transport.Lost, io.EOF); i != updates {
					t.Errorf("%d bytes came", i)
				}
				break
			}
			if n != 1 || buf[0] != data[i] {
				t.Errorf("byte %d: %d bytes came, or it differs", i, n)
			}
			buffer.Give(buf)
		}
	}()
	large := bytes.Repeat(data, 3)
	go func() {
		for rest := large; len(rest) > 0; {
			n, err := c.Write(within(t), rest[:1], rest[1:min(len(rest), 1+len(rest)%300000)])
			if err != nil {
				t.Error(err)
				break
			}
			rest = rest[n:]
		}
	}()
	answers, got := 0, 0
	for answers < updates || got < len(large) {
		typ, content, err := peer.receive()
		switch {
		case err != nil:
			t.Fatalf("behind %d answers and %d bytes: %v", answers, got, err)
		case typ == handshakeRecord:
			answers++
		case !bytes.HasPrefix(large[got:], content):
			t.Fatalf("what came behind %d bytes differs", got)
		default:
			got += len(content)
		}
	}
}

// fill writes to the socket below TLS until that takes no more, not even a byte, and returns how much that was.
func fill(t *testing.T, socket net.Conn, peer *recordPeer) (n int64) {
	t.Helper()
	socket.(interface{ SetWriteBuffer(int) error }).SetWriteBuffer(8 << 10) // so that there is no room for a little more
	peer.Conn.(interface{ SetReadBuffer(int) error }).SetReadBuffer(8 << 10)
	for _, p := range [][]byte{data, data[:1]} {
		for {
			socket.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
			k, err := socket.Write(p)
			n += int64(k)
			if errors.Is(err, os.ErrDeadlineExceeded) && k == 0 {
				break
			}
		}
	}
	socket.SetWriteDeadline(time.Time{})
	return n
}

// A peer that reads nothing must not keep the receiver from reading by what TLS has to say.
func TestAnAnswerOfTLSIsNotWaitedFor(t *testing.T) {
	c, socket, peer := overRecords(t, transport.Config{Idle: time.Minute})
	filled := fill(t, socket, peer)
	watchdog := time.AfterFunc(10*time.Second, c.Cut)
	defer watchdog.Stop()
	peer.send(t, handshakeRecord, keyUpdate, keyUpdate)
	peer.send(t, applicationRecord, data[:3])
	if got := readAll(t, c, 3); got != string(data[:3]) {
		t.Errorf("%x came", got)
	}

	written := make(chan error, 1)
	go func() {
		_, err := c.Write(within(t), data[:5], nil)
		written <- err
	}()
	if _, err := io.CopyN(io.Discard, peer.Conn, filled); err != nil {
		t.Fatal(err)
	}
	for i, want := range []byte{handshakeRecord, handshakeRecord, applicationRecord} {
		typ, content, err := peer.receive()
		if err != nil || typ != want || typ == applicationRecord && !bytes.Equal(content, data[:5]) {
			t.Fatalf("record %d: type %d, %x, %v", i, typ, content, err)
		}
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
}

// What TLS says by itself while nothing can be written must not keep a Write beyond its bounds.
func TestAnAnswerOfTLSKeepsNoWriteBeyondItsBounds(t *testing.T) {
	c, socket, peer := overRecords(t, transport.Config{Idle: time.Minute})
	fill(t, socket, peer)
	peer.send(t, handshakeRecord, keyUpdate)
	peer.send(t, applicationRecord, data[:1])
	read := make(chan struct{})
	go func() {
		defer close(read)
		c.Read(within(t), make([]byte, 1))
	}()
	time.Sleep(50 * time.Millisecond) // the answer is under way; if not, the Write is as any other
	watchdog := time.AfterFunc(10*time.Second, c.Cut)
	defer watchdog.Stop()
	b := transport.Bounds{Ctx: background.Ctx, Deadline: new(transport.Deadline)}
	b.Deadline.Store(time.Now().Add(50 * time.Millisecond))
	_, err := c.Write(b, data, nil)
	wantKind(t, err, transport.Bounded, os.ErrDeadlineExceeded)
	c.Cut()
	<-read
}

// A peer that goes on asking for new keys, and reads none of the answers, is given up.
func TestAnswersOfTLSThatNobodyReadsAreBounded(t *testing.T) {
	for _, writing := range []bool{false, true} {
		err := floodWithKeyUpdates(t, writing)
		if wantKind(t, err, transport.Lost, nil); errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
			t.Errorf("while writing: %v: got %v", writing, err)
		}
	}
}

// floodWithKeyUpdates returns the error of who reads what asks for new keys again and again, and cannot send an answer. It does so
// over a UNIX socket, where the two ways are apart: the kernel may drop all that comes to a TCP socket that nobody reads, also what
// says that its own bytes have come, and then it stands still both ways.
func floodWithKeyUpdates(t *testing.T, writing bool) (err error) {
	socket, other := wstest.Unix(t)
	c, peer := recordsOver(t, socket, other, transport.Config{Idle: time.Minute})
	fill(t, socket, peer)
	written := make(chan struct{})
	go func() {
		defer close(written)
		if writing {
			c.Write(within(t), data, nil)
		}
	}()
	go func() {
		for range 20000 {
			if _, err := peer.Write(append(peer.record(handshakeRecord, keyUpdate), peer.record(applicationRecord, data[:1])...)); err != nil {
				break
			}
		}
		peer.Write(peer.record(alertRecord, closeNotify))
	}()
	watchdog := time.AfterFunc(time.Minute, c.Cut)
	defer watchdog.Stop()
	for err == nil {
		_, err = c.Read(background, make([]byte, 1))
	}
	c.Cut()
	<-written
	return err
}

// The farewell of TLS goes out behind the records of a Write that is under way.
func TestCloseLetsAWriteAboveTLSEndWithinItsGrace(t *testing.T) {
	c, _, peer := overRecords(t, transport.Config{})
	written := make(chan struct{})
	go func() {
		defer close(written)
		c.Write(within(t), nil, bytes.Repeat(data, 8))
	}()
	if _, _, err := peer.receive(); err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		c.Close(30 * time.Second)
	}()
	for {
		typ, content, err := peer.receive()
		if err != nil {
			t.Errorf("got %v", err)
			break
		}
		if typ == alertRecord {
			if !bytes.Equal(content, closeNotify) {
				t.Errorf("got the alert %x", content)
			}
			break
		}
	}
	<-closed
	<-written
}

// Idle is who sends nothing, not who sends a record slowly.
func TestAPartOfARecordMoves(t *testing.T) {
	for _, await := range []bool{false, true} {
		c, _, peer := overRecords(t, transport.Config{})
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if await {
				buf, _, _ := c.Await(within(t), buffer.Small)
				buffer.Give(buf)
			} else {
				c.Read(within(t), make([]byte, 100))
			}
		}()
		r := peer.record(applicationRecord, data[:100])
		before := c.Moved()
		for i, part := range [][]byte{r[:3], r[3:8], r[8:50], r[50:]} {
			peer.Write(part)
			for until := time.Now().Add(10 * time.Second); c.Moved() == before; time.Sleep(time.Millisecond) {
				if time.Now().After(until) {
					t.Fatalf("by Await: %v: nothing moved by part %d", await, i)
				}
			}
			before = c.Moved()
		}
		<-ended
	}
}

// However a record is torn, what was whole comes, and what was not is no clean end.
func TestWhatEndsInARecordIsNoEnd(t *testing.T) {
	for name, tear := range map[string]func(*recordPeer) []byte{
		"in the header":  func(p *recordPeer) []byte { return p.record(applicationRecord, data[:9])[:4] },
		"in the content": func(p *recordPeer) []byte { return p.record(applicationRecord, data[:9])[:20] },
		"too large":      func(p *recordPeer) []byte { return p.record(applicationRecord, data[:17<<10]) },
		"an alert":       func(p *recordPeer) []byte { return p.record(alertRecord, []byte{2, 80}) },
	} {
		for _, await := range []bool{false, true} {
			c, _, peer := overRecords(t, transport.Config{Idle: time.Minute})
			p := append(peer.record(applicationRecord, nil), peer.record(applicationRecord, data[:5])...)
			peer.Write(append(p, tear(peer)...))
			peer.Conn.(*net.TCPConn).CloseWrite()
			if got := readAll(t, c, 5); got != string(data[:5]) {
				t.Errorf("%s: %x came", name, got)
			}
			var err error
			if await {
				_, _, err = c.Await(within(t), buffer.Small)
			} else {
				_, err = c.Read(within(t), make([]byte, 100))
			}
			if wantKind(t, err, transport.Lost, nil); err == nil || errors.Is(err, io.EOF) {
				t.Errorf("%s: by Await: %v: got %v", name, await, err)
			}
			c.Cut()
		}
	}
}
