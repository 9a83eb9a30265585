package stream

import (
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/buffer"
	"github.com/litert/websocket/internal/transport"
)

// An assembler puts a large frame together in a buffer, and sends it in as few writes as that takes. The user's bytes are
// never changed: what needs masking, or is as cheap to copy, goes through the buffer.
type assembler struct {
	t          *turn
	key        frame.Key
	size       int64 // of the payload
	buf        []byte
	start, end int   // buf[start:end] is masked, and not sent
	pos        int64 // of buf[end] in the payload
	loaded     int   // bytes of the payload that stand in buf for the caller, too
}

// copySize is the size up to which a part is copied behind the header rather than written from where it is.
const copySize = 8 << 10

// large sends p as one whole frame that is not put off.
func (t *turn) large(h *frame.Header, p *payload, size int64) error {
	buf := p.buf
	if buf == nil {
		buf = buffer.Take(payloadAt + int(t.room(p, size)))
		defer buffer.Give(buf)
	}
	var a assembler
	err := a.begin(t, h, size, buf)
	if err == nil {
		err = a.whole(p)
	}
	if err != nil {
		a.unload()
	}
	return err
}

// room returns for how many bytes of p there is to be a buffer.
func (t *turn) room(p *payload, size int64) int64 {
	if len(p.others) > 0 || len(p.first) <= copySize || !t.w.server {
		return min(size, buffer.Large)
	}
	switch { // it is written from where it is
	case t.w.tr.Vectored():
		return 0
	case !p.text:
		return min(size, int64(t.w.tr.Piece())) // but for the first record
	}
	return min(size, buffer.Large)
}

// whole sends all of p.
func (a *assembler) whole(p *payload) error {
	a.load(p.held)
	if err := a.add(p.first, p.text); err != nil {
		return err
	}
	for i, part := range p.others {
		shares := i < len(p.others)-1 && len(part) <= len(a.buf)-a.end // records of TLS with the next part
		if err := a.add(part, shares); err != nil {
			return err
		}
	}
	return a.flush()
}

// begin begins a frame of size bytes, in buf. The caller gives all of the header but length and key. What was put off
// goes before it.
func (a *assembler) begin(t *turn, h *frame.Header, size int64, buf []byte) error {
	*a = assembler{t: t, size: size, buf: buf}
	if err := t.sendBatch(); err != nil {
		return err
	}
	t.announce(h, size)
	t.open, a.key = true, h.Key
	a.start, a.end = payloadAt-h.Len(), payloadAt
	h.Append(buf[a.start:a.start:payloadAt])
	return nil
}

// load has the next n bytes of the payload sent from buf, where they stand from payloadAt on: right behind the header, or
// with nothing before them.
func (a *assembler) load(n int) {
	if a.start == a.end {
		a.start, a.end = payloadAt, payloadAt
	}
	frame.Mask(a.buf[a.end:a.end+n], a.key, a.pos)
	a.end, a.pos, a.loaded = a.end+n, a.pos+int64(n), n
}

// unload takes the masking off what was loaded, if none of the frame has left.
func (a *assembler) unload() {
	if a.loaded > 0 && a.t.sent == 0 {
		frame.Mask(a.buf[payloadAt:payloadAt+a.loaded], a.key, 0)
	}
	a.loaded = 0
}

// add adds p, which is not masked yet, to the payload. If copied is set, as for the memory of a string, none but a socket of the
// system gets p itself.
func (a *assembler) add(p []byte, copied bool) error {
	if a.key == (frame.Key{}) && len(p) > copySize && (a.t.w.tr.Vectored() || !copied) {
		p = p[a.fillRecord(p):]
		head := a.buf[a.start:a.end]
		a.start, a.end = 0, 0
		a.pos += int64(len(p))
		return a.send(head, p)
	}
	for {
		n := copy(a.buf[a.end:], p)
		frame.Mask(a.buf[a.end:a.end+n], a.key, a.pos)
		a.end, a.pos, p = a.end+n, a.pos+int64(n), p[n:]
		if len(p) == 0 {
			return nil
		}
		if err := a.flush(); err != nil {
			return err
		}
	}
}

// fillRecord adds so much of p that what is not sent makes whole records of TLS, if there is room. It returns how much.
func (a *assembler) fillRecord(p []byte) (n int) {
	piece := a.t.w.tr.Piece()
	if rest := (a.end - a.start) % piece; !a.t.w.tr.Vectored() && rest > 0 {
		n = min(piece-rest, len(p))
	}
	if n > len(a.buf)-a.end {
		return 0
	}
	copy(a.buf[a.end:], p[:n])
	a.end, a.pos = a.end+n, a.pos+int64(n)
	return n
}

// addFile has the kernel send the next n bytes of f as payload.
func (a *assembler) addFile(f *transport.File, n int64) error {
	if err := a.flush(); err != nil {
		return err
	}
	sent, err := a.t.w.tr.SendFile(a.t.b, f, n)
	a.pos += n
	a.left(sent, err)
	return err
}

// addPart adds the next part of the payload: the n bytes that stand in buf, body, and the next bytes of file.
func (a *assembler) addPart(n int, body []byte, text bool, file *transport.File, part int64) error {
	a.load(n)
	if err := a.add(body, text); err != nil {
		return err
	}
	if file != nil {
		return a.addFile(file, part)
	}
	return a.flush()
}

// flush sends what was added.
func (a *assembler) flush() error {
	p := a.buf[a.start:a.end]
	a.start, a.end = 0, 0
	if len(p) == 0 {
		return nil
	}
	return a.send(p, nil)
}

func (a *assembler) send(head, body []byte) error {
	n, err := a.t.w.tr.Write(a.t.b, head, body)
	a.left(int64(n), err)
	return err
}

// left notes that n bytes of the frame have left, and the last of them if there is no err and nothing to come.
func (a *assembler) left(n int64, err error) {
	a.t.left(n)
	if err == nil && a.pos == a.size {
		a.t.open = false
	}
}

// forget gives up the frame that was begun, of which nothing has left.
func (a *assembler) forget() {
	a.unload()
	a.t.open = false
}
