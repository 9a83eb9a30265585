package stream_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// wantAllocated checks that do allocates at most n bytes, those included that are free again.
func wantAllocated(t *testing.T, n uint64, do func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > n {
		t.Errorf("%d KiB were allocated, want at most %d", got>>10, n>>10)
	}
}

// wantHeld checks that do leaves at most n bytes more in use.
func wantHeld(t *testing.T, n uint64, do func()) {
	t.Helper()
	held := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc + m.StackInuse
	}
	before := held()
	do()
	if after := held(); after > before+n {
		t.Errorf("%d KiB are held, want at most %d", (after-before)>>10, n>>10)
	}
}

// headOf is the start of a data frame for a server or a client, with its length as it stands there.
func headOf(server bool, op opcode.Opcode, fin bool, length uint64) []byte {
	first := byte(op)
	if fin {
		first |= 0x80
	}
	if !server {
		return binary.BigEndian.AppendUint64([]byte{first, 127}, length)
	}
	b := binary.BigEndian.AppendUint64([]byte{first, 0x80 | 127}, length)
	return append(b, wstest.Key[:]...)
}

// inBothRoles calls test for a receiver that is the server, and for one that is the client.
func inBothRoles(t *testing.T, test func(t *testing.T, server bool)) {
	t.Run("server", func(t *testing.T) { test(t, true) })
	t.Run("client", func(t *testing.T) { test(t, false) })
}

// The class of CVE-2020-27813: no length makes a sum overflow, or turns negative.
func TestLengthsThatOverflow(t *testing.T) { inBothRoles(t, testLengthsThatOverflow) }

func testLengthsThatOverflow(t *testing.T, server bool) {
	p := wstest.NewPeer(nil, nil, !server)
	for _, tt := range []struct {
		name  string
		limit int64
		wire  [][]byte
		want  ending
	}{
		{"the largest", 64 << 20, [][]byte{headOf(server, opcode.Binary, true, math.MaxInt64)}, ending{tooLarge, 1009, ""}},
		{"the largest without a limit", stream.Unlimited, [][]byte{headOf(server, opcode.Binary, true, math.MaxInt64), {1, 2, 3}}, ending{why: lost}},
		{"the top bit", 64 << 20, [][]byte{headOf(server, opcode.Binary, true, 1<<63)}, ending{broken, 1002, ""}},
		{"the top bit without a limit", stream.Unlimited, [][]byte{headOf(server, opcode.Binary, true, 1<<63)}, ending{broken, 1002, ""}},
		{"all bits", stream.Unlimited, [][]byte{headOf(server, opcode.Binary, true, math.MaxUint64)}, ending{broken, 1002, ""}},
		{"a ping with the top bit", stream.Unlimited, [][]byte{headOf(server, opcode.Ping, true, 1<<63)}, ending{broken, 1002, ""}},
		{"a ping of the largest", stream.Unlimited, [][]byte{headOf(server, opcode.Ping, true, math.MaxInt64)}, ending{broken, 1002, ""}},
		{"a sum", 64 << 20, [][]byte{p.Frame(false, opcode.Binary, "x"), headOf(server, opcode.Continuation, true, math.MaxInt64)}, ending{tooLarge, 1009, ""}},
		{"a sum without a limit", stream.Unlimited, [][]byte{p.Frame(false, opcode.Binary, "x"), headOf(server, opcode.Continuation, true, math.MaxInt64)}, ending{tooLarge, 1009, ""}},
		{"a sum that just fits", stream.Unlimited, [][]byte{p.Frame(false, opcode.Binary, "x"), headOf(server, opcode.Continuation, true, math.MaxInt64-1)}, ending{why: lost}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			everyReceiver(t, delivery{server: server, limit: tt.limit, wire: bytes.Join(tt.wire, nil)}, func(t *testing.T, k kind, g got) {
				if k == singles && strings.HasPrefix(tt.name, "a sum") {
					return // it refuses fragments
				}
				if end := endingOf(g.err); end != tt.want {
					t.Errorf("the end is %v (%v), want %v", end, g.err, tt.want)
				}
				if len(g.messages) > 0 {
					t.Errorf("%d messages", len(g.messages))
				}
			})
		})
	}
}

// everyReceiver brings d to every receiver, and compares what each got with what the plain reader finds.
func everyReceiver(t *testing.T, d delivery, check func(*testing.T, kind, got)) {
	for _, r := range receivers {
		t.Run(r.name, func(t *testing.T) {
			for _, deliver := range transports[:2] {
				deliver, run := deliver, r.run
				g, written := deliver(t, d, func(rwc io.ReadWriteCloser) got { return run(t, rwc, d) })
				want := (&plainReader{rest: d.wire, server: d.server, limit: d.limit, lite: r.kind == singles}).run()
				compare(t, r.kind, want, g)
				checkWritten(t, want, (&plainReader{rest: written, server: !d.server, limit: stream.Unlimited}).run(), len(written))
				check(t, r.kind, g)
			}
		})
	}
}

// The class of CVE-2018-21035: nothing is allocated for what a peer claims, in whichever way it is received.
func TestNothingIsAllocatedForClaimsInAnyMode(t *testing.T) {
	inBothRoles(t, func(t *testing.T, server bool) {
		for _, came := range []int{0, 11, 100 << 10} {
			for _, r := range receivers {
				t.Run(fmt.Sprintf("%s, %d bytes", r.name, came), func(t *testing.T) {
					wire := append(headOf(server, opcode.Binary, true, 1<<50), make([]byte, came)...)
					d := delivery{server: server, limit: stream.Unlimited, wire: wire}
					wantAllocated(t, 2<<20+8*uint64(came), func() {
						transports[0](t, d, func(rwc io.ReadWriteCloser) got { return r.run(t, rwc, d) })
					})
				})
			}
		}
	})
}

// The class of unbounded fragments: the limit is for all fragments of a message together, however small they are, and
// what they cost goes by their bytes, not by their number.
func TestEndlessFragmentsOfAByte(t *testing.T) { inBothRoles(t, testEndlessFragmentsOfAByte) }

func testEndlessFragmentsOfAByte(t *testing.T, server bool) {
	const limit = 64 << 10
	p := wstest.NewPeer(nil, nil, !server)
	wire := p.Frame(false, opcode.Binary, "x")
	one := p.Frame(false, opcode.Continuation, "x")
	wire = append(wire, bytes.Repeat(one, 2*limit)...)
	for _, r := range receivers {
		t.Run(r.name, func(t *testing.T) {
			d := delivery{server: server, limit: limit, wire: wire}
			wantAllocated(t, 16<<20, func() { // mode Frames allocates for each
				g, _ := transports[0](t, d, func(rwc io.ReadWriteCloser) got { return r.run(t, rwc, d) })
				want := ending{tooLarge, 1009, ""}
				if r.kind == singles {
					want = ending{broken, 1002, ""}
				}
				if end := endingOf(g.err); end != want {
					t.Errorf("the end is %v (%v)", end, g.err)
				}
				if n := len(g.frames); r.kind == frameByFrame && n != limit {
					t.Errorf("%d frames", n)
				}
			})
		})
	}
}

func TestEndlessEmptyFragments(t *testing.T) {
	const n = 100_000
	// fragments sends a message of n empty fragments.
	fragments := func(peer *wstest.Peer) {
		peer.SendFrame(false, opcode.Text, "")
		peer.Send(bytes.Repeat(peer.Frame(false, opcode.Continuation, ""), n))
		peer.SendFrame(true, opcode.Continuation, "x")
	}
	for name, mode := range map[string]stream.Mode[stream.Message]{"Simple": stream.Simple, "Decode": decodeAll} {
		t.Run("cost nothing in "+name, func(t *testing.T) {
			c, peer := openMode(t, mode)
			wantHeld(t, 1<<20, func() {
				go fragments(peer)
				wantMessage(t, c, opcode.Text, "x")
			})
		})
	}
	t.Run("cost nothing in Frames", func(t *testing.T) {
		c, peer := openMode(t, stream.Frames)
		wantHeld(t, 1<<20, func() {
			go fragments(peer)
			ctx := bg(t)
			for i := range n + 2 { // whose user gets each
				op, payload := opcode.Continuation, ""
				switch i {
				case 0:
					op = opcode.Text
				case n + 1:
					payload = "x"
				}
				f, err := c.Receive(ctx)
				if err != nil || f.Opcode != op || string(f.Payload) != payload || f.Fin != (i == n+1) {
					t.Fatalf("frame %d is %+v, %v", i, f, err)
				}
			}
		})
	})
	// They are activity, so no idle timeout ends them; but a context or a deadline does.
	for name, receive := range map[string]func(*testing.T, io.ReadWriteCloser) error{
		"Standard": func(t *testing.T, rwc io.ReadWriteCloser) error {
			return inFragments(t, rwc, func(_ *conn, r *stream.Reader) error {
				r.SetDeadline(time.Now().Add(20 * time.Millisecond))
				_, err := r.Bytes()
				return err
			})
		},
		"discarding": func(t *testing.T, rwc io.ReadWriteCloser) error {
			return inFragments(t, rwc, func(c *conn, _ *stream.Reader) error {
				_, err := c.Receive(brief(t))
				return err
			})
		},
		"Simple": func(t *testing.T, rwc io.ReadWriteCloser) error {
			return receiveUntilEnd(t, rwc, stream.Simple)
		},
		"Frames": func(t *testing.T, rwc io.ReadWriteCloser) error {
			return receiveUntilEnd(t, rwc, stream.Frames)
		},
		"Decode": func(t *testing.T, rwc io.ReadWriteCloser) error {
			return receiveUntilEnd(t, rwc, decodeAll)
		},
	} {
		t.Run("do not hold up the end of "+name, func(t *testing.T) {
			a, b := wstest.TCP(t)
			peer := wstest.NewPeer(t, a, false)
			stopped := make(chan struct{})
			go func() {
				defer close(stopped)
				empty := bytes.Repeat(peer.Frame(false, opcode.Continuation, ""), 1000)
				_, err := peer.Write(peer.Frame(false, opcode.Text, ""))
				for err == nil {
					_, err = peer.Write(empty)
				}
			}()
			if err := receive(t, b); !errors.Is(err, os.ErrDeadlineExceeded) && err != context.DeadlineExceeded {
				t.Errorf("got %v", err)
			}
			a.Close()
			<-stopped
		})
	}
}

// decodeAll is Simple as a user would write it.
var decodeAll = stream.Decode(func(r *stream.Reader) (stream.Message, error) {
	p, err := r.Bytes()
	return stream.Message{Opcode: r.Opcode(), Data: p}, err
})

// inFragments receives a message, and calls read for it.
func inFragments(t *testing.T, rwc io.ReadWriteCloser, read func(*conn, *stream.Reader) error) error {
	c := open(t, rwc, true)
	defer c.Abort()
	r, err := c.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	return read(c, r)
}

// receiveUntilEnd receives with a context that ends soon, again and again until there is an error.
func receiveUntilEnd[M any](t *testing.T, rwc io.ReadWriteCloser, mode stream.Mode[M]) error {
	c, err := stream.New(rwc, stream.Handshake{Server: true}, mode)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	for ctx := brief(t); err == nil; {
		_, err = c.Receive(ctx)
	}
	return err
}

// The class of limits that are applied to the wrong count, as in CVE-2018-1000518: it is the payload of the message
// that counts, all of its fragments, and nothing else.
func TestTheLimitCountsThePayloadOfAMessage(t *testing.T) {
	inBothRoles(t, testTheLimitCountsThePayloadOfAMessage)
}

func testTheLimitCountsThePayloadOfAMessage(t *testing.T, server bool) {
	p := wstest.NewPeer(nil, nil, !server)
	ping := p.Frame(true, opcode.Ping, strings.Repeat("p", 125))
	for _, tt := range []struct {
		name string
		wire [][]byte
		want ending
	}{
		{"control frames do not count", [][]byte{p.Frame(false, opcode.Text, "12345"), ping, ping, p.Frame(true, opcode.Continuation, "67890")}, ending{why: lost}},
		{"fragments do", [][]byte{p.Frame(false, opcode.Text, "12345"), ping, p.Frame(true, opcode.Continuation, "678901")}, ending{tooLarge, 1009, ""}},
		{"one that is empty changes nothing", [][]byte{p.Frame(false, opcode.Text, "1234567890"), p.Frame(true, opcode.Continuation, "")}, ending{why: lost}},
		{"a byte behind that does", [][]byte{p.Frame(false, opcode.Text, "1234567890"), p.Frame(false, opcode.Continuation, ""), p.Frame(true, opcode.Continuation, "1")}, ending{tooLarge, 1009, ""}},
		{"each message has its own", [][]byte{p.Frame(true, opcode.Text, "1234567890"), p.Frame(true, opcode.Binary, "1234567890")}, ending{why: lost}},
		{"a single frame", [][]byte{p.Frame(true, opcode.Text, "12345678901")}, ending{tooLarge, 1009, ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			everyReceiver(t, delivery{server: server, limit: 10, wire: bytes.Join(tt.wire, nil)}, func(t *testing.T, k kind, g got) {
				if end := endingOf(g.err); end != tt.want && k != singles {
					t.Errorf("the end is %v, want %v", end, tt.want)
				}
			})
		})
	}
}

func TestAFloodOfPingsWithoutAReaderOfPongs(t *testing.T) { inBothRoles(t, testAFloodOfPings) }

func testAFloodOfPings(t *testing.T, server bool) {
	const pings = 300_000
	end, peer := endAndPeer(t, server)
	flood := bytes.Repeat(peer.Frame(true, opcode.Ping, strings.Repeat("p", 125)), 100)
	goroutines := runtime.NumGoroutine()
	wantHeld(t, 1<<20, func() {
		go func() {
			for range pings / 100 {
				peer.Send(flood)
			}
			peer.SendFrame(true, opcode.Ping, "the last")
			peer.SendFrame(true, opcode.Text, "through")
		}()
		if got := receiveAll(t, end); got != "through" {
			t.Errorf("got %q", got)
		}
	})
	if n := runtime.NumGoroutine(); n > goroutines+10 {
		t.Errorf("%d goroutines, %d before", n, goroutines)
	}
	for answered := 1; ; answered++ {
		f, _, err := peer.Receive()
		if err != nil || f.Opcode != opcode.Pong || answered > pings {
			t.Fatalf("got %v, %v", f, err)
		}
		if f.Payload == "the last" {
			break
		}
	}
}

func TestAFloodOfPongs(t *testing.T) { inBothRoles(t, testAFloodOfPongs) }

func testAFloodOfPongs(t *testing.T, server bool) {
	end, peer := endAndPeer(t, server)
	flood := bytes.Repeat(peer.Frame(true, opcode.Pong, "nobody asked"), 1000)
	ctx, cancel := context.WithCancel(bg(t))
	probed := make(chan error)
	go func() {
		_, err := end.Probe(ctx)
		probed <- err
	}()
	wantHeld(t, 1<<20, func() {
		go func() {
			for range 200 {
				peer.Send(flood)
			}
			peer.SendFrame(true, opcode.Text, "through")
		}()
		if got := receiveAll(t, end); got != "through" {
			t.Errorf("got %q", got)
		}
	})
	cancel()
	if err := <-probed; err != context.Canceled {
		t.Errorf("a pong that does not answer has ended Probe with %v", err)
	}
}

// A peer that does not read holds what one write needs, and no more; and without any option it does so for a minute.
func TestAPeerThatDoesNotReadIsGivenUp(t *testing.T) {
	inBothRoles(t, testAPeerThatDoesNotReadIsGivenUp)
}

func testAPeerThatDoesNotReadIsGivenUp(t *testing.T, server bool) {
	for name, write := range map[string]func(*conn) error{
		"WriteBinary": func(c *conn) error { return c.WriteBinary(context.Background(), data) },
		"WriteBuffers": func(c *conn) error {
			return c.WriteBuffers(context.Background(), opcode.Binary, net.Buffers{data, data})
		},
		"ReadFrom": func(c *conn) error {
			w, err := c.NewWriter(context.Background(), opcode.Binary)
			if err != nil {
				return err
			}
			defer w.Abort()
			_, err = w.ReadFrom(endless{})
			return err
		},
		"Ping": func(c *conn) error { return c.Ping(context.Background(), nil) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := net.Pipe()
				defer a.Close()
				c := open(t, b, server)
				wantAllocated(t, 4<<20, func() {
					if err := write(c); !errors.Is(err, stream.ErrIdleTimeout) {
						t.Errorf("got %v", err)
					}
				})
			})
		})
	}
}

func TestAByteASecond(t *testing.T) {
	for name, payload := range map[string]string{"in a header": "", "in a payload": strings.Repeat("x", 200)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := net.Pipe()
				c := open(t, b, true)
				peer := wstest.NewPeer(t, a, false)
				defer a.Close()
				go func() {
					for _, one := range peer.Frame(true, opcode.Text, payload) {
						time.Sleep(time.Second)
						a.Write([]byte{one})
					}
				}()
				// Somebody who is in a hurry is let go.
				ctx, cancel := context.WithTimeout(context.Background(), 2500*time.Millisecond)
				defer cancel()
				if _, err := c.Receive(ctx); err != context.DeadlineExceeded {
					t.Errorf("Receive: %v", err)
				}
				r, err := c.Receive(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				if payload != "" {
					r.SetDeadline(time.Now().Add(5500 * time.Millisecond))
					if p, err := r.Bytes(); err != os.ErrDeadlineExceeded || string(p) != "xxxxx" {
						t.Errorf("got %q, %v", p, err)
					}
					r.SetDeadline(time.Time{})
				}
				if p, err := r.Bytes(); !strings.HasSuffix(payload, string(p)) || err != nil {
					t.Errorf("got %d bytes, %v", len(p), err)
				}
			})
		})
	}
	t.Run("every 61 seconds", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *conn, peer *wstest.Peer) {
			go func() {
				peer.Send([]byte{0x81})
				time.Sleep(61 * time.Second)
				peer.Receive()
			}()
			_, err := c.Receive(context.Background())
			wantIdle(t, err)
		})
	})
}

// cutWire is what is cut at every byte: every kind of frame, and everything that a message can be cut in.
func cutWire(p *wstest.Peer) []byte {
	return bytes.Join([][]byte{
		p.Frame(true, opcode.Text, "öne"),
		p.Frame(false, opcode.Binary, "t"), p.Frame(true, opcode.Ping, "?"), p.Frame(false, opcode.Continuation, ""), p.Frame(true, opcode.Continuation, "wo"),
		p.Frame(true, opcode.Pong, ""),
		p.Frame(true, opcode.Text, ""),
		p.Frame(true, opcode.Close, wstest.ClosePayload(1001, "bye")),
	}, nil)
}

// Whatever the mode, and wherever a connection is cut, what was whole by then is there, and nothing else.
func TestACutNeverLooksWholeInAnyMode(t *testing.T) {
	every := []int{1, 1, 1, 8, 16} // sockets take their time, so the receivers share the cuts
	for _, server := range []bool{true, false} {
		all := cutWire(wstest.NewPeer(nil, nil, !server))
		for i, r := range receivers {
			t.Run(fmt.Sprintf("%s, server %v", r.name, server), func(t *testing.T) {
				for cut := range len(all) + 1 {
					d := delivery{server: server, limit: 1 << 20, wire: all[:cut]}
					want := (&plainReader{rest: d.wire, server: server, limit: d.limit, lite: r.kind == singles}).run()
					for j, deliver := range append(transports, overTLS) {
						if (cut+i)%every[j] != 0 {
							continue
						}
						g, _ := deliver(t, d, func(rwc io.ReadWriteCloser) got { return r.run(t, rwc, d) })
						compare(t, r.kind, want, g)
						if want.open && g.within == nil {
							t.Error("no error within the message")
						}
					}
					if t.Failed() {
						t.Fatalf("cut at %d", cut)
					}
				}
			})
		}
	}
}

// overTLS delivers over TLS, which is cut without its end.
func overTLS(t *testing.T, d delivery, run func(io.ReadWriteCloser) got) (g got, written []byte) {
	near, far := wstest.TLS(t)
	go func() {
		far.Write(d.wire)
		far.NetConn().(*net.TCPConn).CloseWrite()
	}()
	g = run(near)
	far.NetConn().Close()
	return g, nil
}

// A shortWire takes so many bytes, and fails then.
type shortWire struct {
	tape
	room int
}

func (w *shortWire) Write(p []byte) (int, error) {
	n := min(len(p), w.room)
	w.room -= n
	w.tape.Write(p[:n])
	if n < len(p) {
		return n, io.ErrClosedPipe
	}
	return n, nil
}

// Whatever is written, and wherever the peer stops to take it, no message that the peer gets looks whole and is not.
func TestACutOfWhatIsWrittenNeverLooksWhole(t *testing.T) {
	const text = "the quick brown fox"
	lite := []stream.WriterOption{stream.SingleFrame(len(text))}
	for _, server := range []bool{true, false} {
		for name, write := range map[string]func(*conn) error{
			"WriteText": func(c *conn) error { return c.WriteText(context.Background(), text) },
			"WriteBuffers": func(c *conn) error {
				return c.WriteBuffers(context.Background(), opcode.Text, net.Buffers{[]byte(text[:5]), []byte(text[5:])})
			},
			"WritePrepared": func(c *conn) error {
				p, err := stream.Prepare(opcode.Text, []byte(text))
				if err != nil {
					return err
				}
				return c.WritePrepared(context.Background(), p)
			},
			"a Writer":                   func(c *conn) error { return writeBy(c, text) },
			"a Writer with small ones":   func(c *conn) error { return writeBy(c, text, stream.FragmentSize(3)) },
			"a Writer of a single frame": func(c *conn) error { return writeBy(c, text, lite...) },
			"ReadFrom": func(c *conn) error {
				w, err := c.NewWriter(context.Background(), opcode.Text, stream.FragmentSize(8))
				if err != nil {
					return err
				}
				defer w.Abort()
				if _, err := w.ReadFrom(strings.NewReader(text)); err != nil {
					return err
				}
				return w.Close()
			},
			"a NetConn": func(c *conn) error {
				_, err := io.WriteString(netConn(t, c, opcode.Text), text)
				return err
			},
		} {
			t.Run(fmt.Sprintf("%s, server %v", name, server), func(t *testing.T) {
				open := func(rwc io.ReadWriteCloser) *conn { return open(t, rwc, server) }
				cutEverywhere(t, open, write, func(room int, wire []byte, err error) {
					got := (&plainReader{rest: wire, server: !server, limit: 1 << 20}).run()
					if len(got.messages) == 1 && string(got.messages[0].Data) != text || len(got.messages) > 1 || got.end.why != lost {
						t.Fatalf("room for %d: the peer got %q, and then %v", room, got.messages, got.end)
					}
					if err == nil && len(got.messages) != 1 {
						t.Errorf("room for %d: no error, and no message", room)
					}
				})
			})
		}
	}
}

// cutEverywhere has write write where there is room for 0 bytes, for 1, and so on, until it succeeds. Each time check is
// told what has found room, and the error of write.
func cutEverywhere(t *testing.T, open func(io.ReadWriteCloser) *conn, write func(*conn) error, check func(room int, wire []byte, err error)) {
	t.Helper()
	for room := 0; ; room++ {
		w := &shortWire{room: room}
		c := open(wstest.Bare{ReadWriteCloser: w})
		err := write(c)
		if errors.Is(err, io.EOF) {
			t.Errorf("room for %d: %v", room, err)
		}
		c.Abort()
		check(room, w.written.Bytes(), err)
		if err == nil {
			return
		}
	}
}

// A message that is compressed is whole only with all of its payload, whatever inflates before.
func TestACutOfWhatIsWrittenCompressedNeverLooksWhole(t *testing.T) {
	text := prose[:200]
	forgetful := stream.Deflate{ServerNoContextTakeover: true, ClientNoContextTakeover: true}
	for _, server := range []bool{true, false} {
		for name, write := range map[string]func(*conn) error{
			"WriteText":                func(c *conn) error { return c.WriteText(context.Background(), text) },
			"a Writer":                 func(c *conn) error { return writeBy(c, text) },
			"a Writer with small ones": func(c *conn) error { return writeBy(c, text, stream.FragmentSize(10)) },
			"a NetConn": func(c *conn) error {
				_, err := io.WriteString(netConn(t, c, opcode.Text), text)
				return err
			},
		} {
			t.Run(fmt.Sprintf("%s, server %v", name, server), func(t *testing.T) {
				open := func(rwc io.ReadWriteCloser) *conn { return openDeflate(t, rwc, server, stream.Standard, forgetful) }
				cutEverywhere(t, open, write, func(room int, wire []byte, err error) {
					if len(wire) > 0 {
						if wire[0]&0x4F != 0x41 {
							t.Fatalf("the first byte is %#x, and not that of compressed text", wire[0])
						}
						wire[0] = wire[0]&0x80 | byte(opcode.Binary) // as which it can be read without being inflated
					}
					got := (&plainReader{rest: wire, server: !server, limit: 1 << 20}).run()
					if whole := len(got.messages) == 1; whole && inflateAll(t, string(got.messages[0].Data)) != text ||
						len(got.messages) > 1 || got.end.why != lost || whole != (err == nil) {
						t.Fatalf("room for %d: %v, and the peer got %q, and then %v", room, err, got.messages, got.end)
					}
				})
			})
		}
	}
}

func writeBy(c *conn, text string, opts ...stream.WriterOption) error {
	w, err := c.NewWriter(context.Background(), opcode.Text, opts...)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := w.Write([]byte(text[:7])); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if _, err := io.WriteString(w, text[7:]); err != nil {
		return err
	}
	return w.Close()
}

// What a peer does in its farewell does not hold up this end longer than it is meant to.
func TestAPeerThatNeverStopsSendingIsDroppedAfterItsOffence(t *testing.T) {
	server, peer := serverAndPeer(t, stream.CloseTimeout(100*time.Millisecond))
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		garbage := peer.FrameOf(frame.Header{Opcode: 7, Fin: true}, "")
		for {
			if _, err := peer.Write(garbage); err != nil {
				return
			}
		}
	}()
	var broken *stream.ProtocolError
	if _, err := server.Receive(bg(t)); !errors.As(err, &broken) || broken.Code != closecode.ProtocolError {
		t.Errorf("Receive: %v", err)
	}
	<-stopped
}
