package stream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// frames returns the sizes of the frames of one message as "32768 100.", the dot for the FIN bit, and the payload.
func frames(t testing.TB, peer *wstest.Peer) (sizes, payload string) {
	t.Helper()
	var s []string
	var b strings.Builder
	for first := true; ; first = false {
		f, _, err := peer.Receive()
		if err != nil {
			t.Errorf("peer: %v", err)
			return strings.Join(s, " "), b.String()
		}
		if (f.Opcode == opcode.Continuation) == first {
			t.Errorf("peer: frame %d has opcode %v", len(s), f.Opcode)
		}
		b.WriteString(f.Payload)
		if f.Fin {
			return strings.Join(append(s, fmt.Sprintf("%d.", len(f.Payload))), " "), b.String()
		}
		s = append(s, fmt.Sprint(len(f.Payload)))
	}
}

var data = func() []byte {
	p := make([]byte, 4<<20)
	rand.NewChaCha8([32]byte{1}).Read(p)
	return p
}()

func TestFragments(t *testing.T) {
	const k = 1 << 10
	writes := func(sizes ...int) func(*stream.Writer) error {
		return func(w *stream.Writer) error {
			p := data
			for _, n := range sizes {
				if m, err := w.Write(p[:n]); m != n || err != nil {
					return errors.Join(err, fmt.Errorf("wrote %d of %d", m, n))
				}
				p = p[n:]
			}
			return nil
		}
	}
	small := func(n, size int) []int {
		s := make([]int, n)
		for i := range s {
			s[i] = size
		}
		return s
	}
	tests := []struct {
		name  string
		opts  []stream.Option
		write func(*stream.Writer) error
		size  int
		want  string
	}{
		{"nothing", nil, writes(), 0, "0."},
		{"empty writes", nil, writes(0, 0), 0, "0."},
		{"one byte", nil, writes(1), 1, "1."},
		{"a fragment, exactly", nil, writes(small(32, k)...), 32 * k, "32768."},
		{"a fragment and a byte", nil, writes(append(small(32, k), 1)...), 32*k + 1, "32768 1."},
		{"fragments, exactly", nil, writes(small(64, k)...), 64 * k, "32768 32768."},
		{"one large write", nil, writes(200 * k), 200 * k, "204800."},
		{"a larger write", nil, writes(1000 * k), 1000 * k, "1007616 16384."},
		{"a write of more than a frame", nil, writes(3000 * k), 3000 * k, "1048576 1048576 958464 16384."},
		{"small, large, small", nil, writes(100, 500*k, 100), 500*k + 200, "495716 16484."},
		{"small fragments", []stream.Option{stream.FragmentSize(1000)}, writes(2500), 2500, "1000 1000 500."},
		{"small fragments, exactly", []stream.Option{stream.FragmentSize(1000)}, writes(small(20, 100)...), 2000, "1000 1000."},
		{"fragments of a byte", []stream.Option{stream.FragmentSize(uint8(1))}, writes(3), 3, "1 1 1."},
		{"large fragments", []stream.Option{stream.FragmentSize(2 << 20)}, writes(3 << 20), 3 << 20, "2097152 1032192 16384."},
		{"ReadFrom", nil, readFrom(bytesOnly{bytes.NewReader(data[:600*k])}), 600 * k, "262144 262144 90112."},
		{"ReadFrom, byte by byte", nil, readFrom(iotest.OneByteReader(bytes.NewReader(data[:1000]))), 1000, "1000."},
		{"ReadFrom, fragments exactly", []stream.Option{stream.FragmentSize(1000)}, readFrom(bytesOnly{bytes.NewReader(data[:2000])}), 2000, "1000 1000."},
		{"ReadFrom, end with the last bytes", nil, readFrom(iotest.DataErrReader(bytes.NewReader(data[:1000]))), 1000, "1000."},
		{"ReadFrom of nothing", nil, readFrom(strings.NewReader("")), 0, "0."},
	}
	for _, server := range []bool{true, false} {
		for _, tt := range tests {
			t.Run(fmt.Sprintf("%s, server %v", tt.name, server), func(t *testing.T) {
				c, peer := endAndPeer(t, server, tt.opts...)
				go func() {
					w, err := c.NewWriter(bg(t), opcode.Binary)
					if err == nil {
						err = tt.write(w)
					}
					if err == nil {
						err = w.Close()
					}
					if err != nil {
						t.Error(err)
						c.Abort()
					}
				}()
				sizes, payload := frames(t, peer)
				if sizes != tt.want {
					t.Errorf("got %s, want %s", sizes, tt.want)
				}
				if payload != string(data[:tt.size]) {
					t.Error("the payload has changed")
				}
			})
		}
	}
}

// bytesOnly hides all but Read.
type bytesOnly struct{ io.Reader }

func readFrom(src io.Reader) func(*stream.Writer) error {
	var all bytes.Buffer
	tee := io.TeeReader(src, &all)
	return func(w *stream.Writer) error {
		src := tee
		if all.Len() > 0 {
			src = bytes.NewReader(all.Bytes()) // the second role
		}
		_, err := io.Copy(w, bytesOnly{src})
		return err
	}
}

func TestWritingDoesNotChangeTheCallersBytes(t *testing.T) {
	client, server := pair(t, wstest.Transports[0])
	for _, n := range []int{10, 1000, 100_000, 1 << 20} {
		p := bytes.Clone(data[:n])
		done := make(chan error, 1)
		go func() {
			err := client.WriteBinary(bg(t), p)
			w, e := client.NewWriter(bg(t), opcode.Binary)
			if err = errors.Join(err, e); err == nil {
				_, err = w.Write(p)
				err = errors.Join(err, w.Close())
			}
			done <- err
		}()
		for range 2 {
			if got := receiveAll(t, server); got != string(data[:n]) {
				t.Errorf("%d bytes: not the same", n)
			}
		}
		if err := <-done; err != nil || !bytes.Equal(p, data[:n]) {
			t.Errorf("%d bytes: changed, %v", n, err)
		}
	}
}

func TestFlush(t *testing.T) {
	for _, server := range []bool{true, false} {
		c, peer := endAndPeer(t, server)
		w, err := c.NewWriter(bg(t), opcode.Text)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil { // nothing to send
			t.Fatal(err)
		}
		for _, text := range []string{"one", "two"} {
			io.WriteString(w, text)
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		peer.Want(false, opcode.Text, "one")
		peer.Want(false, opcode.Continuation, "two")
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		peer.Want(true, opcode.Continuation, "")
	}
}

func TestSingleFrame(t *testing.T) {
	for _, server := range []bool{true, false} {
		for _, n := range []int{0, 1, 125, 126, 1000, 65536, 300_000, 4 << 20} {
			for _, chop := range []int{1000, 50_000, 4 << 20} {
				t.Run(fmt.Sprintf("server %v, %d bytes in %d", server, n, chop), func(t *testing.T) {
					c, peer := endAndPeer(t, server)
					go func() {
						w, err := c.NewWriter(bg(t), opcode.Binary, stream.SingleFrame(n))
						if err != nil {
							t.Error(err)
							return
						}
						for p := data[:n]; len(p) > 0; p = p[min(chop, len(p)):] {
							if _, err := w.Write(p[:min(chop, len(p))]); err != nil {
								t.Error(err)
							}
						}
						// The frame is complete, so that others get their turn.
						if n > 0 {
							if err := c.Ping(bg(t), []byte("p")); err != nil {
								t.Error(err)
							}
						}
						if err := w.Close(); err != nil {
							t.Error(err)
						}
					}()
					peer.Want(true, opcode.Binary, string(data[:n]))
					if n > 0 {
						peer.Want(true, opcode.Ping, "p")
					}
				})
			}
		}
	}
}

func TestASingleFrameOfAnotherLengthFailsTheConnection(t *testing.T) {
	for _, tt := range []struct {
		name     string
		declared int
		writes   []int
		code     closecode.Code // that the peer sees; 0: it is cut off in mid-frame
	}{
		{"nothing of something", 5, nil, closecode.InternalError},
		{"short, nothing has left", 5, []int{3}, closecode.InternalError},
		{"short, in mid-frame", 1 << 20, []int{600_000}, 0},
		{"long, nothing has left", 5, []int{6}, closecode.InternalError},
		{"long, behind the whole", 5, []int{5, 1}, closecode.InternalError},
		{"long, in mid-frame", 1 << 20, []int{600_000, 600_000}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, peer := serverAndPeer(t)
			result := make(chan error, 1)
			go func() {
				w, err := c.NewWriter(bg(t), opcode.Binary, stream.SingleFrame(tt.declared))
				if err != nil {
					result <- err
					return
				}
				for _, n := range tt.writes {
					w.Write(data[:n])
				}
				result <- w.Close()
			}()
			for {
				f, _, err := peer.Receive()
				if err != nil {
					if tt.code != 0 {
						t.Errorf("peer: %v", err)
					}
					break
				}
				if f.Opcode == opcode.Close {
					if f.Payload[:2] != wstest.ClosePayload(tt.code, "") {
						t.Errorf("peer: close %q", f.Payload)
					}
					break
				}
				if len(f.Payload) != tt.declared {
					t.Errorf("peer: a frame of %d bytes", len(f.Payload))
				}
			}
			peer.Close()
			var argument *stream.ArgumentError
			if err := <-result; !errors.As(err, &argument) {
				t.Errorf("Close: %v", err)
			}
			if c.Connected() {
				t.Error("the connection goes on")
			}
		})
	}
}

func TestBadArgumentsSendNothing(t *testing.T) {
	c, peer := clientAndPeer(t)
	for name, call := range map[string]func() error{
		"WriteText that is not UTF-8": func() error { return c.WriteText(bg(t), "\xff") },
		"Ping of 126 bytes":           func() error { return c.Ping(bg(t), make([]byte, 126)) },
		"Pong of 126 bytes":           func() error { return c.Pong(bg(t), make([]byte, 126)) },
		"NewWriter of a continuation": func() error { _, err := c.NewWriter(bg(t), opcode.Continuation); return err },
		"NewWriter of a ping":         func() error { _, err := c.NewWriter(bg(t), opcode.Ping); return err },
		"SingleFrame of -1": func() error {
			_, err := c.NewWriter(bg(t), opcode.Text, stream.SingleFrame(-1))
			return err
		},
		"SetIdleTimeout of -1": func() error { return c.SetIdleTimeout(-1) },
		"Shutdown with 1006":   func() error { return c.Shutdown(bg(t), closecode.Abnormal, "") },
		"Shutdown with a reason of 124 bytes": func() error {
			return c.Shutdown(bg(t), closecode.NormalClosure, strings.Repeat("x", 124))
		},
	} {
		var argument *stream.ArgumentError
		if err := call(); !errors.As(err, &argument) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c.WriteText(bg(t), "first")
	peer.Want(true, opcode.Text, "first")
}

func TestTextThatIsNotUTF8SpoilsItsMessageAlone(t *testing.T) {
	for _, pieces := range [][]string{{"\xff"}, {"ok", "\xc3", "("}, {"\xe2\x82"}} {
		c, peer := clientAndPeer(t)
		w, err := c.NewWriter(bg(t), opcode.Text)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pieces {
			io.WriteString(w, p)
		}
		var argument *stream.ArgumentError
		if err := w.Close(); !errors.As(err, &argument) {
			t.Errorf("%q: Close: %v", pieces, err)
		}
		c.WriteText(bg(t), "next")
		peer.Want(true, opcode.Text, "next")
	}
}

func TestMaskings(t *testing.T) {
	c, peer := clientAndPeer(t)
	keys := make(map[frame.Key]bool)
	for _, m := range []frame.Masking{frame.RandomMask, frame.RandomMask, frame.FixedMask(wstest.Key), frame.FixedMask(frame.Key{}), frame.NoMask, frame.RandomMask} {
		if err := c.SetMasking(m); err != nil {
			t.Fatal(err)
		}
		go c.WriteText(context.Background(), "masked or not")
		f, h, err := peer.Receive()
		if err != nil || f.Payload != "masked or not" {
			t.Fatalf("%v: %q, %v", m, f.Payload, err)
		}
		if h.Masked == (m == frame.NoMask) {
			t.Errorf("%v: masked is %v", m, h.Masked)
		}
		keys[h.Key] = true
	}
	if len(keys) != 5 { // three random ones, and the zero one twice
		t.Errorf("keys %v", keys)
	}
}

// A random course of calls ends in the same bytes, in legal frames.
func TestRandomWritesArriveAsTheyWere(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 0))
		var opts []stream.Option
		if r.IntN(2) == 0 {
			opts = append(opts, stream.FragmentSize(1+r.IntN(1<<r.IntN(21))))
		}
		c, peer := endAndPeer(t, r.IntN(2) == 0, opts...)
		var want bytes.Buffer
		go func() {
			w, err := c.NewWriter(bg(t), opcode.Binary)
			if err != nil {
				t.Error(err)
				return
			}
			for range r.IntN(12) {
				p := data[:r.IntN(1<<r.IntN(21))]
				want.Write(p)
				switch r.IntN(4) {
				case 0:
					_, err = io.Copy(w, bytesOnly{bytes.NewReader(p)})
				case 1:
					_, err = io.Copy(w, bytes.NewReader(p))
					if err == nil {
						err = w.Flush()
					}
				default:
					_, err = w.Write(p)
				}
				if err != nil {
					t.Error(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Error(err)
			}
		}()
		if _, payload := frames(t, peer); payload != want.String() {
			t.Errorf("seed %d: %d bytes became %d", seed, want.Len(), len(payload))
		}
	}
}

func TestNoFragmentIsLargerThanFragmentSize(t *testing.T) {
	const size = 1000
	for name, write := range map[string]func(*stream.Writer){
		"ReadFrom and Close": func(w *stream.Writer) { w.ReadFrom(iotest.DataErrReader(bytes.NewReader(data[:size+1]))) },
		"ReadFrom and Flush": func(w *stream.Writer) {
			w.ReadFrom(iotest.DataErrReader(bytes.NewReader(data[:size+1])))
			w.Flush()
			io.WriteString(w, "x")
		},
		"ReadFrom and Write": func(w *stream.Writer) {
			w.ReadFrom(iotest.DataErrReader(bytes.NewReader(data[:size+1])))
			w.Write(data[:100*size])
		},
		"after a deadline": func(w *stream.Writer) {
			w.SetDeadline(past)
			w.ReadFrom(bytes.NewReader(data[:size+1]))
			w.SetDeadline(time.Time{})
			w.Write(data[:size])
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, peer := clientAndPeer(t, stream.FragmentSize(size))
			go func() {
				w := newWriter(t, c, opcode.Binary)
				write(w)
				if err := w.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			}()
			for {
				f, _, err := peer.Receive()
				if err != nil || len(f.Payload) > size || len(f.Payload) == 0 {
					t.Fatalf("%d bytes, %v", len(f.Payload), err)
				}
				if f.Fin {
					break
				}
			}
		})
	}
}

func TestASingleFrameOfTextIsNotEndedWithinACodePoint(t *testing.T) {
	c, peer := clientAndPeer(t)
	w := newWriter(t, c, opcode.Text, stream.SingleFrame(2))
	var refused *stream.ArgumentError
	if _, err := io.WriteString(w, "a\xc3"); !errors.As(err, &refused) {
		t.Errorf("WriteString: %v", err)
	}
	go w.Close()
	peer.WantClose(closecode.InternalError)
}

func TestASingleFrameIsSentOnceItIsWhole(t *testing.T) {
	c, peer := clientAndPeer(t)
	source, more := io.Pipe()
	written := make(chan error, 1)
	go func() {
		w := newWriter(t, c, opcode.Binary, stream.SingleFrame(5))
		w.ReadFrom(source)
		written <- w.Close()
	}()
	io.WriteString(more, "hello")
	peer.Want(true, opcode.Binary, "hello")
	more.Close()
	if err := <-written; err != nil {
		t.Error(err)
	}
}

func TestAStaleWriterDoesNotWaitForTheNext(t *testing.T) {
	c, _ := unread(t, wstest.Transports[0])
	stale := newWriter(t, c, opcode.Binary)
	stale.Abort()
	w := newWriter(t, c, opcode.Binary)
	written := make(chan error, 1)
	go func() {
		_, err := w.Write(make([]byte, 64<<20))
		written <- err
	}()
	select {
	case err := <-written:
		t.Fatalf("the peer does not read: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	if _, err := stale.Write([]byte("x")); err != stream.ErrStale {
		t.Errorf("got %v", err)
	}
	c.Abort()
	<-written
	w.Abort()
}

func TestReadFromCountsWhatItTook(t *testing.T) {
	c, _ := clientAndPeer(t)
	w := newWriter(t, c, opcode.Text)
	if n, err := w.ReadFrom(strings.NewReader("a\xff")); n != 2 || err == nil {
		t.Errorf("%d, %v", n, err)
	}
	w.Abort()
}

// What the transport took before it failed is no reason to lose what has come.
func TestAWriterWhoseTransportFailsLosesNoMessage(t *testing.T) {
	a, b := wstest.TCP(t)
	c := open(t, &soonDeaf{Conn: a, left: 100}, false)
	peer := wstest.NewPeer(t, b, true)
	peer.SendFrame(true, opcode.Text, "one")
	peer.SendFrame(true, opcode.Text, "two")
	peer.SendClose(closecode.PolicyViolation, "bye")
	w := newWriter(t, c, opcode.Binary)
	io.WriteString(w, "half")
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	w.Write(data[:1000])
	w.Flush()
	if err := w.Close(); !errors.Is(err, errDeaf) {
		t.Errorf("Close: %v", err)
	}
	whole, err := drain(t, c)
	var closed *stream.CloseError
	if len(whole) != 2 || !errors.As(err, &closed) {
		t.Errorf("received %q, %v", whole, err)
	}
}

// A soonDeaf connection takes some bytes, and then no more.
type soonDeaf struct {
	net.Conn
	left int
}

func (d *soonDeaf) Write(p []byte) (int, error) {
	if d.left -= len(p); d.left < 0 {
		return 0, errDeaf
	}
	return d.Conn.Write(p)
}
