package wstest

import (
	"bytes"
	"encoding/binary"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
)

// Key masks what a Peer in the role of a client sends.
var Key = frame.Key{0x37, 0xfa, 0x21, 0x3d}

// A Peer is the other end of a connection under test: it sends and receives single frames, and knows no rules.
//
// Receive, Send, and the methods that are made of them, are bounded: what takes longer than Patience is an error of the
// test, and closes the transport, so that the other end does not wait for ever either. Read and Write are those of the
// transport, without a bound.
type Peer struct {
	io.ReadWriteCloser
	Server   bool          // it plays the server: its frames are not masked
	Patience time.Duration // for each call; by default 30 s, and in a bubble of testing/synctest a day; 0: no bound

	t testing.TB
}

// NewPeer returns a peer that speaks over rwc. With a nil t and rwc it can encode frames, and nothing else.
func NewPeer(t testing.TB, rwc io.ReadWriteCloser, server bool) *Peer {
	p := &Peer{ReadWriteCloser: rwc, Server: server, Patience: 30 * time.Second, t: t}
	if time.Now().Year() == 2000 { // which is where testing/synctest begins; tests of timeouts wait for minutes there
		p.Patience = 24 * time.Hour
	}
	return p
}

// bounded calls do, which waits for the transport. Closing the transport ends the wait over all transports, also over
// those without deadlines.
func (p *Peer) bounded(what string, do func()) {
	p.t.Helper()
	if p.Patience == 0 {
		do()
		return
	}
	var late atomic.Bool
	watchdog := time.AfterFunc(p.Patience, func() {
		late.Store(true)
		p.Close()
	})
	defer watchdog.Stop()
	do()
	if late.Load() {
		p.t.Errorf("peer: %s for %v in vain", what, p.Patience)
	}
}

// Frame encodes a frame as this peer would send it.
func (p *Peer) Frame(fin bool, op opcode.Opcode, payload string) []byte {
	return p.FrameOf(frame.Header{Fin: fin, Opcode: op, Length: int64(len(payload))}, payload)
}

// FrameOf encodes a frame with the header h, whatever it says; only its masking is set.
func (p *Peer) FrameOf(h frame.Header, payload string) []byte {
	h.Masked = !p.Server
	b := []byte(payload)
	if h.Masked {
		h.Key = Key
		frame.Mask(b, Key, 0)
	}
	return append(h.Append(nil), b...)
}

// Send sends frames or parts of frames as they are.
func (p *Peer) Send(parts ...[]byte) {
	p.t.Helper()
	p.bounded("it tried to send", func() {
		if _, err := p.Write(bytes.Join(parts, nil)); err != nil {
			p.t.Errorf("peer: %v", err)
		}
	})
}

// SendFrame sends one whole frame.
func (p *Peer) SendFrame(fin bool, op opcode.Opcode, payload string) {
	p.t.Helper()
	p.Send(p.Frame(fin, op, payload))
}

// SendClose sends a close frame; code 0 is one with an empty payload.
func (p *Peer) SendClose(code closecode.Code, reason string) {
	p.t.Helper()
	p.SendFrame(true, opcode.Close, ClosePayload(code, reason))
}

// ClosePayload encodes any code and reason, also those that frame refuses.
func ClosePayload(code closecode.Code, reason string) string {
	if code == 0 {
		return reason
	}
	return string(binary.BigEndian.AppendUint16(nil, uint16(code))) + reason
}

// A Frame is what a Peer received.
type Frame struct {
	Fin     bool
	Opcode  opcode.Opcode
	Payload string
}

// Receive reads one frame and its header. The error is io.EOF only where a frame could have begun.
func (p *Peer) Receive() (f Frame, h frame.Header, err error) {
	p.t.Helper()
	p.bounded("it waited for a frame", func() { f, h, err = p.receive() })
	return f, h, err
}

func (p *Peer) receive() (Frame, frame.Header, error) {
	var b []byte
	for {
		h, _, err := frame.Parse(b)
		if err == nil {
			payload := make([]byte, h.Length)
			if _, err := io.ReadFull(p, payload); err != nil {
				return Frame{}, h, noEOF(err)
			}
			if h.Masked {
				frame.Mask(payload, h.Key, 0)
			}
			return Frame{h.Fin, h.Opcode, string(payload)}, h, nil
		}
		if err != io.ErrUnexpectedEOF {
			return Frame{}, h, err
		}
		var one [1]byte
		if _, err := io.ReadFull(p, one[:]); err != nil {
			if len(b) > 0 {
				err = noEOF(err)
			}
			return Frame{}, h, err
		}
		b = append(b, one[0])
	}
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Want reads one frame and checks that it is as expected.
func (p *Peer) Want(fin bool, op opcode.Opcode, payload string) {
	p.t.Helper()
	got, h, err := p.Receive()
	if err != nil {
		p.t.Errorf("peer: no %v frame: %v", op, err)
		return
	}
	if want := (Frame{fin, op, payload}); got != want {
		p.t.Errorf("peer: got frame %.200v, want %.200v", got, want)
	}
	if h.Masked != p.Server {
		p.t.Errorf("peer: masked is %v", h.Masked)
	}
}

// WantClose reads one frame, checks that it is a close frame with code (0: none), and returns its reason.
func (p *Peer) WantClose(code closecode.Code) (reason string) {
	p.t.Helper()
	got, _, err := p.Receive()
	switch want := ClosePayload(code, ""); {
	case err != nil:
		p.t.Errorf("peer: no close frame: %v", err)
	case got.Opcode != opcode.Close || len(got.Payload) < len(want) || got.Payload[:len(want)] != want:
		p.t.Errorf("peer: got frame %.200v, want close %d", got, code)
	default:
		return got.Payload[len(want):]
	}
	return ""
}

// WantEnd checks that nothing more comes before the end. A client waits for the server to close the transport first.
func (p *Peer) WantEnd() {
	p.t.Helper()
	if half, ok := p.ReadWriteCloser.(interface{ CloseWrite() error }); ok && p.Server {
		half.CloseWrite()
	}
	if f, _, err := p.Receive(); err == nil {
		p.t.Errorf("peer: got frame %.200v, want the end", f)
	}
}
