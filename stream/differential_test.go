package stream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A delivery is how the bytes of a peer come.
type delivery struct {
	server bool // the receiver is the server
	limit  int64
	early  int // so many came behind the handshake
	wire   []byte
	sizes  []byte // of the chops, and of the patience of the receiver

	deflate *stream.Deflate // agreed on
}

// A kind is what a receiver hands out.
type kind int

const (
	messages kind = iota
	singles       // messages of a single frame
	frameByFrame
)

// receivers receive all there is, in every mode, and in every way to read a message.
var receivers = []struct {
	name string
	kind kind
	run  func(*testing.T, io.ReadWriteCloser, delivery) got
}{
	{"Read", messages, standard(func(r *stream.Reader) ([]byte, error) { return readAll(r, 512) })},
	{"Read, a byte at a time", messages, standard(func(r *stream.Reader) ([]byte, error) { return readAll(r, 1) })},
	{"Read, past the buffer", messages, standard(func(r *stream.Reader) ([]byte, error) { return readAll(r, 64<<10) })},
	{"Bytes", messages, standard((*stream.Reader).Bytes)},
	{"Text", messages, standard(func(r *stream.Reader) ([]byte, error) {
		s, err := r.Text()
		return []byte(s), err
	})},
	{"Buffers", messages, standard(func(r *stream.Reader) ([]byte, error) {
		bufs, err := r.Buffers()
		return bytes.Join(bufs, nil), err
	})},
	{"WriteTo", messages, standard(func(r *stream.Reader) ([]byte, error) {
		var b bytes.Buffer
		n, err := r.WriteTo(&b)
		if n != int64(b.Len()) {
			panic(fmt.Sprintf("WriteTo says %d, and has written %d", n, b.Len()))
		}
		return b.Bytes(), err
	})},
	{"Simple", messages, whole(stream.Simple)},
	{"Simple with ReuseBuffer", messages, whole(stream.Simple, stream.ReuseBuffer())},
	{"Lite", singles, whole(stream.Lite)},
	{"Frames", frameByFrame, framewise()},
	{"Frames with ReuseBuffer", frameByFrame, framewise(stream.ReuseBuffer())},
	{"Decode", messages, decoded},
}

// got is what a receiver got.
type got struct {
	frames   []stream.Frame
	messages []stream.Message
	part     []byte // of the message in which the end came, if it says so
	within   error  // what ended that
	err      error  // what ended the connection
}

func readAll(r *stream.Reader, size int) (all []byte, err error) {
	p := make([]byte, size)
	for {
		n, err := r.Read(p)
		all = append(all, p[:n]...)
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
	}
}

// newEnd returns the receiver's end of a delivery.
func newEnd[M any](t *testing.T, rwc io.ReadWriteCloser, d delivery, mode stream.Mode[M], opts ...stream.Option) *stream.Conn[M] {
	hs := stream.Handshake{Server: d.server, Buffered: d.wire[:d.early], Deflate: d.deflate}
	c, err := stream.New(rwc, hs, mode, append(opts, stream.MaxMessageSize(d.limit), stream.IdleTimeout(0))...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// impatient has receive called again and again, with contexts that end soon, until it returns something.
func impatient[M any](d *delivery, receive func(context.Context) (M, error)) (M, error) {
	for {
		if len(d.sizes) == 0 {
			return receive(context.Background())
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(d.sizes[0])*time.Millisecond/8)
		d.sizes = d.sizes[1:]
		m, err := receive(ctx)
		cancel()
		if err != context.DeadlineExceeded {
			return m, err
		}
	}
}

func standard(read func(*stream.Reader) ([]byte, error)) func(*testing.T, io.ReadWriteCloser, delivery) got {
	return func(t *testing.T, rwc io.ReadWriteCloser, d delivery) (g got) {
		c := newEnd(t, rwc, d, stream.Standard)
		defer c.Close()
		for {
			r, err := impatient(&d, c.Receive)
			if err != nil {
				g.err = err
				return g
			}
			p, err := readImpatiently(r, &d, read)
			if err != nil {
				g.part, g.within = p, err
				continue
			}
			g.messages = append(g.messages, stream.Message{Opcode: r.Opcode(), Data: p})
		}
	}
}

// readImpatiently reads on when the deadline has ended read.
func readImpatiently(r *stream.Reader, d *delivery, read func(*stream.Reader) ([]byte, error)) (all []byte, err error) {
	for {
		at := time.Time{}
		if len(d.sizes) > 0 {
			at = time.Now().Add(time.Duration(d.sizes[0]) * time.Millisecond / 8)
			d.sizes = d.sizes[1:]
		}
		r.SetDeadline(at)
		p, err := read(r)
		all = append(all, p...)
		if err != os.ErrDeadlineExceeded {
			return all, err
		}
	}
}

func whole(mode stream.Mode[stream.Message], opts ...stream.Option) func(*testing.T, io.ReadWriteCloser, delivery) got {
	return func(t *testing.T, rwc io.ReadWriteCloser, d delivery) (g got) {
		c := newEnd(t, rwc, d, mode, opts...)
		defer c.Close()
		for {
			m, err := impatient(&d, c.Receive)
			if err != nil {
				g.within = err
				_, g.err = c.Receive(context.Background())
				return g
			}
			g.messages = append(g.messages, stream.Message{Opcode: m.Opcode, Data: bytes.Clone(m.Data)})
		}
	}
}

func framewise(opts ...stream.Option) func(*testing.T, io.ReadWriteCloser, delivery) got {
	return func(t *testing.T, rwc io.ReadWriteCloser, d delivery) (g got) {
		c := newEnd(t, rwc, d, stream.Frames, opts...)
		defer c.Close()
		for {
			f, err := impatient(&d, c.Receive)
			if err != nil {
				g.within = err
				_, g.err = c.Receive(context.Background())
				return g
			}
			f.Payload = bytes.Clone(f.Payload)
			g.frames = append(g.frames, f)
		}
	}
}

func decoded(t *testing.T, rwc io.ReadWriteCloser, d delivery) (g got) {
	c := newEnd(t, rwc, d, stream.Decode(func(r *stream.Reader) (stream.Message, error) {
		p, err := io.ReadAll(r)
		return stream.Message{Opcode: r.Opcode(), Data: p}, err
	}))
	defer c.Close()
	for {
		m, err := c.Receive(context.Background())
		if err != nil && c.Err() != nil {
			g.within = err
			_, g.err = c.Receive(context.Background())
			return g
		}
		g.messages = append(g.messages, m)
	}
}

// A tape is a transport that gives what is on it in chops, and records what is written.
type tape struct {
	chops

	mu      sync.Mutex // guards following
	written bytes.Buffer
}

func (p *tape) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.written.Write(b)
}

func (p *tape) SetReadDeadline(time.Time) error  { return nil }
func (p *tape) SetWriteDeadline(time.Time) error { return nil }

// transports bring a delivery to an end that run receives with, and return what that has written.
var transports = []func(t *testing.T, d delivery, run func(io.ReadWriteCloser) got) (g got, written []byte){
	func(t *testing.T, d delivery, run func(io.ReadWriteCloser) got) (g got, written []byte) {
		synctest.Test(t, func(t *testing.T) {
			p := &tape{chops: chops{bytes: d.wire[d.early:], sizes: d.sizes}}
			g = run(p)
			synctest.Wait()
			written = p.written.Bytes()
		})
		return g, written
	},
	func(t *testing.T, d delivery, run func(io.ReadWriteCloser) got) (g got, written []byte) {
		synctest.Test(t, func(t *testing.T) {
			p := &tape{chops: chops{bytes: d.wire[d.early:], sizes: d.sizes}}
			g = run(wstest.Bare{ReadWriteCloser: p})
			synctest.Wait()
			written = p.written.Bytes()
		})
		return g, written
	},
	func(t *testing.T, d delivery, run func(io.ReadWriteCloser) got) (g got, written []byte) {
		synctest.Test(t, func(t *testing.T) { g, written = overPipe(d, run) })
		return g, written
	},
	overSocket,
}

// overPipe delivers in chops with pauses.
func overPipe(d delivery, run func(io.ReadWriteCloser) got) (g got, written []byte) {
	near, far := net.Pipe()
	var peer sync.WaitGroup
	peer.Go(func() { written, _ = io.ReadAll(far) })
	peer.Go(func() {
		c := chops{bytes: d.wire[d.early:], sizes: d.sizes}
		p := make([]byte, 256)
		for {
			n, err := c.Read(p)
			if err != nil {
				break
			}
			if n%2 == 1 && len(c.sizes) > 0 {
				time.Sleep(time.Duration(n) * time.Millisecond)
			}
			if _, err := far.Write(p[:n]); err != nil {
				break
			}
		}
		synctest.Wait() // until it has answered
		far.Close()
	})
	g = run(near)
	peer.Wait()
	return g, written
}

// overSocket delivers over a UNIX socket, which is read in a way of its own.
func overSocket(t *testing.T, d delivery, run func(io.ReadWriteCloser) got) (g got, written []byte) {
	near, far := wstest.Unix(t)
	defer far.Close()
	go func() {
		far.Write(d.wire[d.early:])
		far.(*net.UnixConn).CloseWrite()
	}()
	g = run(near)
	far.SetReadDeadline(time.Now().Add(30 * time.Second))
	written, err := io.ReadAll(far)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection was not closed")
	}
	return g, written
}

// FuzzDelivery feeds the same bytes to a connection, in any mode, over any transport and in any chops, and to the plain
// reader: both must find the same messages, and the same end; and what the connection answers must be right.
func FuzzDelivery(f *testing.F) {
	i := byte(0)
	for _, server := range []bool{true, false} {
		p := wstest.NewPeer(nil, nil, !server)
		add := func(wire []byte, sizes ...byte) {
			f.Add(server, i, i/3, uint16(i)*1000, uint16(i/5), wire, sizes)
			i++
		}
		for _, tt := range legal {
			add(tt.send(p), 0, 0, 1, 5)
		}
		for _, tt := range illegal {
			add(tt.send(p), 3)
		}
		for range 2 * len(receivers) * len(transports) {
			add(bytes.Join([][]byte{
				p.Frame(false, opcode.Text, "a\xc3"), p.Frame(true, opcode.Ping, "x"), p.Frame(true, opcode.Continuation, "\xbcc"),
				p.Frame(true, opcode.Binary, string(data[:200])), p.Frame(true, opcode.Text, ""), p.Frame(true, opcode.Text, "ö"),
				p.Frame(false, opcode.Binary, "half"), p.Frame(true, opcode.Close, wstest.ClosePayload(1000, "bye")),
			}, nil), 1, 2, 3, 4, 5, 6, 7, 8)
		}
		for range len(receivers) {
			add(append(p.Frame(false, opcode.Text, "a\x80"), p.Frame(true, opcode.Close, "")...))
			add(append(p.Frame(false, opcode.Text, ""), p.Frame(true, opcode.Close, "")...), 0, 1)
		}
	}
	f.Fuzz(func(t *testing.T, server bool, receiver, transport byte, limit, early uint16, wire, sizes []byte) {
		if len(wire) > 64<<10 {
			return // a socket has room for that
		}
		r := receivers[int(receiver)%len(receivers)]
		d := delivery{server: server, limit: 1 + int64(limit), early: min(int(early), len(wire)), wire: wire, sizes: sizes}
		deliver := transports[int(transport)%len(transports)]
		g, written := deliver(t, d, func(rwc io.ReadWriteCloser) got {
			if int(transport)%len(transports) != 2 {
				d.sizes = nil // without pauses there is nothing to be impatient about
			}
			return r.run(t, rwc, d)
		})
		want := (&plainReader{rest: wire, server: server, limit: d.limit, lite: r.kind == singles}).run()
		compare(t, r.kind, want, g)
		checkWritten(t, want, (&plainReader{rest: written, server: !server, limit: stream.Unlimited}).run(), len(written))
	})
}

// compare compares what a connection has received with what was there.
func compare(t *testing.T, k kind, want reading, g got) {
	t.Helper()
	if k == frameByFrame {
		want.messages = nil
	} else {
		want.frames = nil
	}
	if diff := cmp.Diff(want.frames, g.frames, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("frames: %s", diff)
	}
	if diff := cmp.Diff(want.messages, g.messages, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("messages: %s", diff)
	}
	if end := endingOf(g.err); end != want.end {
		t.Errorf("the end is %v (%v), want %v", end, g.err, want.end)
	}
	if !bytes.HasPrefix(want.part, g.part) && g.part != nil {
		t.Errorf("in the message that is cut is %q, want %q or less", g.part, want.part)
	}
	if want.open && g.within != nil && errors.Is(g.within, io.EOF) {
		t.Errorf("the end in mid-message matches io.EOF: %v", g.within)
	}
	if orderly := want.end.why == closed && (want.end.code == 1000 || want.end.code == 1001 || want.end.code == 1005); errors.Is(g.err, io.EOF) != orderly {
		t.Errorf("the end is %v; orderly: %v", g.err, orderly)
	}
}

// endingOf translates an error.
func endingOf(err error) ending {
	var byPeer *stream.CloseError
	var wrong *stream.ProtocolError
	var over *stream.LimitError
	switch {
	case errors.As(err, &byPeer):
		return ending{closed, byPeer.Code, byPeer.Reason}
	case errors.As(err, &wrong):
		return ending{broken, wrong.Code, ""}
	case errors.As(err, &over):
		return ending{tooLarge, 1009, ""}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return ending{why: lost}
	}
	return ending{why: fmt.Sprint(err)}
}

// checkWritten checks what the connection has answered: pongs for some of the pings, and a close frame that fits.
func checkWritten(t *testing.T, want, answer reading, written int) {
	t.Helper()
	if len(answer.frames) > 0 || answer.pings != nil || answer.open {
		t.Errorf("it has sent %v", answer)
	}
	pings := want.pings
	for _, pong := range answer.pongs {
		for len(pings) > 0 && pings[0] != pong {
			pings = pings[1:]
		}
		if len(pings) == 0 {
			t.Fatalf("pongs %q for pings %q", answer.pongs, want.pings)
		}
		pings = pings[1:]
	}
	sent := ending{why: closed, code: want.end.code}
	if want.end.why == lost {
		sent = ending{why: lost}
	}
	if answer.end.reason = ""; answer.end != sent {
		t.Errorf("it has ended with %v, want %v (%d bytes)", answer.end, sent, written)
	}
}
