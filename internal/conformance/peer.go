package conformance

import (
	"bufio"
	"net"
	"time"
)

// A peer is the other end of the connection under test. It sends frames, right or wrong, and accepts only right ones.
type peer struct {
	conn   *net.TCPConn
	rw     patient
	r      *bufio.Reader
	server bool // it plays the server
	leaves bool // it ends its side once a close frame has come: over HTTP/2 a server that fails the connection waits for that

	sent uint32 // frames, from which the next masking key is made

	within   byte // the opcode of the message of which fragments have come; 0 is none
	squeezed bool // it is compressed
	so       []byte
	closed   bool // a close frame has come

	before   *history // the compressed message that comes; nil: nobody has agreed on compression
	inflated int      // how many have come

	key    [4]byte // of the first masked frame that came
	masked int     // how many have come
	fresh  bool    // they did not all have the same key
}

func newPeer(conn *net.TCPConn, patience time.Duration, server bool) *peer {
	rw := patient{conn, patience}
	return &peer{conn: conn, rw: rw, r: bufio.NewReaderSize(rw, 4<<10), server: server}
}

// patient is a connection that waits only so long for something to come, or to be taken, since either happened last.
type patient struct {
	net.Conn
	patience time.Duration
}

func (c patient) Read(p []byte) (int, error) {
	c.SetReadDeadline(time.Now().Add(c.patience))
	return c.Conn.Read(p)
}

func (c patient) Write(p []byte) (int, error) {
	c.SetDeadline(time.Now().Add(c.patience))
	return c.Conn.Write(p)
}

// appendFrame appends f as it goes over the wire.
func (p *peer) appendFrame(b []byte, f Frame) []byte {
	start := len(b)
	length := uint64(len(f.Payload))
	if f.Claim > 0 {
		length = f.Claim
	}
	masked := p.server == f.Swapped
	b = appendHeader(b, f.First, length, f.Bits, masked)
	if masked {
		key := p.nextKey(f.Key)
		b = append(b, key[:]...)
		b = append(b, f.Payload...)
		mask(b[len(b)-len(f.Payload):], key)
	} else {
		b = append(b, f.Payload...)
	}
	if f.Cut > 0 {
		b = b[:start+f.Cut]
	}
	return b
}

// appendHeader appends a header without its masking key.
func appendHeader(b []byte, first byte, length uint64, bits int, masked bool) []byte {
	switch {
	case bits > 0:
	case length < 126:
		bits = 7
	case length < 1<<16:
		bits = 16
	default:
		bits = 64
	}
	second := byte(length)
	switch bits {
	case 16:
		second = 126
	case 64:
		second = 127
	}
	if masked {
		second |= 0x80
	}
	b = append(b, first, second)
	if bits == 7 {
		return b
	}
	for shift := bits - 8; shift >= 0; shift -= 8 {
		b = append(b, byte(length>>shift))
	}
	return b
}

// nextKey returns the masking key that was asked for, or one unlike those before.
func (p *peer) nextKey(wanted string) [4]byte {
	if wanted != "" {
		return [4]byte([]byte(wanted))
	}
	p.sent++
	x := p.sent * 2654435761
	return [4]byte{byte(x >> 24), byte(x >> 16), byte(x >> 8), byte(x)}
}

// mask masks b, or unmasks it (section 5.3).
func mask(b []byte, key [4]byte) {
	for i := range b {
		b[i] ^= key[i%4]
	}
}

// rest is how long a slow step rests between writes.
const rest = 500 * time.Microsecond

// send sends what s has.
func (p *peer) send(s Step) error {
	var b []byte
	for _, f := range s.Send {
		b = p.appendFrame(b, f)
	}
	for len(b) > 0 {
		n := len(b)
		if s.Chop > 0 {
			n = min(n, s.Chop)
		}
		if _, err := p.rw.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
		if s.Slow {
			time.Sleep(rest)
		}
	}
	return nil
}
