package stream_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/klauspost/compress/flate"
)

// An observer is the peer of an end that sends: it reads frames by the rules of RFC 6455 and RFC 7692, shares no code
// with the library, and checks that no rule is broken.
type observer struct {
	t        *testing.T
	client   bool // the end that sends is the client
	squeezes bool // compression was agreed on
	takeover bool // with context

	message func(op byte, payload []byte) // is told each whole message
	control func(op byte, payload []byte) // and each control frame

	rest     []byte // that is not a whole frame yet
	open     bool   // a message has begun
	op       byte
	squeezed bool
	payload  []byte // of the open message
	window   []byte // the last bytes that were inflated
	closed   bool   // a close frame has come
	keys     map[uint32]int
}

// take takes the next bytes of the wire.
func (o *observer) take(p []byte) {
	o.rest = append(o.rest, p...)
	for {
		n := o.frame(o.rest)
		if n == 0 {
			return
		}
		o.rest = o.rest[n:]
	}
}

// frame takes the first frame of p, and returns its length, or 0 if it is not whole.
func (o *observer) frame(p []byte) (n int) {
	if len(p) < 2 {
		return 0
	}
	length, n := uint64(p[1]&0x7f), 2
	switch {
	case length == 126 && len(p) >= 4:
		length, n = uint64(binary.BigEndian.Uint16(p[2:])), 4
		o.must(length > 125, "the length %d has a shorter form", length)
	case length == 127 && len(p) >= 10:
		length, n = binary.BigEndian.Uint64(p[2:]), 10
		o.must(length > 65535 && length < 1<<63, "the length %d has a shorter form, or is none", length)
	case length > 125:
		return 0
	}
	masked := p[1] >= 0x80
	o.must(masked == o.client, "a frame is masked: %v", masked)
	var key []byte
	if masked {
		if n += 4; len(p) < n {
			return 0
		}
		key = p[n-4 : n]
	}
	o.header(p[0]>>7 == 1, p[0]>>4&7, p[0]&15, length)
	if uint64(len(p)-n) < length {
		return 0
	}
	payload := bytes.Clone(p[n : n+int(length)])
	for i := range payload {
		if masked {
			payload[i] ^= key[i%4]
		}
	}
	if masked && len(payload) > 0 {
		o.keys[binary.BigEndian.Uint32(key)]++
	}
	o.whole(p[0]>>7 == 1, p[0]>>6&1 == 1, p[0]&15, payload)
	return n + int(length)
}

func (o *observer) must(ok bool, format string, args ...any) {
	if !ok {
		o.t.Errorf("the peer sees that "+format, args...)
	}
}

// header checks what a header says where it stands. It may be asked again before the frame is whole.
func (o *observer) header(fin bool, rsv, op byte, length uint64) {
	o.must(!o.closed, "a frame %x follows the close frame", op)
	switch op {
	case 0:
		o.must(o.open, "a continuation continues nothing")
		o.must(rsv == 0, "a continuation has bits %b", rsv)
	case 1, 2:
		o.must(!o.open, "a message begins within another")
		o.must(rsv == 0 || rsv == 4 && o.squeezes, "a message has bits %b", rsv)
	case 8, 9, 10:
		o.must(fin && rsv == 0 && length <= 125, "a control frame has FIN %v, bits %b, length %d", fin, rsv, length)
	default:
		o.must(false, "there is an opcode %x", op)
	}
}

// whole takes a frame that is whole.
func (o *observer) whole(fin, squeezed bool, op byte, payload []byte) {
	if op >= 8 {
		o.closed = op == 8
		o.control(op, payload)
		return
	}
	if op != 0 {
		o.op, o.squeezed, o.payload = op, squeezed, nil
	}
	o.open, o.payload = !fin, append(o.payload, payload...)
	if !fin {
		return
	}
	if o.squeezed {
		var err error
		o.payload, err = o.inflate(o.payload)
		o.must(err == nil, "a message does not inflate: %v", err)
	}
	o.message(o.op, o.payload)
}

// inflate inflates the payload of a message (RFC 7692, section 7.2.2).
func (o *observer) inflate(p []byte) ([]byte, error) {
	r := flate.NewReaderDict(io.MultiReader(bytes.NewReader(p), bytes.NewReader([]byte(endOfPayload))), o.window)
	all, err := io.ReadAll(r)
	if o.takeover {
		o.window = append(o.window, all...)
		o.window = bytes.Clone(o.window[max(0, len(o.window)-32<<10):])
	}
	return all, err
}

// end is called when the wire has ended. Half a message is fine only where the connection did not end in order.
func (o *observer) end(orderly bool) {
	if orderly {
		o.must(len(o.rest) == 0 && !o.open && o.closed, "the connection ends with %d bytes of a frame, within a message: %v, with a close frame: %v", len(o.rest), o.open, o.closed)
	}
	total := 0
	for _, n := range o.keys {
		total += n
	}
	o.must(total < 10 || len(o.keys) > total/2, "of %d masking keys %d differ", total, len(o.keys))
}

// A ledger is what is known of each message that was tried: what the sender says, and what the peer has seen.
type ledger struct {
	mu      sync.Mutex // guards following
	entries map[id]*entry
	latest  map[int]int // the latest message of each sender that has arrived
}

// An entry is one message, however often it is tried.
type entry struct {
	op      byte
	data    string
	sent    bool // a call has said so
	arrived bool
}

func (l *ledger) init() { l.entries, l.latest = map[id]*entry{}, map[int]int{} }

// begin enters a message. Its payload begins with what it is known by.
func (l *ledger) begin(i id, op byte, data string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries[i] = &entry{op: op, data: data}
}

// sent notes that a call has said that the message was sent.
func (l *ledger) sent(i id) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries[i].sent = true
}

// arrived notes a message that has arrived whole, and returns what is wrong with that.
func (l *ledger) arrived(op byte, payload []byte) error {
	var i id
	if _, err := fmt.Sscanf(string(payload[:min(len(payload), 24)]), "%d %d|", &i.writer, &i.seq); err != nil {
		return fmt.Errorf("%d bytes, %.40q, are no message", len(payload), payload)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entries[i]
	switch {
	case e == nil || e.op != op || e.data != string(payload):
		return fmt.Errorf("message %v is not what was sent: opcode %d, %d bytes", i, op, len(payload))
	case e.arrived:
		return fmt.Errorf("message %v comes twice", i)
	case i.seq <= l.latest[i.writer]:
		return fmt.Errorf("message %v comes behind %d", i, l.latest[i.writer])
	}
	for seq := l.latest[i.writer] + 1; seq < i.seq; seq++ {
		if l.entries[id{i.writer, seq}].sent {
			return fmt.Errorf("message %v comes, and the one with number %d has not", i, seq)
		}
	}
	e.arrived, l.latest[i.writer] = true, i.seq
	return nil
}

// check returns what is wrong when all is over: in order, or not.
func (l *ledger) check(orderly bool) (errs []error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, e := range l.entries {
		switch {
		case e.arrived && !e.sent:
			errs = append(errs, fmt.Errorf("message %v failed, and has arrived whole: opcode %d, %d bytes", i, e.op, len(e.data)))
		case orderly && e.sent && !e.arrived:
			errs = append(errs, fmt.Errorf("message %v was sent, and has not arrived: opcode %d, %d bytes", i, e.op, len(e.data)))
		}
	}
	return errs
}
