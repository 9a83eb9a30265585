package stream_test

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand"
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

// prose is what compresses well.
var prose = func() string {
	var b strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&b, `{"id": %d, "name": "näme %d", "tags": ["a", "b"]}`+"\n", i, i*i%997)
	}
	return b.String()
}()

// deflates are parameters that both ends agree on.
var deflates = []stream.Deflate{
	{},
	{ServerNoContextTakeover: true, ClientNoContextTakeover: true},
	{ServerNoContextTakeover: true, ClientMaxWindowBits: 9},
	{ClientNoContextTakeover: true, ServerMaxWindowBits: 8, ClientMaxWindowBits: 8},
	{ServerMaxWindowBits: 10, ClientMaxWindowBits: 12},
}

// openDeflate returns a connection over rwc that compresses all messages.
func openDeflate[M any](t testing.TB, rwc io.ReadWriteCloser, server bool, mode stream.Mode[M], d stream.Deflate, opts ...stream.Option) *stream.Conn[M] {
	t.Helper()
	opts = append([]stream.Option{stream.Compression(stream.CompressionConfig{Threshold: 1})}, opts...)
	c, err := stream.New(rwc, stream.Handshake{Server: server, Deflate: &d}, mode, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// sends are the ways to send a message.
var sends = map[string]func(ctx context.Context, c *stream.Socket, text string) error{
	"WriteText": func(ctx context.Context, c *stream.Socket, text string) error { return c.WriteText(ctx, text) },
	"WriteBinary": func(ctx context.Context, c *stream.Socket, text string) error {
		return c.WriteBinary(ctx, []byte(text))
	},
	"WriteBuffers": func(ctx context.Context, c *stream.Socket, text string) error {
		n := len(text) / 3
		return c.WriteBuffers(ctx, opcode.Text, net.Buffers{[]byte(text[:n]), nil, []byte(text[n:])})
	},
	"WritePrepared": func(ctx context.Context, c *stream.Socket, text string) error {
		p, err := stream.Prepare(opcode.Text, []byte(text))
		if err != nil {
			return err
		}
		return c.WritePrepared(ctx, p)
	},
	"Writer": func(ctx context.Context, c *stream.Socket, text string) error {
		w, err := c.NewWriter(ctx, opcode.Text)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
		return w.Close()
	},
	"Writer in pieces": func(ctx context.Context, c *stream.Socket, text string) error {
		w, err := c.NewWriter(ctx, opcode.Text, stream.FragmentSize(1000))
		if err != nil {
			return err
		}
		for i := 0; i < len(text); i += 5000 {
			if _, err := io.WriteString(w, text[i:min(i+5000, len(text))]); err != nil {
				return err
			}
			if i%3 == 0 {
				if err := w.Flush(); err != nil {
					return err
				}
			}
		}
		return w.Close()
	},
	"ReadFrom": func(ctx context.Context, c *stream.Socket, text string) error {
		w, err := c.NewWriter(ctx, opcode.Text)
		if err != nil {
			return err
		}
		if _, err := w.ReadFrom(iotest.DataErrReader(strings.NewReader(text))); err != nil {
			return err
		}
		return w.Close()
	},
}

func TestCompressedMessagesArriveAsTheyWere(t *testing.T) {
	sizes := []int{0, 1, 10, 255, 4 << 10, 40 << 10, 300 << 10, 0, 100}
	receives := map[string]func(*testing.T, io.ReadWriteCloser, stream.Deflate) (receive func() (string, error)){
		"Standard": func(t *testing.T, rwc io.ReadWriteCloser, d stream.Deflate) func() (string, error) {
			c := openDeflate(t, rwc, true, stream.Standard, d)
			return func() (string, error) {
				r, err := c.Receive(bg(t))
				if err != nil {
					return "", err
				}
				return r.Text()
			}
		},
		"Simple": func(t *testing.T, rwc io.ReadWriteCloser, d stream.Deflate) func() (string, error) {
			c := openDeflate(t, rwc, true, stream.Simple, d)
			return func() (string, error) {
				m, err := c.Receive(bg(t))
				return m.String(), err
			}
		},
	}
	for i, d := range deflates {
		for how, send := range sends {
			for mode, open := range receives {
				t.Run(fmt.Sprintf("%d %s %s", i, how, mode), func(t *testing.T) {
					t.Parallel()
					a, b := wstest.TCP(t)
					client := openDeflate(t, a, false, stream.Standard, d)
					receive := open(t, b, d)
					go func() {
						for _, n := range sizes {
							if err := send(bg(t), client.Socket, prose[:n]); err != nil {
								t.Errorf("sending %d: %v", n, err)
							}
						}
					}()
					for _, n := range sizes {
						if got, err := receive(); err != nil || got != prose[:n] {
							t.Fatalf("%d bytes: got %d, %v", n, len(got), err)
						}
					}
				})
			}
		}
	}
}

func TestLiteInflates(t *testing.T) {
	a, b := wstest.TCP(t)
	client := openDeflate(t, a, false, stream.Standard, stream.Deflate{})
	server := openDeflate(t, b, true, stream.Lite, stream.Deflate{})
	for _, n := range []int{10, 30 << 10, 10} {
		go client.WriteText(bg(t), prose[:n])
		wantMessage(t, server, opcode.Text, prose[:n])
	}
}

// RFC 7692, section 6: RSV1 is set on the first frame of a compressed message alone.
func TestWhatACompressedMessageLooksLike(t *testing.T) {
	a, b := wstest.TCP(t)
	c := openDeflate(t, a, true, stream.Standard, stream.Deflate{ServerNoContextTakeover: true}, stream.FragmentSize(100))
	peer := wstest.NewPeer(t, b, false)
	want := func(what string, headers ...frame.Header) (payload string) {
		t.Helper()
		for i, w := range headers {
			f, h, err := peer.Receive()
			if err != nil || h.Fin != w.Fin || h.RSV1 != w.RSV1 || h.Opcode != w.Opcode || h.RSV2 || h.RSV3 {
				t.Fatalf("%s, frame %d: %+v, %v", what, i, h, err)
			}
			payload += f.Payload
		}
		return payload
	}
	whole := frame.Header{Fin: true, RSV1: true, Opcode: opcode.Text}
	c.WriteText(bg(t), prose[:1000])
	if got := inflateAll(t, want("WriteText", whole)); got != prose[:1000] {
		t.Errorf("got %q", got)
	}
	c.WriteBinary(bg(t), data[:1000]) // noise does not get smaller
	if got := want("noise", frame.Header{Fin: true, Opcode: opcode.Binary}); got != string(data[:1000]) {
		t.Error("noise was changed")
	}
	c.Ping(bg(t), []byte("p"))
	want("Ping", frame.Header{Fin: true, Opcode: opcode.Ping})

	w := newWriter(t, c, opcode.Text)
	io.WriteString(w, prose[:50])
	w.Flush()
	c.Ping(bg(t), nil)
	io.WriteString(w, prose[50:80])
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	first := want("Writer", frame.Header{RSV1: true, Opcode: opcode.Text})
	if got := inflateAll(t, strings.TrimSuffix(first, "\x00\x00\xff\xff")); got != prose[:50] {
		t.Errorf("after Flush: %q", got)
	}
	want("Writer", frame.Header{Fin: true, Opcode: opcode.Ping})
	if got := inflateAll(t, first+want("Writer", frame.Header{Fin: true, Opcode: opcode.Continuation})); got != prose[:80] {
		t.Errorf("whole: %q", got)
	}
	// Section 7.2.3.6: a block without data, whose length is left out. What is flushed before has one with its length.
	w = newWriter(t, c, opcode.Text, stream.Compress(true))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got := want("empty", whole); got != "\x00" {
		t.Errorf("empty: %q", got)
	}
	w = newWriter(t, c, opcode.Text, stream.Compress(true))
	w.Flush()
	w.Write(nil)
	w.Flush()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got := want("empty, flushed", frame.Header{RSV1: true, Opcode: opcode.Text}, frame.Header{Fin: true, Opcode: opcode.Continuation}); got != "\x00\x00\x00\xff\xff\x00" {
		t.Errorf("empty, flushed: %q", got)
	}
	w = newWriter(t, c, opcode.Text) // below the threshold
	w.Close()
	if got := want("empty, by the threshold", frame.Header{Fin: true, Opcode: opcode.Text}); got != "" {
		t.Errorf("empty, by the threshold: %q", got)
	}
	for name, opts := range map[string][]stream.WriterOption{
		"Compress(false)": {stream.Compress(false)},
		"SingleFrame":     {stream.SingleFrame(90)},
	} {
		w = newWriter(t, c, opcode.Text, opts...)
		io.WriteString(w, prose[:90])
		w.Close()
		if got := want(name, frame.Header{Fin: true, Opcode: opcode.Text}); got != prose[:90] {
			t.Errorf("%s: %q", name, got)
		}
	}
	_, err := c.NewWriter(bg(t), opcode.Text, stream.Compress(true), stream.SingleFrame(1))
	wantRefusal(t, err)
}

// inflateAll inflates what was sent without context (RFC 7692, section 7.2.2).
func inflateAll(t testing.TB, payload string) string {
	t.Helper()
	p, err := io.ReadAll(flate.NewReader(strings.NewReader(payload + "\x00\x00\xff\xff\x01\x00\x00\xff\xff")))
	if err != nil {
		t.Errorf("inflating %q: %v", payload, err)
	}
	return string(p)
}

func TestTheThresholdOfCompression(t *testing.T) {
	a, b := wstest.TCP(t)
	c := openDeflate(t, a, true, stream.Standard, stream.Deflate{}, stream.Compression(stream.CompressionConfig{Threshold: 100}))
	peer := wstest.NewPeer(t, b, false)
	for name, send := range sends {
		if name == "Writer in pieces" {
			continue // it flushes
		}
		for _, n := range []int{0, 99, 100} {
			if err := send(bg(t), c.Socket, strings.Repeat("x", n)); err != nil {
				t.Fatal(err)
			}
			if _, h, err := peer.Receive(); err != nil || h.RSV1 != (n == 100) || !h.Fin {
				t.Errorf("%s of %d: %+v, %v", name, n, h, err)
			}
		}
	}
	w := newWriter(t, c, opcode.Text, stream.Compress(true))
	io.WriteString(w, "xxxxxxxxxx")
	w.Close()
	if _, h, err := peer.Receive(); err != nil || !h.RSV1 {
		t.Errorf("Compress(true): %+v, %v", h, err)
	}
}

// compressed returns the payload of text as a peer without context would send it.
func compressed(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 6)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, text)
	w.Flush()
	return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
}

// deflatePeer returns a server's connection in mode Standard, and its raw peer.
func deflatePeer(t testing.TB, opts ...stream.Option) (*conn, *wstest.Peer) {
	t.Helper()
	a, b := wstest.TCP(t)
	return openDeflate(t, b, true, stream.Standard, stream.Deflate{}, opts...), wstest.NewPeer(t, a, false)
}

func sendCompressed(peer *wstest.Peer, fin bool, op opcode.Opcode, payload string) {
	peer.Send(peer.FrameOf(frame.Header{Fin: fin, RSV1: op != opcode.Continuation, Opcode: op, Length: int64(len(payload))}, payload))
}

// RFC 7692, section 7.2.3: the examples, and what is close to them.
func TestWhatMayCome(t *testing.T) {
	for name, tt := range map[string]struct{ payload, want string }{
		"one block":               {"\xf2\x48\xcd\xc9\xc9\x07\x00", "Hello"},
		"without compression":     {"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", "Hello"},
		"a final block":           {"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "Hello"},
		"a final block, bare":     {"\xf3\x48\xcd\xc9\xc9\x07\x00", "Hello"},
		"two blocks":              {"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", "Hello"},
		"empty":                   {"\x00", ""},
		"an empty fixed block":    {"\x02\x00", ""},
		"flushed again and again": {"\x00\x00\x00\xff\xff\x00\x00\x00\xff\xff\x00", ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, cut := range []int{0, 1, len(tt.payload) / 2} {
				c, peer := deflatePeer(t)
				if cut == 0 {
					sendCompressed(peer, true, opcode.Text, tt.payload)
				} else {
					sendCompressed(peer, false, opcode.Text, tt.payload[:cut])
					peer.SendFrame(true, opcode.Ping, "")
					sendCompressed(peer, true, opcode.Continuation, tt.payload[cut:])
				}
				peer.SendFrame(true, opcode.Text, "plain")
				if got := receiveAll(t, c); got != tt.want {
					t.Errorf("got %q", got)
				}
				if got := receiveAll(t, c); got != "plain" {
					t.Errorf("behind it %q", got)
				}
			}
		})
	}
}

func TestWhatDoesNotInflateFailsTheConnection(t *testing.T) {
	hello := "\xf2\x48\xcd\xc9\xc9\x07\x00"
	for name, payload := range map[string]string{
		"ends early":            hello[:4],
		"a stored block cut":    "\x00\x20\x00\xdf\xff\x48\x65",
		"a reserved block":      "\x07",
		"garbage":               "\xff\xff\xff\xff",
		"behind a final block":  "\xf3\x48\xcd\xc9\xc9\x07\x00\x00more",
		"two final blocks":      "\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00",
		"from before the start": "\x4a\x04\x11\x00",
	} {
		t.Run(name, func(t *testing.T) {
			for _, whole := range []bool{true, false} {
				c, peer := deflatePeer(t)
				if whole {
					sendCompressed(peer, true, opcode.Binary, payload)
				} else {
					sendCompressed(peer, false, opcode.Binary, payload)
					sendCompressed(peer, true, opcode.Continuation, "")
				}
				r, err := c.Receive(bg(t))
				if err != nil {
					t.Fatal(err)
				}
				_, err = io.ReadAll(r)
				var broken *stream.ProtocolError
				if !errors.As(err, &broken) || broken.Code != closecode.InvalidPayload || errors.Is(err, io.EOF) {
					t.Errorf("got %v", err)
				}
				peer.WantClose(closecode.InvalidPayload)
			}
		})
	}
}

func TestTextIsCheckedAsItInflates(t *testing.T) {
	for name, text := range map[string]string{"in the middle": "ab\xffcd", "at the end": "ab\xc3"} {
		c, peer := deflatePeer(t)
		sendCompressed(peer, true, opcode.Text, compressed(t, text))
		r, err := c.Receive(bg(t))
		if err != nil {
			t.Fatal(err)
		}
		var broken *stream.ProtocolError
		if _, err := io.ReadAll(r); !errors.As(err, &broken) || broken.Code != closecode.InvalidPayload {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheLimitHoldsForWhatIsInflated(t *testing.T) {
	bomb := compressed(t, strings.Repeat("\x00", 64<<20))
	for _, n := range []int{1 << 20, 1<<20 + 1} {
		c, peer := deflatePeer(t, stream.MaxMessageSize(1<<20))
		sendCompressed(peer, true, opcode.Binary, compressed(t, strings.Repeat("\x00", n)))
		r, err := c.Receive(bg(t))
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Bytes()
		if (err == nil) != (n == 1<<20) || err == nil && len(got) != n {
			t.Errorf("%d bytes: got %d, %v", n, len(got), err)
		}
	}
	var over *stream.LimitError
	a, b := wstest.TCP(t)
	simple := openDeflate(t, b, true, stream.Simple, stream.Deflate{}, stream.MaxMessageSize(1<<20))
	peer := wstest.NewPeer(t, a, false)
	sendCompressed(peer, true, opcode.Binary, bomb)
	before := inUse()
	if _, err := simple.Receive(bg(t)); !errors.As(err, &over) {
		t.Errorf("Simple: %v", err)
	}
	if after := inUse(); after > before+16<<20 {
		t.Errorf("%d bytes are in use, %d before", after, before)
	}
	peer.WantClose(closecode.MessageTooBig)

	c, peer := deflatePeer(t, stream.MaxMessageSize(1<<20)) // discarded, a bomb is one still
	sendCompressed(peer, true, opcode.Binary, bomb)
	if _, err := c.Receive(bg(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Receive(bg(t)); !errors.As(err, &over) {
		t.Errorf("discarding: %v", err)
	}

	c, peer = deflatePeer(t, stream.MaxMessageSize(1000)) // nothing that comes of it, without end
	go func() {
		sendCompressed(peer, false, opcode.Binary, "")
		empty := peer.Frame(false, opcode.Continuation, strings.Repeat("\x00\x00\x00\xff\xff", 1000))
		for {
			if _, err := peer.Write(empty); err != nil {
				return
			}
		}
	}()
	r, err := c.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Bytes(); !errors.As(err, &over) {
		t.Errorf("empty blocks: %v", err)
	}
}

func TestADeadlineWithinACompressedMessageLosesNothing(t *testing.T) {
	for _, takeover := range []bool{true, false} {
		for _, d := range []stream.Deflate{{}, {ClientNoContextTakeover: !takeover}} {
			a, b := wstest.TCP(t)
			c := openDeflate(t, b, true, stream.Standard, d)
			peer := wstest.NewPeer(t, a, false)
			payload := compressed(t, prose[:2000])
			sent := peer.FrameOf(frame.Header{Fin: true, RSV1: true, Opcode: opcode.Text, Length: int64(len(payload))}, payload)
			head := len(sent) - len(payload)
			peer.Send(sent[:head])
			r, err := c.Receive(bg(t))
			if err != nil {
				t.Fatal(err)
			}
			var got []byte
			p := make([]byte, 100)
			for i := head; i < len(sent); i += 50 {
				peer.Send(sent[i:min(i+50, len(sent))])
				for {
					r.SetDeadline(time.Now().Add(2 * time.Millisecond))
					n, err := r.Read(p)
					if got = append(got, p[:n]...); err != nil {
						break
					}
				}
			}
			r.SetDeadline(time.Time{})
			rest, err := io.ReadAll(r)
			if got = append(got, rest...); err != nil || string(got) != prose[:2000] {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		}
	}
}

func TestWhatIsNotReadHelpsTheMessagesBehind(t *testing.T) {
	for i, d := range deflates {
		a, b := wstest.TCP(t)
		client := openDeflate(t, a, false, stream.Standard, d)
		server := openDeflate(t, b, true, stream.Standard, d)
		go func() {
			for range 3 {
				for _, n := range []int{500, 200 << 10} {
					if err := client.WriteText(bg(t), prose[:n]); err != nil {
						t.Error(err)
					}
				}
			}
			client.WriteText(bg(t), "end")
		}()
		for k := range 6 {
			r, err := server.Receive(bg(t))
			if err != nil {
				t.Fatalf("%d, message %d: %v", i, k, err)
			}
			switch k % 3 {
			case 0:
				r.Read(make([]byte, 100))
			case 1:
				if got, err := r.Text(); err != nil || !strings.HasPrefix(prose, got) {
					t.Errorf("%d: %d bytes, %v", i, len(got), err)
				}
			}
			r.Close()
		}
		if got := receiveAll(t, server); got != "end" {
			t.Errorf("%d: %q", i, got)
		}
	}
}

func TestACompressedMessageThatIsCutIsTruncation(t *testing.T) {
	cuts := map[string]func(c *conn, peer *wstest.Peer){
		"by the network":   func(_ *conn, peer *wstest.Peer) { peer.Close() },
		"by a close frame": func(_ *conn, peer *wstest.Peer) { peer.SendClose(closecode.NormalClosure, "") },
		"by Close":         func(c *conn, _ *wstest.Peer) { c.Close() },
	}
	for name, cut := range cuts {
		for _, whole := range []bool{true, false} {
			if whole && name != "by Close" {
				continue // all has come
			}
			t.Run(fmt.Sprintf("%s, whole %v", name, whole), func(t *testing.T) {
				c, peer := deflatePeer(t)
				sendCompressed(peer, whole, opcode.Text, compressed(t, prose[:5000])+"\x00\x00\xff\xff\x00")
				r, err := c.Receive(bg(t))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
					t.Fatal(err)
				}
				cut(c, peer)
				for range 2 {
					if _, err = io.ReadAll(r); err == nil || errors.Is(err, io.EOF) {
						t.Errorf("got %v", err)
					}
				}
				if name != "by Close" && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

// What the inflater has, and nobody has read, is more than what was read last.
func TestACompressedMessageMayBeLeftAtAnyPoint(t *testing.T) {
	for _, leave := range []func(c *conn, peer *wstest.Peer, r *stream.Reader){
		func(c *conn, _ *wstest.Peer, _ *stream.Reader) { c.Abort() },
		func(_ *conn, peer *wstest.Peer, r *stream.Reader) {
			peer.Close()
			io.ReadAll(r)
		},
		func(_ *conn, peer *wstest.Peer, r *stream.Reader) {
			sendCompressed(peer, true, opcode.Continuation, "\x06") // corrupt
			io.ReadAll(r)
		},
	} {
		for _, room := range []int{1, 100, 32_767, 32_768, 32_769, 65_536, 1 << 20} {
			c, peer := deflatePeer(t)
			payload := compressed(t, prose[:70_000])
			sendCompressed(peer, false, opcode.Text, payload[:len(payload)*2/3]) // it ends within a block
			r, err := c.Receive(bg(t))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Read(make([]byte, room)); err != nil {
				t.Fatal(err)
			}
			leave(c, peer, r)
		}
	}
}

func TestACompressedMessageMayBeSentInSeveralAttempts(t *testing.T) {
	a, b := wstest.TCP(t)
	client := openDeflate(t, a, false, stream.Standard, stream.Deflate{})
	server := openDeflate(t, b, true, stream.Simple, stream.Deflate{})
	w := newWriter(t, client, opcode.Text)
	for i := 0; i < 100_000; i += 10_000 {
		w.SetDeadline(past)
		io.WriteString(w, prose[i:i+10_000]) // it is taken, whatever becomes of it
		if err := w.Flush(); err == nil {
			t.Error("Flush knows no deadline")
		}
		w.SetDeadline(time.Time{})
		if i%20_000 == 0 {
			if err := w.Flush(); err != nil {
				t.Error(err)
			}
		}
	}
	w.SetDeadline(past)
	if err := w.Close(); err == nil {
		t.Error("Close knows no deadline")
	}
	w.SetDeadline(time.Time{})
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	wantMessage(t, server, opcode.Text, prose[:100_000])

	w = newWriter(t, client, opcode.Text) // what is aborted before it was sent helps nobody
	io.WriteString(w, prose[:1000])
	w.Abort()
	client.WriteText(bg(t), prose[:500])
	wantMessage(t, server, opcode.Text, prose[:500])
}

func TestImpossibleCompression(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	for _, c := range []stream.CompressionConfig{
		{Level: -1}, {Level: 10}, {Threshold: -1},
		{Deflate: stream.Deflate{ServerMaxWindowBits: 7}}, {Deflate: stream.Deflate{ClientMaxWindowBits: 16}},
	} {
		_, err := stream.New(a, stream.Handshake{}, stream.Standard, stream.Compression(c))
		wantRefusal(t, err)
	}
	_, err := stream.New(a, stream.Handshake{Deflate: &stream.Deflate{}}, stream.Frames)
	wantRefusal(t, err)
	_, err = stream.New(a, stream.Handshake{Deflate: &stream.Deflate{ClientMaxWindowBits: 7}}, stream.Simple)
	wantRefusal(t, err)
}

// withoutDistances is a block that has no code for distances, and uses one, behind an a.
const withoutDistances = "\x0d\xc0\x01\x09\x00\x00\x00\x80\xa0\xad\xfd\x3f\x91\x04\x0c\x00\x00"

// A block that uses a code that it does not have is corrupt. That of another connection must not take its place.
func TestNoCodesOfOtherConnectionsAreUsed(t *testing.T) {
	receive := func(payload string) ([]byte, error) {
		a, b := wstest.TCP(t)
		c, peer := openDeflate(t, b, true, stream.Standard, stream.Deflate{}), wstest.NewPeer(t, a, false)
		defer c.Abort()
		peer.Send(peer.FrameOf(frame.Header{Fin: true, RSV1: true, Opcode: opcode.Binary, Length: int64(len(payload))}, payload))
		r, err := c.Receive(bg(t))
		if err != nil {
			t.Fatal(err)
		}
		return r.Bytes()
	}
	for seed := range int64(60) {
		r := rand.New(rand.NewSource(seed))
		other, spread := make([]byte, 3000), float64(2+r.Intn(60))
		for i := range other {
			other[i] = byte(r.ExpFloat64() * spread)
		}
		if got, err := receive(compressed(t, string(other))); err != nil || !bytes.Equal(got, other) {
			t.Fatalf("got %d bytes, %v", len(got), err)
		}
		if got, err := receive(withoutDistances); err == nil || string(got) != "a" {
			t.Errorf("got %q and %v", got, err)
		}
	}
}

// The peer does not have it, and so the messages behind cannot be made with its help.
func TestAMessageThatWasNotSentHelpsNoneBehindIt(t *testing.T) {
	a, b := net.Pipe()
	c, other := openEnd(t, a, true, true), openEnd(t, b, false, true)
	text := strings.Repeat("what has not left ", 100)
	if err := c.WriteText(brief(t), text); err != context.DeadlineExceeded {
		t.Errorf("WriteText: %v", err)
	}
	sent := make(chan error, 1)
	go func() { sent <- c.WriteText(bg(t), text) }()
	if got := receiveAll(t, other); got != text {
		t.Errorf("got %.60q", got)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}
