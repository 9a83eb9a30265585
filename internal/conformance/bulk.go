package conformance

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
)

// A Bulk is many messages, or large ones, without a rest. That they come back as they were is told by digests.
type Bulk struct {
	Opcode   byte
	Messages int
	Size     int // bytes of each message
	Fragment int // bytes of each frame; 0 is all of the message in one
}

func (b Bulk) fragmented() bool { return b.Fragment > 0 && b.Fragment < b.Size }

func (b Bulk) run(t *trial) verdict {
	var v verdict
	l, err := t.connect()
	if err != nil {
		v.fail("%v", err)
		return v
	}
	if err := l.open(); err != nil {
		l.drop()
		v.fail("opening handshake: %v", err)
		return v
	}
	m := Exchange{}.meet(l)
	var sent, got digest
	m.sending(func() error { return b.send(l, &sent) }, func() {
		for range b.Messages {
			var msg Message
			if msg, m.err = l.receive(); m.err != nil {
				return
			}
			got.add(msg.Opcode, []byte(msg.Payload))
		}
	})
	if m.err == nil && m.sent == nil && sent.sum() != got.sum() {
		m.err = violation(fmt.Sprintf("the digests of what was sent (%v) and what came back (%v) differ", sent, got))
	}
	if m.err == io.EOF {
		m.err = violation(fmt.Sprintf("the connection ended before all %d messages were there: %v came", b.Messages, got))
	}
	if m.err == nil {
		m.finish()
	}
	m.judge(l.end(), &v)
	return v
}

// send sends all messages, and adds them to d.
func (b Bulk) send(l *link, d *digest) error {
	out := bufio.NewWriterSize(l.rw, 64<<10)
	payload := []byte(payload(b.Opcode, b.Size))
	fragment := b.Fragment
	if fragment == 0 {
		fragment = max(b.Size, 1)
	}
	var frame []byte
	for i := range b.Messages {
		number(payload, i)
		d.add(b.Opcode, payload)
		first, rest := b.Opcode, payload
		for more := true; more; first = continuation {
			n := min(fragment, len(rest))
			if more = n < len(rest); !more {
				first |= fin
			}
			frame = l.appendFrame(frame[:0], Frame{First: first, Payload: string(rest[:n])})
			if _, err := out.Write(frame); err != nil {
				return err
			}
			rest = rest[n:]
		}
	}
	return out.Flush()
}

// number makes message i unlike the others: it writes its number over the first 10 bytes, which end a code point.
func number(payload []byte, i int) {
	copy(payload[:min(10, len(payload))], fmt.Sprintf("%010d", i))
}

// A digest is that of messages in their order.
type digest struct {
	hash     hash.Hash
	messages int
	bytes    int64
}

func (d *digest) add(op byte, payload []byte) {
	if d.hash == nil {
		d.hash = sha256.New()
	}
	d.messages++
	d.bytes += int64(len(payload))
	d.hash.Write(appendHeader(nil, op, uint64(len(payload)), 64, false))
	d.hash.Write(payload)
}

func (d digest) sum() string { return string(d.hash.Sum(nil)) }

func (d digest) String() string { return fmt.Sprintf("%d messages, %d bytes", d.messages, d.bytes) }
