package stream_test

import (
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

func TestProperties(t *testing.T) {
	a, b := wstest.TLS(t)
	header := http.Header{"X": {"y"}}
	c, err := stream.New(a, stream.Handshake{Subprotocol: "chat", Header: header, Buffered: []byte{0x81, 0}}, stream.Standard,
		stream.MaxMessageSize(1<<20), stream.MaxMessageSize(uint16(1000)), stream.IdleTimeout(time.Minute), stream.IdleTimeout(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, b, true)
	if c.IsServer() || !s.IsServer() {
		t.Error("IsServer")
	}
	if c.ReceiveMode() != frame.Standard || stream.Standard.ReceiveMode() != frame.Standard {
		t.Error("ReceiveMode")
	}
	if c.MaxMessageSize() != 1000 || s.MaxMessageSize() != 67108864 {
		t.Error("MaxMessageSize", c.MaxMessageSize(), s.MaxMessageSize())
	}
	if c.IdleTimeout() != time.Second || s.IdleTimeout() != time.Minute {
		t.Error("IdleTimeout", c.IdleTimeout(), s.IdleTimeout())
	}
	if hs := c.Handshake(); c.Subprotocol() != "chat" || hs.Header.Get("X") != "y" || hs.Buffered != nil {
		t.Errorf("Handshake %+v", hs)
	}
	if c.TLS() == nil || len(c.TLS().PeerCertificates) != 1 || s.TLS() == nil {
		t.Error("TLS")
	}
	if c.LocalAddr().String() != a.LocalAddr().String() || c.RemoteAddr().String() != a.RemoteAddr().String() {
		t.Error("addresses")
	}
	if !c.Connected() || c.Ended() || c.Finished() || !c.Writable() || c.Err() != nil {
		t.Error("the state at the beginning")
	}
	if got := receiveAll(t, c); got != "" {
		t.Errorf("the buffered message is %q", got)
	}
	c.Close()
	if c.Connected() || !c.Ended() || !c.Finished() || c.Writable() || c.Err() == nil {
		t.Error("the state at the end")
	}

	p, q := net.Pipe()
	defer q.Close()
	bare := open(t, wstest.Bare{ReadWriteCloser: p}, false)
	if bare.LocalAddr().String() != "unknown" || bare.RemoteAddr().Network() != "unknown" || bare.TLS() != nil {
		t.Error("the properties of a bare transport")
	}
}

func TestBytesBehindTheHandshakeAreNotLost(t *testing.T) {
	for _, n := range []int{0, 10, 16000, 16384, 16385, 100_000} {
		a, b := wstest.TCP(t)
		p := wstest.NewPeer(t, a, false)
		wire := append(p.Frame(true, opcode.Binary, strings.Repeat("x", n)), p.Frame(true, opcode.Text, "next")...)
		for _, cut := range []int{0, 1, len(wire) - 1, len(wire)} {
			buffered := wire[:cut:cut]
			c, err := stream.New(b, stream.Handshake{Server: true, Buffered: buffered}, stream.Standard)
			if err != nil {
				t.Fatal(err)
			}
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				p.Send(wire[cut:])
			}()
			if got := receiveAll(t, c); len(got) != n {
				t.Errorf("%d bytes, %d buffered: got %d", n, cut, len(got))
			}
			if got := receiveAll(t, c); got != "next" {
				t.Errorf("%d bytes, %d buffered: then %q", n, cut, got)
			}
			<-sent
		}
		b.Close()
	}
}

func TestOptionsRefuseWhatCannotBe(t *testing.T) {
	for name, o := range map[string]stream.Option{
		"MaxMessageSize(0)":          stream.MaxMessageSize(0),
		"MaxMessageSize(-1)":         stream.MaxMessageSize(int8(-1)),
		"MaxMessageSize(2^63)":       stream.MaxMessageSize(uint64(1 << 63)),
		"FragmentSize(0)":            stream.FragmentSize(0),
		"FragmentSize(-5)":           stream.FragmentSize(-5),
		"FragmentSize(MaxInt64)":     stream.FragmentSize(int64(math.MaxInt64)),
		"FragmentSize(MaxUint64)":    stream.FragmentSize(uint64(math.MaxUint64)),
		"IdleTimeout(-1)":            stream.IdleTimeout(-1),
		"CloseTimeout(0)":            stream.CloseTimeout(0),
		"CloseTimeout(-time.Second)": stream.CloseTimeout(-time.Second),
		"KeepAlive(-1)":              stream.KeepAlive(-1),
		"Compression(Level 10)":      stream.Compression(stream.CompressionConfig{Level: 10}),
	} {
		a, b := net.Pipe()
		_, err := stream.New(a, stream.Handshake{}, stream.Standard, o, stream.MaxMessageSize(5))
		var argument *stream.ArgumentError
		if !errors.As(err, &argument) || !strings.HasPrefix(name, argument.Func+"(") {
			t.Errorf("%s: %v", name, err)
		}
		go b.Write([]byte("still open"))
		if _, err := a.Read(make([]byte, 10)); err != nil {
			t.Errorf("%s: the transport was closed: %v", name, err)
		}
		a.Close()
		b.Close()
	}
	if _, err := stream.New(nil, stream.Handshake{}, stream.Standard); err == nil {
		t.Error("a nil transport was taken")
	}
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if _, err := stream.New(a, stream.Handshake{}, stream.Mode[int]{}); err == nil {
		t.Error("the zero Mode was taken")
	}
}

func TestUnlimited(t *testing.T) {
	a, b := net.Pipe()
	c := open(t, b, true, stream.MaxMessageSize(stream.Unlimited))
	p := wstest.NewPeer(t, a, false)
	go p.Send(p.FrameOf(frame.Header{Fin: true, Opcode: opcode.Binary, Length: math.MaxInt64}, "x"))
	r, err := c.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	if n, known := r.Size(); n != math.MaxInt64 || !known {
		t.Errorf("Size: %d, %v", n, known)
	}
	if n, err := r.Read(make([]byte, 10)); n != 1 || err != nil {
		t.Errorf("Read: %d, %v", n, err)
	}
}

func TestTheSizeOfAMessageIsKnownIfItIsOneFrame(t *testing.T) {
	server, peer := serverAndPeer(t)
	peer.SendFrame(true, opcode.Text, "whole")
	peer.SendFrame(false, opcode.Binary, "in ")
	peer.SendFrame(true, opcode.Continuation, "two")
	r, err := server.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	if n, known := r.Size(); n != 5 || !known || r.Opcode() != opcode.Text {
		t.Errorf("%d, %v, %v", n, known, r.Opcode())
	}
	r, err = server.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	if n, known := r.Size(); n != 0 || known || r.Opcode() != opcode.Binary {
		t.Errorf("%d, %v, %v", n, known, r.Opcode())
	}
}

func TestTheErrorOfADestinationComesBack(t *testing.T) {
	client, server := pair(t, wstest.Transports[0])
	go client.WriteBinary(bg(t), data[:100_000])
	r, err := server.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left")
	if n, err := io.Copy(failingWriter{full}, r); n != 0 || !errors.Is(err, full) {
		t.Errorf("%d, %v", n, err)
	}
	go client.WriteText(bg(t), "next")
	if got := receiveAll(t, server); got != "next" {
		t.Errorf("got %q", got)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestEndedIsCalledOnce(t *testing.T) {
	for name, end := range map[string]func(c *conn, p *wstest.Peer){
		"Close":    func(c *conn, p *wstest.Peer) { c.Close(); c.Close() },
		"Abort":    func(c *conn, p *wstest.Peer) { c.Abort() },
		"the peer": func(c *conn, p *wstest.Peer) { p.Close(); c.Receive(bg(t)); c.Close() },
	} {
		n := 0
		a, b := wstest.TCP(t)
		c := open(t, b, true, stream.Ended(func() { n++ }))
		end(c, wstest.NewPeer(t, a, false))
		if n != 1 {
			t.Errorf("%s: called %d times", name, n)
		}
	}
}

// A leased transport has a method that says something else than one of this module of the same name.
type leased struct {
	net.Conn
	released chan struct{}
}

func (l leased) Released() <-chan struct{} { return l.released }

func TestATransportMayHaveAMethodReleasedOfItsOwn(t *testing.T) {
	a, b := wstest.TCP(t)
	released := make(chan struct{})
	c := open(t, leased{a, released}, true)
	wantSoon(t, "the end", func() {
		c.Abort()
		<-c.Done()
	}, func() { close(released) })
	wantClosed(t, b)
}
