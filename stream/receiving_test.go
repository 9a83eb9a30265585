package stream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// readings are the ways to read a Reader to its end. No error says that the message was whole.
var readings = []struct {
	name string
	read func(*stream.Reader) ([]byte, error)
}{
	{"Read", func(r *stream.Reader) ([]byte, error) { return io.ReadAll(r) }},
	{"WriteTo", func(r *stream.Reader) ([]byte, error) {
		var b bytes.Buffer
		_, err := r.WriteTo(&b)
		return b.Bytes(), err
	}},
	{"Bytes", (*stream.Reader).Bytes},
	{"Text", func(r *stream.Reader) ([]byte, error) {
		text, err := r.Text()
		return []byte(text), err
	}},
	{"Buffers", func(r *stream.Reader) ([]byte, error) {
		bufs, err := r.Buffers()
		return bytes.Join(bufs, nil), err
	}},
}

// A receiving is one end of a connection, in one of the modes.
type receiving struct {
	*stream.Socket
	receive func(context.Context) ([]byte, error) // a message to its end; in a tunnel all up to an error
	reader  *stream.Reader                        // of the message that was received last, in mode Standard
}

// A receiver opens a connection that receives in a way of its own.
type receiver struct {
	name    string
	without demand // what it does not take
	open    func(testing.TB, io.ReadWriteCloser, stream.Handshake, []stream.Option) *receiving
}

// A demand is what not every receiver takes.
type demand int

const (
	fragments   demand = 1 << iota // of one message
	compression                    // of messages
	bounds                         // a context for receive
)

func (r receiver) takes(what demand) bool { return r.without&what == 0 }

// waysToReceive are all the ways to receive.
var waysToReceive = func() []receiver {
	list := []receiver{
		{"Simple", 0, receivingWhole(stream.Simple)},
		{"Lite", fragments, receivingWhole(stream.Lite)},
		{"Frames", compression, func(t testing.TB, rwc io.ReadWriteCloser, hs stream.Handshake, opts []stream.Option) *receiving {
			c := openWith(t, rwc, hs, stream.Frames, opts)
			return &receiving{Socket: c.Socket, receive: func(ctx context.Context) (all []byte, err error) {
				for {
					f, err := c.Receive(ctx)
					if all = append(all, f.Payload...); err != nil || f.Fin {
						return all, err
					}
				}
			}}
		}},
		{"Decode", 0, func(t testing.TB, rwc io.ReadWriteCloser, hs stream.Handshake, opts []stream.Option) *receiving {
			c := openWith(t, rwc, hs, stream.Decode((*stream.Reader).Bytes), opts)
			return &receiving{Socket: c.Socket, receive: c.Receive}
		}},
		{"NetConn", bounds, func(t testing.TB, rwc io.ReadWriteCloser, hs stream.Handshake, opts []stream.Option) *receiving {
			c := openWith(t, rwc, hs, stream.Standard, opts)
			tunnel := netConn(t, c, opcode.Text)
			return &receiving{Socket: c.Socket, receive: func(context.Context) (all []byte, err error) {
				p := make([]byte, 100)
				for {
					n, err := tunnel.Read(p)
					if all = append(all, p[:n]...); err != nil {
						return all, err
					}
				}
			}}
		}},
	}
	for _, how := range readings {
		list = append(list, receiver{"Standard, " + how.name, 0, receivingBy(how.read)})
	}
	return list
}()

func receivingWhole(mode stream.Mode[stream.Message]) func(testing.TB, io.ReadWriteCloser, stream.Handshake, []stream.Option) *receiving {
	return func(t testing.TB, rwc io.ReadWriteCloser, hs stream.Handshake, opts []stream.Option) *receiving {
		c := openWith(t, rwc, hs, mode, opts)
		return &receiving{Socket: c.Socket, receive: func(ctx context.Context) ([]byte, error) {
			m, err := c.Receive(ctx)
			return m.Data, err
		}}
	}
}

func receivingBy(read func(*stream.Reader) ([]byte, error)) func(testing.TB, io.ReadWriteCloser, stream.Handshake, []stream.Option) *receiving {
	return func(t testing.TB, rwc io.ReadWriteCloser, hs stream.Handshake, opts []stream.Option) *receiving {
		c := openWith(t, rwc, hs, stream.Standard, opts)
		end := &receiving{Socket: c.Socket}
		end.receive = func(ctx context.Context) ([]byte, error) {
			r, err := c.Receive(ctx)
			if err != nil {
				return nil, err
			}
			end.reader = r
			return read(r)
		}
		return end
	}
}

func openWith[M any](t testing.TB, rwc io.ReadWriteCloser, hs stream.Handshake, mode stream.Mode[M], opts []stream.Option) *stream.Conn[M] {
	t.Helper()
	c, err := stream.New(rwc, hs, mode, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Abort() })
	return c
}

// openAt returns the receiver's end of a connection over TCP, and the raw peer.
func (r receiver) openAt(t testing.TB, server bool, d *stream.Deflate, opts ...stream.Option) (*receiving, *wstest.Peer) {
	t.Helper()
	a, b := wstest.TCP(t)
	end := r.open(t, a, stream.Handshake{Server: server, Deflate: d}, opts)
	return end, wstest.NewPeer(t, b, !server)
}

// patient is how long a test waits for what must come at once, before it says that it has not.
const patient = 3 * time.Second

// within runs do, and reports whether it has returned. If it does not, the test fails, and end is called, which is to
// let do return.
func within(t testing.TB, what string, end func(), do func()) bool {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
		return true
	case <-time.After(patient):
	}
	t.Errorf("%s: it still waits after %v", what, patient)
	end()
	select {
	case <-done:
	case <-time.After(patient):
		t.Errorf("%s: it waits even behind the end of the connection", what)
	}
	return false
}

// recovering returns what do has panicked with.
func recovering(do func()) (value any) {
	defer func() { value = recover() }()
	do()
	return nil
}

// part returns a fragment of a message, which is compressed if squeezed is set. Each is flushed, and can be inflated as
// far as it goes.
func part(t testing.TB, p *wstest.Peer, squeezed, fin bool, op opcode.Opcode, text string) []byte {
	t.Helper()
	payload := text
	if squeezed {
		if payload = compressed(t, text); !fin {
			payload += "\x00\x00\xff\xff"
		}
	}
	h := frame.Header{Fin: fin, RSV1: squeezed && op != opcode.Continuation, Opcode: op, Length: int64(len(payload))}
	return p.FrameOf(h, payload)
}

// wantCut checks that err ends a message in its middle.
func wantCut(t testing.TB, what string, err error) {
	t.Helper()
	if !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		t.Errorf("%s: %v; matches io.ErrUnexpectedEOF: %v, io.EOF: %v", what, err, errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF))
	}
}
