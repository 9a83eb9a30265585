package main

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
)

// The limit is what the libraries are held against: the fewest system calls, and the least work on bytes, that do a job
// through the standard library. It checks nothing, and knows how long messages are.

type limit struct{ s *site }

func newLimit(s *site) endpoint { return limit{s} }

func (l limit) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	nc, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_, err = nc.Write(response(r))
	}
	if err != nil {
		l.s.complain(err)
		return
	}
	go l.s.run(&limitConn{Conn: nc, job: &l.s.job}, nil)
}

func (l limit) serve(net.Listener) error { return errors.ErrUnsupported }

func (l limit) dial(url string) error {
	scheme, addr, _ := strings.Cut(url, "://")
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	if scheme == "wss" {
		nc = tls.Client(nc, clientTLS())
	}
	if err := (&peer{conn: nc}).handshake(l.s.job); err != nil {
		return err
	}
	go l.s.run(&limitConn{Conn: nc, job: &l.s.job}, nil)
	return nil
}

func (l limit) broadcast(p []byte, conns []conn) error {
	b := encode(fin|opBinary, false, p)
	for _, c := range conns {
		if _, err := c.(*limitConn).Write(b); err != nil {
			return err
		}
	}
	return nil
}

type limitConn struct {
	net.Conn
	job *job
	in  limitReader
}

func (c *limitConn) next() (io.Reader, error) {
	if c.in.buf == nil {
		c.in = limitReader{conn: c.Conn, buf: make([]byte, putFrame)}
	}
	c.in.ended = false
	return &c.in, nil
}

// limitReader reads a message.
type limitReader struct {
	conn  net.Conn
	buf   []byte
	r, w  int // buf[r:w] was not taken
	frame header
	pos   int64 // in the payload
	ended bool
}

// Read has its caller take what there is in a hurry: it serves for the small messages that ask for something.
func (r *limitReader) Read(p []byte) (int, error) {
	piece, err := r.piece()
	if len(piece) > len(p) {
		return 0, io.ErrShortBuffer
	}
	return copy(p, piece), err
}

func (r *limitReader) WriteTo(dst io.Writer) (total int64, err error) {
	for {
		piece, err := r.piece()
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
		n, err := dst.Write(piece)
		total += int64(n)
		if err != nil {
			return total, err
		}
	}
}

// piece returns what there is of the message in one piece.
func (r *limitReader) piece() ([]byte, error) {
	if r.ended {
		return nil, io.EOF
	}
	for {
		if r.pos == r.frame.length {
			if h, n := parse(r.buf[r.r:r.w]); n > 0 {
				r.frame, r.pos = h, 0
				r.r += n
			}
		}
		if n := int(min(int64(r.w-r.r), r.frame.length-r.pos)); n > 0 {
			piece := r.buf[r.r : r.r+n]
			if r.frame.masked {
				xor(piece, piece, r.frame.key, r.pos)
			}
			r.r, r.pos = r.r+n, r.pos+int64(n)
			r.ended = r.pos == r.frame.length && r.frame.first&fin != 0
			return piece, nil
		}
		r.w = copy(r.buf, r.buf[r.r:r.w])
		r.r = 0
		n, err := r.conn.Read(r.buf[r.w:])
		if err != nil {
			return nil, err
		}
		r.w += n
	}
}

// sendFile has the kernel send the file in one frame. A client must mask it, and TLS encrypt it, out of a buffer.
func (c *limitConn) sendFile(f *os.File) error {
	h := header{first: fin | opBinary, masked: c.job.Client, key: [4]byte{1, 2, 3, 4}, length: c.job.Size}
	if _, err := c.Write(h.append(nil)); err != nil {
		return err
	}
	if tcp, ok := c.Conn.(*net.TCPConn); ok && !h.masked {
		_, err := tcp.ReadFrom(f)
		return err
	}
	buf := make([]byte, putFrame)
	for pos := int64(0); ; {
		n, err := f.Read(buf)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if h.masked {
			xor(buf[:n], buf[:n], h.key, pos)
		}
		pos += int64(n)
		if _, err := c.Write(buf[:n]); err != nil {
			return err
		}
	}
}

func (c *limitConn) write(p []byte) error {
	_, err := c.Write(encode(fin|opBinary, c.job.Client, p))
	return err
}

func (c *limitConn) echo() error {
	switch {
	case c.job.InFlight > 1 || c.job.Size <= 2*xorBlock:
		return c.echoSmall()
	case c.job.Kind == idle:
		return c.echoSeldom()
	}
	return c.echoLarge()
}

// echoLarge sends back each message with one system call, out of the buffer that it came into. One is in flight.
func (c *limitConn) echoLarge() error {
	buf := make([]byte, c.job.Size+maxHeader)
	for {
		n, err := io.ReadAtLeast(c, buf, maxHeader)
		if err != nil {
			return err
		}
		if err := c.answer(buf, n); err != nil {
			return err
		}
	}
}

// echoSeldom is echoLarge with a buffer only while a message comes.
func (c *limitConn) echoSeldom() error {
	head := make([]byte, maxHeader)
	for {
		if _, err := io.ReadFull(c, head); err != nil {
			return err
		}
		buf := make([]byte, c.job.Size+maxHeader)
		if err := c.answer(buf, copy(buf, head)); err != nil {
			return err
		}
	}
}

// answer sends back the message of which buf[:n] has come.
func (c *limitConn) answer(buf []byte, n int) error {
	frame, payload := parse(buf)
	end := payload + int(frame.length)
	if n < end {
		if _, err := io.ReadFull(c, buf[n:end]); err != nil {
			return err
		}
	}
	xor(buf[payload:end], buf[payload:end], frame.key, 0)
	var room [maxHeader]byte
	answer := header{first: frame.first, length: frame.length}.append(room[:0])
	start := payload - len(answer)
	copy(buf[start:], answer)
	_, err := c.Write(buf[start:end])
	return err
}

// echoSmall answers all frames that have come with one system call.
func (c *limitConn) echoSmall() error {
	in := make([]byte, int64(c.job.InFlight)*(c.job.Size+maxHeader))
	out := make([]byte, len(in))
	var frame header
	var pos int64
	for have := 0; ; {
		n, err := c.Read(in[have:])
		if err != nil {
			return err
		}
		data, answer := in[:have+n], out[:0]
		for len(data) > 0 {
			if pos == frame.length {
				h, n := parse(data)
				if n == 0 {
					break
				}
				frame, pos, data = h, 0, data[n:]
				answer = header{first: h.first, length: h.length}.append(answer)
			}
			n := int(min(int64(len(data)), frame.length-pos))
			end := len(answer)
			answer = answer[:end+n]
			xor(answer[end:], data[:n], frame.key, pos)
			pos, data = pos+int64(n), data[n:]
		}
		have = copy(in, data)
		if len(answer) > 0 {
			if _, err := c.Write(answer); err != nil {
				return err
			}
		}
	}
}

func (c *limitConn) drop() { c.Close() }
