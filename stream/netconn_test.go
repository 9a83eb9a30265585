package stream_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/nettest"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
	"github.com/litert/websocket/stream/streamtest"
)

// tunnelTransports are those with a buffer, as a net.Conn should have one.
var tunnelTransports = []wstest.Transport{
	wstest.Transports[0], // tcp
	wstest.Transports[2], // tls
	{Name: "streamtest", Pair: func(testing.TB) (io.ReadWriteCloser, io.ReadWriteCloser) {
		a, b := streamtest.NetPipe()
		return a, b
	}},
}

// netConn returns c as a net.Conn.
func netConn(t testing.TB, c *conn, op opcode.Opcode) net.Conn {
	t.Helper()
	nc, err := stream.NetConn(c, op)
	if err != nil {
		t.Fatal(err)
	}
	return nc
}

// tunnel returns the two ends of a tunnel over tr.
func tunnel(t testing.TB, tr wstest.Transport, opts ...stream.Option) (client, server net.Conn) {
	t.Helper()
	a, b := pair(t, tr, opts...)
	return netConn(t, a, opcode.Binary), netConn(t, b, opcode.Binary)
}

// tunnelAndPeer returns the server's end of a tunnel, and the raw peer on the other side.
func tunnelAndPeer(t testing.TB, op opcode.Opcode, opts ...stream.Option) (net.Conn, *wstest.Peer) {
	t.Helper()
	server, peer := serverAndPeer(t, opts...)
	return netConn(t, server, op), peer
}

func closeWrite(t testing.TB, c net.Conn) {
	t.Helper()
	if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Errorf("CloseWrite: %v", err)
	}
}

// wantTimeout checks that err is the error of a deadline.
func wantTimeout(t testing.TB, n int, err error) {
	t.Helper()
	timeout, ok := err.(net.Error)
	if n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) || !ok || !timeout.Timeout() {
		t.Errorf("got %d, %v; want a timeout", n, err)
	}
}

// wantFinal checks that err is no timeout, so that nobody tries again.
func wantFinal(t testing.TB, err, want error) {
	t.Helper()
	var timeout interface{ Timeout() bool }
	var temporary interface{ Temporary() bool }
	if !errors.Is(err, want) || errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() ||
		errors.As(err, &temporary) && temporary.Temporary() || !strings.HasPrefix(err.Error(), "stream: ") {
		t.Errorf("got %v; want %v, and no timeout", err, want)
	}
}

func TestANetConnIsANetConn(t *testing.T) {
	for _, tr := range tunnelTransports {
		t.Run(tr.Name, func(t *testing.T) {
			t.Parallel() // it sleeps
			nettest.TestConn(t, func() (a, b net.Conn, stop func(), err error) {
				a, b = tunnel(t, tr)
				return a, b, func() { a.Close(); b.Close() }, nil
			})
		})
	}
}

func TestANetConnThatCompressesIsANetConn(t *testing.T) {
	t.Parallel() // it sleeps
	nettest.TestConn(t, func() (a, b net.Conn, stop func(), err error) {
		client, server := wstest.TCP(t)
		a = netConn(t, openDeflate(t, client, false, stream.Standard, stream.Deflate{}), opcode.Binary)
		b = netConn(t, openDeflate(t, server, true, stream.Standard, stream.Deflate{}), opcode.Binary)
		return a, b, func() { a.Close(); b.Close() }, nil
	})
}

func TestNetConnRefusesWhatCannotBe(t *testing.T) {
	client, _ := pair(t, wstest.Transports[0])
	var impossible *stream.ArgumentError
	if _, err := stream.NetConn(nil, opcode.Binary); !errors.As(err, &impossible) {
		t.Errorf("without a connection: %v", err)
	}
	for _, op := range []opcode.Opcode{opcode.Continuation, opcode.Ping, opcode.Close, 3} {
		if _, err := stream.NetConn(client, op); !errors.As(err, &impossible) {
			t.Errorf("opcode %v: %v", op, err)
		}
	}
}

func TestANetConnKnowsItsAddresses(t *testing.T) {
	client, server := tunnel(t, wstest.Transports[0])
	for _, c := range [][2]net.Conn{{client, server}, {server, client}} {
		if here, there := c[0].LocalAddr(), c[1].RemoteAddr(); here.String() != there.String() {
			t.Errorf("%v here, %v there", here, there)
		}
	}
}

func TestAReadOfANetConnRunsOnFromMessageToMessage(t *testing.T) {
	c, peer := tunnelAndPeer(t, opcode.Binary)
	peer.SendFrame(true, opcode.Binary, "one")
	peer.SendFrame(true, opcode.Binary, "")
	peer.SendFrame(false, opcode.Binary, "")
	peer.SendFrame(true, opcode.Ping, "p")
	peer.SendFrame(false, opcode.Continuation, "two")
	peer.SendFrame(true, opcode.Continuation, "")
	peer.SendFrame(true, opcode.Binary, "three")
	peer.SendClose(closecode.GoingAway, "")
	if n, err := c.Read(nil); n != 0 || err != nil {
		t.Errorf("empty Read: %d, %v", n, err)
	}
	if p, err := io.ReadAll(c); string(p) != "onetwothree" || err != nil {
		t.Errorf("got %q, %v", p, err)
	}
}

func TestAWriteOfANetConnIsAMessage(t *testing.T) {
	c, peer := tunnelAndPeer(t, opcode.Text)
	large := strings.Repeat("x", 600<<10)
	go func() {
		for _, text := range []string{"one", "", "two", large} {
			if n, err := io.WriteString(c, text); n != len(text) || err != nil {
				t.Errorf("Write: %d, %v", n, err)
			}
		}
	}()
	for _, text := range []string{"one", "two", large} {
		peer.Want(true, opcode.Text, text)
	}
}

func TestAWriteOfANetConnMustBeText(t *testing.T) {
	c, peer := tunnelAndPeer(t, opcode.Text)
	var impossible *stream.ArgumentError
	if n, err := c.Write([]byte("caf\xc3")); n != 0 || !errors.As(err, &impossible) {
		t.Errorf("got %d, %v", n, err)
	}
	if _, err := io.WriteString(c, "café"); err != nil {
		t.Error(err)
	}
	peer.Want(true, opcode.Text, "café")
}

func TestAMessageWithAnotherOpcodeFailsANetConn(t *testing.T) {
	c, peer := tunnelAndPeer(t, opcode.Binary)
	peer.SendFrame(true, opcode.Binary, "one")
	peer.SendFrame(true, opcode.Text, "two")
	p, err := io.ReadAll(c)
	var broken *stream.ProtocolError
	if string(p) != "one" || !errors.As(err, &broken) || broken.Code != closecode.UnsupportedData {
		t.Errorf("got %q, %v", p, err)
	}
	peer.WantClose(closecode.UnsupportedData)
}

func TestOnlyAnOrderlyEndIsTheEndOfANetConn(t *testing.T) {
	for _, code := range []closecode.Code{0, closecode.NormalClosure, closecode.GoingAway} {
		c, peer := tunnelAndPeer(t, opcode.Binary)
		peer.SendFrame(true, opcode.Binary, "all")
		peer.SendClose(code, "")
		if p, err := io.ReadAll(c); string(p) != "all" || err != nil {
			t.Errorf("code %d: got %q, %v", code, p, err)
		}
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("code %d: the second time %v", code, err)
		}
		_, err := c.Write([]byte("x"))
		wantFinal(t, err, net.ErrClosed)
	}
	for name, end := range map[string]func(*wstest.Peer){
		"within a message": func(peer *wstest.Peer) {
			peer.SendFrame(false, opcode.Binary, "half")
			peer.SendClose(closecode.NormalClosure, "")
		},
		"within a frame": func(peer *wstest.Peer) {
			wire := peer.Frame(true, opcode.Binary, "half and half")
			peer.Send(wire[:len(wire)-len(" and half")])
			peer.Close()
		},
		"without a close frame": func(peer *wstest.Peer) {
			peer.SendFrame(true, opcode.Binary, "half")
			peer.Close()
		},
	} {
		c, peer := tunnelAndPeer(t, opcode.Binary)
		end(peer)
		p, err := io.ReadAll(c)
		if string(p) != "half" {
			t.Errorf("%s: got %q", name, p)
		}
		wantFinal(t, err, io.ErrUnexpectedEOF)
		_, err = c.Read(make([]byte, 1))
		wantFinal(t, err, io.ErrUnexpectedEOF)
	}
	c, peer := tunnelAndPeer(t, opcode.Binary)
	peer.SendClose(closecode.InternalError, "broken")
	_, err := c.Read(make([]byte, 1))
	var closed *stream.CloseError
	if !errors.As(err, &closed) || closed.Code != closecode.InternalError || errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
}

// Who reads again after a timeout must not do so for ever.
func TestAnIdleTimeoutIsNoDeadlineOfANetConn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := streamtest.Pipe(stream.Standard)
		defer b.Close()
		c := netConn(t, a, opcode.Binary)
		defer c.Close()
		for range 2 {
			_, err := c.Read(make([]byte, 1))
			wantFinal(t, err, stream.ErrIdleTimeout)
		}
	})
}

func TestAReadThatTimesOutLosesNothing(t *testing.T) {
	c, peer := tunnelAndPeer(t, opcode.Binary)
	wire := append(peer.Frame(false, opcode.Binary, "he"), peer.Frame(true, opcode.Continuation, "llo")...)
	wire = append(wire, peer.Frame(true, opcode.Binary, "!")...)
	var got []byte
	for i := range wire {
		peer.Send(wire[i : i+1])
		c.SetReadDeadline(time.Now().Add(2 * time.Millisecond))
		for {
			p := make([]byte, 10)
			n, err := c.Read(p)
			if err != nil {
				wantTimeout(t, n, err)
				break
			}
			got = append(got, p[:n]...)
		}
	}
	c.SetReadDeadline(time.Time{})
	peer.SendClose(closecode.NormalClosure, "")
	if p, err := io.ReadAll(c); string(got)+string(p) != "hello!" || err != nil {
		t.Errorf("got %q and %q, %v", got, p, err)
	}
}

func TestWhatAWriteTookOverIsSentBehindItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := streamtest.Pipe(stream.Standard)
		client, server := netConn(t, a, opcode.Binary), netConn(t, b, opcode.Binary)
		defer server.Close()
		defer client.Close()
		began := time.Now()
		client.SetWriteDeadline(began.Add(10 * time.Second))
		p := bytes.Repeat([]byte("p"), 100<<10)
		if n, err := client.Write(p); n != len(p) || err != nil {
			t.Errorf("the first Write: %d, %v", n, err)
		}
		clear(p) // it is the caller's again
		n, err := client.Write(p)
		wantTimeout(t, n, err)
		client.SetWriteDeadline(began.Add(20 * time.Second))
		n, err = client.Write(p)
		wantTimeout(t, n, err)
		if passed := time.Since(began); passed != 20*time.Second {
			t.Errorf("%v have passed", passed)
		}

		client.SetWriteDeadline(time.Time{})
		var done sync.WaitGroup
		defer done.Wait()
		done.Go(func() {
			io.WriteString(client, "and more")
			closeWrite(t, client)
		})
		got, err := io.ReadAll(server)
		if want := strings.Repeat("p", 100<<10) + "and more"; string(got) != want || err != nil {
			t.Errorf("got %d bytes, %v; want %d", len(got), err, len(want))
		}
	})
}

// Real sockets, one of them under TLS, which a deadline in mid-write would break.
func TestWritesThatTimeOutLoseNothing(t *testing.T) {
	for _, tr := range append(tunnelTransports, wstest.Transports[1], wstest.Transports[4]) {
		for _, server := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, server %v", tr.Name, server), func(t *testing.T) {
				from, to := tunnel(t, tr)
				if server {
					from, to = to, from
				}
				var want []byte
				src := rand.NewChaCha8([32]byte{})
				p := make([]byte, 256<<10)
				for range 3 {
					for { // until the buffers are full
						src.Read(p)
						from.SetWriteDeadline(time.Now().Add(2 * time.Millisecond))
						n, err := from.Write(p)
						want = append(want, p[:n]...)
						if err != nil {
							wantTimeout(t, n, err)
							break
						}
					}
					got := make([]byte, len(want)/2)
					if _, err := io.ReadFull(to, got); err != nil || !bytes.Equal(got, want[:len(got)]) {
						t.Fatalf("Read: %v", err)
					}
					want = want[len(got):]
				}
				from.SetWriteDeadline(time.Time{})
				var done sync.WaitGroup
				defer done.Wait()
				done.Go(func() {
					from.Write(p)
					closeWrite(t, from)
				})
				want = append(want, p...)
				if got, err := io.ReadAll(to); !bytes.Equal(got, want) || err != nil {
					t.Errorf("got %d bytes, %v; want %d", len(got), err, len(want))
				}
			})
		}
	}
}

func TestAWriteWaitsForItsTurnInTheBackgroundToo(t *testing.T) {
	server, peer := serverAndPeer(t)
	c := netConn(t, server, opcode.Binary)
	w, err := server.NewWriter(bg(t), opcode.Binary)
	if err != nil {
		t.Fatal(err)
	}
	c.SetWriteDeadline(time.Now().Add(5 * time.Millisecond))
	if n, err := io.WriteString(c, "second"); n != 6 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	io.WriteString(w, "first")
	w.Close()
	peer.Want(true, opcode.Binary, "first")
	peer.Want(true, opcode.Binary, "second")
}

func TestAWriteBehindAPingThatWaitsIsTakenOver(t *testing.T) {
	a, b := wstest.TCP(t)
	server, peer := open(t, b, true), wstest.NewPeer(t, a, false)
	c := netConn(t, server, opcode.Binary)
	full := 0
	for n := 1; n > 0; full += n {
		b.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
		n, _ = b.Write(make([]byte, 1<<20))
	}
	b.SetWriteDeadline(time.Time{})

	pinged := make(chan error, 1)
	go func() { pinged <- server.Ping(bg(t), nil) }()
	time.Sleep(5 * time.Millisecond)
	c.SetWriteDeadline(time.Now().Add(5 * time.Millisecond))
	if n, err := io.WriteString(c, "message"); n != 7 || err != nil {
		t.Errorf("Write: %d, %v", n, err)
	}
	if _, err := io.CopyN(io.Discard, a, int64(full)); err != nil {
		t.Fatal(err)
	}
	peer.Want(true, opcode.Ping, "")
	peer.Want(true, opcode.Binary, "message")
	if err := <-pinged; err != nil {
		t.Error(err)
	}
}

func TestANetConnThatWasClosed(t *testing.T) {
	for _, tr := range wstest.Transports {
		t.Run(tr.Name, func(t *testing.T) {
			client, server := tunnel(t, tr)
			defer server.Close()
			ended := make(chan error, 2)
			go func() {
				_, err := client.Read(make([]byte, 1))
				ended <- err
			}()
			go func() {
				p := make([]byte, 1<<20)
				for {
					if _, err := client.Write(p); err != nil {
						ended <- err
						return
					}
				}
			}()
			time.Sleep(10 * time.Millisecond)
			if err := client.Close(); err != nil {
				t.Error(err)
			}
			for range 2 {
				wantFinal(t, <-ended, net.ErrClosed)
			}
			if err := client.Close(); err != nil {
				t.Error(err)
			}
			p := make([]byte, 1)
			_, rerr := client.Read(p)
			_, werr := client.Write(p)
			for _, err := range []error{rerr, werr, client.SetDeadline(time.Time{}), client.SetReadDeadline(time.Time{}),
				client.SetWriteDeadline(time.Time{}), client.(interface{ CloseWrite() error }).CloseWrite()} {
				wantFinal(t, err, net.ErrClosed)
			}
		})
	}
}

// The peer still reads, but slowly: Close waits for room for the close frame.
func TestCloseOfANetConnSaysGoodByeBehindWhatWasWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := streamtest.Pipe(stream.Standard)
		client, server := netConn(t, a, opcode.Binary), netConn(t, b, opcode.Binary)
		defer server.Close()
		p := make([]byte, 64<<10-frame.Header{Masked: true, Length: 60 << 10}.Len())
		if _, err := client.Write(p); err != nil { // and the pipe is full
			t.Fatal(err)
		}
		go client.Close()
		time.Sleep(4 * time.Second)
		if got, err := io.ReadAll(server); len(got) != len(p) || err != nil {
			t.Errorf("got %d bytes, %v; want %d", len(got), err, len(p))
		}
	})
}

func TestCloseOfANetConnSaysGoodByeBehindWhatWasTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := streamtest.Pipe(stream.Standard)
		client, server := netConn(t, a, opcode.Binary), netConn(t, b, opcode.Binary)
		defer server.Close()
		client.SetWriteDeadline(time.Now().Add(time.Second))
		p := make([]byte, 100<<10)
		if _, err := client.Write(p); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(server, p); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		client.Close()
		if n, err := server.Read(p); n != 0 || err != io.EOF {
			t.Errorf("got %d, %v", n, err)
		}
	})
}

func TestCloseOfANetConnWaitsNoLongerThanItMay(t *testing.T) {
	for name, deadline := range map[string]time.Duration{"nothing under way": 0, "a message under way": time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := streamtest.Pipe(stream.Standard, stream.CloseTimeout(3*time.Second))
				defer b.Close()
				client := netConn(t, a, opcode.Binary)
				size := 64<<10 - frame.Header{Masked: true, Length: 60 << 10}.Len()
				if deadline > 0 {
					size *= 2
					client.SetWriteDeadline(time.Now().Add(deadline))
				}
				client.Write(make([]byte, size))
				began := time.Now()
				go func() {
					_, err := client.Read(make([]byte, 1))
					wantFinal(t, err, net.ErrClosed)
					if passed := time.Since(began); passed != 0 {
						t.Errorf("Read ended after %v", passed)
					}
				}()
				synctest.Wait()
				client.Close()
				if passed := time.Since(began); passed > 3*time.Second {
					t.Errorf("Close took %v", passed)
				}
			})
		})
	}
}

func TestAfterCloseWriteReadingGoesOn(t *testing.T) {
	c, peer := tunnelAndPeer(t, opcode.Binary)
	io.WriteString(c, "the question")
	closeWrite(t, c)
	closeWrite(t, c)
	_, err := io.WriteString(c, "too late")
	wantFinal(t, err, net.ErrClosed)
	peer.Want(true, opcode.Binary, "the question")
	peer.WantClose(closecode.NormalClosure)
	go func() {
		peer.SendFrame(true, opcode.Binary, "the ")
		peer.SendFrame(true, opcode.Binary, "answer")
		peer.SendClose(closecode.NormalClosure, "")
	}()
	if p, err := io.ReadAll(c); string(p) != "the answer" || err != nil {
		t.Errorf("got %q, %v", p, err)
	}
	closeWrite(t, c)
	peer.WantEnd()
}

func TestACloseWriteThatFailsSaysSo(t *testing.T) {
	a, b := net.Pipe()
	c := netConn(t, open(t, a, false), opcode.Binary)
	b.Close()
	err := c.(interface{ CloseWrite() error }).CloseWrite()
	wantFinal(t, err, net.ErrClosed)
	wantFinal(t, err, io.ErrClosedPipe)
}

func TestANetConnIsTheOnlyReceiver(t *testing.T) {
	server, peer := serverAndPeer(t)
	c := netConn(t, server, opcode.Binary)
	peer.SendFrame(true, opcode.Binary, "one")
	peer.SendFrame(true, opcode.Binary, "two")
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Receive(bg(t)); err != nil {
		t.Fatal(err)
	}
	for range 2 { // there is a hole in the stream
		if n, err := c.Read(make([]byte, 10)); !errors.Is(err, stream.ErrStale) {
			t.Errorf("got %d, %v", n, err)
		}
	}
}

func TestMuchGoesBothWaysAtOnce(t *testing.T) {
	const size = 4 << 20
	for _, tr := range tunnelTransports {
		t.Run(tr.Name, func(t *testing.T) {
			client, server := tunnel(t, tr)
			var sums [4][sha256.Size]byte
			var done, written sync.WaitGroup
			written.Add(2)
			for i, c := range []net.Conn{client, server} {
				done.Go(func() {
					defer written.Done()
					h := sha256.New()
					src := io.LimitReader(rand.NewChaCha8([32]byte{byte(i)}), size)
					if n, err := io.Copy(io.MultiWriter(c, h), src); n != size || err != nil {
						t.Errorf("sent %d, %v", n, err)
					}
					h.Sum(sums[i][:0])
				})
				done.Go(func() {
					h := sha256.New()
					if n, err := io.CopyN(h, c, size); n != size || err != nil {
						t.Errorf("received %d, %v", n, err)
					}
					h.Sum(sums[3-i][:0])
				})
			}
			done.Wait()
			if sums[0] != sums[2] || sums[1] != sums[3] {
				t.Error("what came is not what was sent")
			}
		})
	}
}

func TestTLSInATunnel(t *testing.T) {
	cert, roots := wstest.Certificate(t, "localhost")
	for _, tr := range tunnelTransports {
		t.Run(tr.Name, func(t *testing.T) {
			a, b := tunnel(t, tr)
			client := tls.Client(a, &tls.Config{RootCAs: roots, ServerName: "localhost"})
			server := tls.Server(b, &tls.Config{Certificates: []tls.Certificate{cert}})
			served := make(chan error, 1)
			go func() {
				_, err := io.Copy(server, server)
				served <- errors.Join(err, server.Close())
			}()
			for _, text := range []string{"hello", strings.Repeat("x", 100<<10)} {
				go io.WriteString(client, text)
				p := make([]byte, len(text))
				if _, err := io.ReadFull(client, p); string(p) != text || err != nil {
					t.Errorf("got %d bytes, %v", len(p), err)
				}
			}
			client.SetReadDeadline(time.Now().Add(time.Millisecond))
			n, err := client.Read(make([]byte, 1))
			wantTimeout(t, n, err)
			client.SetReadDeadline(time.Time{})
			if err := client.CloseWrite(); err != nil {
				t.Error(err)
			}
			if p, err := io.ReadAll(client); len(p) != 0 || err != nil {
				t.Errorf("got %q, %v", p, err)
			}
			if err := <-served; err != nil {
				t.Errorf("the server: %v", err)
			}
			client.Close()
		})
	}
}

// oneListener accepts one connection.
type oneListener struct {
	conn chan net.Conn
	addr net.Addr
	stop chan struct{}
}

func (l *oneListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conn:
		return c, nil
	case <-l.stop:
		return nil, net.ErrClosed
	}
}

func (l *oneListener) Close() error   { close(l.stop); return nil }
func (l *oneListener) Addr() net.Addr { return l.addr }

func TestHTTPInATunnel(t *testing.T) {
	for _, tr := range tunnelTransports {
		t.Run(tr.Name, func(t *testing.T) {
			client, server := tunnel(t, tr)
			ln := &oneListener{make(chan net.Conn, 1), server.LocalAddr(), make(chan struct{})}
			ln.conn <- server
			// Timeouts have the server set deadlines for each request.
			srv := &http.Server{ReadTimeout: time.Minute, WriteTimeout: time.Minute, Handler: http.HandlerFunc(
				func(w http.ResponseWriter, r *http.Request) {
					p, _ := io.ReadAll(r.Body)
					w.Write(p)
				})}
			served := make(chan error, 1)
			go func() { served <- srv.Serve(ln) }()
			transport := &http.Transport{
				DialContext: func(context.Context, string, string) (net.Conn, error) { return client, nil },
			}
			for _, size := range []int{0, 10, 1 << 20} {
				body := strings.Repeat("x", size)
				resp, err := (&http.Client{Transport: transport}).Post("http://tunnel/", "text/plain", strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if string(got) != body || err != nil {
					t.Errorf("got %d bytes, %v; want %d", len(got), err, size)
				}
			}
			transport.CloseIdleConnections()
			srv.Close()
			if err := <-served; err != http.ErrServerClosed {
				t.Error(err)
			}
		})
	}
}

// What speaks over any net.Conn speaks through a WebSocket.
func ExampleNetConn() {
	near, far := streamtest.Pipe(stream.Standard) // or dial.Dial here, and listen.Upgrade there

	go func() {
		tunnel, err := stream.NetConn(far, opcode.Binary)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer tunnel.Close()
		io.Copy(tunnel, tunnel)
	}()

	tunnel, err := stream.NetConn(near, opcode.Binary)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer tunnel.Close()
	tunnel.SetDeadline(time.Now().Add(time.Minute))
	fmt.Fprintln(tunnel, "hello through the tunnel")
	fmt.Println(bufio.NewReader(tunnel).ReadString('\n'))
	// Output:
	// hello through the tunnel
	//  <nil>
}
