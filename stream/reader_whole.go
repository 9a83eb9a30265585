package stream

import (
	"io"
	"math"
	"net"
)

// Bytes returns what is left of the message, in memory that is the caller's. With an error, which is as in [Reader.Read],
// it returns what came before. [MaxMessageSize] bounds it, and no more than 64 KiB, or three times what has come, is
// allocated ahead of the bytes.
func (r *Reader) Bytes() ([]byte, error) {
	p := []byte{}
	err := r.enter()
	if err != nil {
		return p, orNil(err)
	}
	rc := r.rc
	defer rc.leave()
	for err == nil {
		if len(p) == cap(p) && rc.msg.state == reading {
			if len(p) == math.MaxInt {
				return p, &LimitError{math.MaxInt}
			}
			p = grow(p, rc.ahead(), rc.msg.open || rc.msg.compressed)
		}
		var n int
		n, err = rc.readMessage(r.bounds(), r.gen, p[len(p):cap(p)])
		p = p[:len(p)+n]
	}
	return p, orNil(err)
}

// Text is Bytes for a string.
func (r *Reader) Text() (string, error) {
	p, err := r.Bytes()
	return string(p), err
}

// bufferSize is the length of all but the last of the buffers that Buffers returns.
const bufferSize = 64 << 10

// Buffers returns what is left of the message in buffers of 64 KiB, the last of which may be shorter: into them it is
// read, and never copied. They are the caller's. With an error, which is as in [Reader.Read], it returns what came before.
func (r *Reader) Buffers() (net.Buffers, error) {
	err := r.enter()
	if err != nil {
		return nil, orNil(err)
	}
	rc := r.rc
	defer rc.leave()
	var bufs net.Buffers
	for err == nil {
		p := make([]byte, 0, rc.nextBuffer())
		for err == nil && (len(p) < cap(p) || cap(p) == 0) {
			var n int
			n, err = rc.readMessage(r.bounds(), r.gen, p[len(p):cap(p)])
			p = p[:len(p)+n]
		}
		if len(p) > 0 {
			bufs = append(bufs, p)
		}
	}
	return bufs, orNil(err)
}

// nextBuffer returns how large the next of the buffers has to be.
func (rc *receiver) nextBuffer() int {
	if m := &rc.msg; m.compressed || m.open {
		return bufferSize
	}
	return int(min(bufferSize, rc.msg.rest))
}

// ahead tells how many bytes of the message are announced, or may come out of what is.
func (rc *receiver) ahead() int64 {
	m := &rc.msg
	if m.compressed {
		return 4 * (min(m.rest, math.MaxInt64/8) + int64(len(rc.buf.unread())))
	}
	return m.rest
}

// orNil returns nil for the end of a message, and err otherwise.
func orNil(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}
