package stream

import (
	"errors"
	"io"
)

// compress begins to compress the message, with what was gathered of it.
func (o *outgoing) compress() {
	o.undecided = false
	o.z = o.s.borrowDeflater(-1)
	o.z.recent = slidingWindow{o.s.deflation.out.size, o.z.recent.buf[:0]}
	if o.n > 0 {
		o.deflate(o.buf[payloadAt : payloadAt+o.n])
		o.n = 0
	}
}

// deflate compresses p.
func (o *outgoing) deflate(p []byte) {
	o.z.add(p)
	o.z.recent.add(p)
	o.z.flushed, o.z.ended = false, false
}

// deflateAtOnce is how much is compressed before what comes of it is sent.
const deflateAtOnce = 32 << 10

// writeCompressed takes all of p, whatever error it returns: what could not be sent is kept.
func (o *outgoing) writeCompressed(p []byte) (err error) {
	for len(p) > 0 {
		n := min(len(p), deflateAtOnce)
		o.deflate(p[:n])
		p = p[n:]
		if err == nil {
			err = o.pushCompressed(tailLen)
		}
	}
	return err
}

// pushCompressed sends what makes whole fragments of what was compressed, but for the last keep bytes.
func (o *outgoing) pushCompressed(keep int) error {
	z := o.z
	if len(z.out) <= keep {
		return nil
	}
	n, err := o.push(z.out[:len(z.out)-keep])
	z.out = append(z.out[:0], z.out[n:]...)
	return err
}

// flushCompressed hands all that was written on, so that the peer can inflate it.
func (o *outgoing) flushCompressed() error {
	if !o.z.flushed {
		o.z.flush()
		o.z.flushed = true
	}
	return o.pushCompressed(0)
}

// finishCompressed hands on all but the end that is left out of the last fragment (RFC 7692, section 7.2.1). It may be
// called again if it fails.
func (o *outgoing) finishCompressed() error {
	if !o.z.ended {
		o.z.flush()
		o.z.ended = true
	}
	return o.pushCompressed(tailLen)
}

// endCompressed gives back what compressed the message. What was sent helps those behind it.
func (o *outgoing) endCompressed(sent bool) {
	o.undecided = false
	if o.z == nil {
		return
	}
	if sent {
		o.s.deflation.out.add(o.z.recent.buf)
	}
	o.z.giveBack()
	o.z = nil
}

// copyFrom is readFrom for a message that is compressed, or may be.
func (o *outgoing) copyFrom(src io.Reader) (total int64, err error) {
	buf := takeBuffer(bulkSize)
	defer giveBuffer(buf)
	for empty := 0; empty < maxFutile; empty++ {
		n, rerr := src.Read(buf)
		if n < 0 || n > len(buf) {
			return total, o.spoil(errors.New("stream: the source returned an impossible count"))
		}
		if n > 0 {
			empty = 0
			total += int64(n)
			if _, err := o.write(buf[:n]); err != nil {
				if rerr != nil && rerr != io.EOF {
					o.spoil(rerr)
				}
				return total, err
			}
		}
		if rerr == io.EOF {
			return total, nil
		}
		if rerr != nil {
			return total, o.spoil(rerr)
		}
	}
	return total, o.spoil(io.ErrNoProgress)
}
