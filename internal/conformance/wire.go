package conformance

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"time"
	"unicode/utf8"
)

// A peer is the other end of the connection under test. It sends frames, right or wrong, and accepts only right ones.
type peer struct {
	conn   *net.TCPConn
	rw     patient
	r      *bufio.Reader
	server bool // it plays the server

	sent uint32 // frames, from which the next masking key is made

	within byte // the opcode of the message of which fragments have come; 0 is none
	so     []byte
	closed bool // a close frame has come

	key    [4]byte // of the first masked frame that came
	masked int     // how many have come
	fresh  bool    // they did not all have the same key
}

func newPeer(conn *net.TCPConn, patience time.Duration, server bool) *peer {
	rw := patient{conn, patience}
	return &peer{conn: conn, rw: rw, r: bufio.NewReaderSize(rw, 4<<10), server: server}
}

// patient is a connection that waits only so long for each read and write.
type patient struct {
	net.Conn
	patience time.Duration
}

func (c patient) Read(p []byte) (int, error) {
	c.SetReadDeadline(time.Now().Add(c.patience))
	return c.Conn.Read(p)
}

func (c patient) Write(p []byte) (int, error) {
	c.SetWriteDeadline(time.Now().Add(c.patience))
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

// A violation is what the end under test has sent and must not.
type violation string

func (v violation) Error() string { return string(v) }

// receive returns the next message or control frame. The error is io.EOF only between frames.
func (p *peer) receive() (Message, error) {
	for {
		first, payload, err := p.readFrame()
		if err != nil {
			return Message{}, err
		}
		op := first & 0xF
		if op >= closing {
			p.closed = p.closed || op == closing
			return Message{op, string(payload)}, nil
		}
		if op == continuation {
			op = p.within
		}
		p.within, p.so = op, append(p.so, payload...)
		if first&fin == 0 {
			continue
		}
		m := Message{op, string(p.so)}
		p.within, p.so = 0, p.so[:0]
		if op == text && !utf8.ValidString(m.Payload) {
			return m, violation("sent text that is not UTF-8 (8.1)")
		}
		return m, nil
	}
}

// maxFrame is more than any frame that can come back.
const maxFrame = 64 << 20

// readFrame reads a frame, and checks that it is a right one.
func (p *peer) readFrame() (first byte, payload []byte, err error) {
	first, err = p.r.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	second, err := p.r.ReadByte()
	if err != nil {
		return 0, nil, inFrame(err)
	}
	length, err := p.readLength(second & 0x7F)
	if err != nil {
		return 0, nil, inFrame(err)
	}
	if err := p.check(first, second&0x80 != 0, length); err != nil {
		return 0, nil, err
	}
	var key [4]byte
	if second&0x80 != 0 {
		if _, err := io.ReadFull(p.r, key[:]); err != nil {
			return 0, nil, inFrame(err)
		}
		p.seen(key)
	}
	payload = make([]byte, length)
	if _, err := io.ReadFull(p.r, payload); err != nil {
		return 0, nil, inFrame(err)
	}
	mask(payload, key)
	return first, payload, nil
}

func (p *peer) readLength(short byte) (uint64, error) {
	size, least := 0, uint64(0)
	switch short {
	case 126:
		size, least = 2, 126
	case 127:
		size, least = 8, 1<<16
	default:
		return uint64(short), nil
	}
	var b [8]byte
	if _, err := io.ReadFull(p.r, b[:size]); err != nil {
		return 0, err
	}
	var length uint64
	for _, c := range b[:size] {
		length = length<<8 | uint64(c)
	}
	if length < least {
		return 0, violation("sent a length that is not minimal (5.2)")
	}
	return length, nil
}

// check judges the header of a frame that has come.
func (p *peer) check(first byte, masked bool, length uint64) error {
	op, final := first&0xF, first&fin != 0
	switch {
	case first&(rsv1|rsv2|rsv3) != 0:
		return violation(fmt.Sprintf("sent reserved bits: %#x (5.2)", first))
	case op > binary && op < closing || op > pong:
		return violation(fmt.Sprintf("sent the reserved opcode %d (5.2)", op))
	case masked != p.server:
		return violation(fmt.Sprintf("sent a frame with masked %v (5.1)", masked))
	case op >= closing && (!final || length > 125):
		return violation("sent a control frame that is fragmented or too long (5.5)")
	case op == continuation && p.within == 0:
		return violation("sent a continuation of nothing (5.4)")
	case (op == text || op == binary) && p.within != 0:
		return violation("sent a message within a message (5.4)")
	case op < closing && p.closed:
		return violation("sent a data frame behind its close frame (5.5.1)")
	case length > maxFrame:
		return violation(fmt.Sprintf("sent a frame of %d bytes", length))
	}
	return nil
}

// seen takes notice of a masking key that has come.
func (p *peer) seen(key [4]byte) {
	if p.masked == 0 {
		p.key = key
	}
	p.masked++
	p.fresh = p.fresh || key != p.key
}

// staleKeys reports whether so many frames have come with the same key that it was not by chance (section 5.3).
func (p *peer) staleKeys() bool { return p.masked >= 4 && !p.fresh }

func inFrame(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
