package stream

import (
	"cmp"
	"context"
	"errors"
	"net"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/buffer"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/opcode"
)

// The payload of fragments where FragmentSize is not given.
const (
	gatherFragment = buffer.Medium - payloadAt - 1 // of small writes
	bulkFragment   = buffer.Large - payloadAt - 1  // of what ReadFrom reads
	largeFragment  = 1 << 20                       // of large writes and files: a control frame need not wait for long
)

// directTail is how much of a large write is gathered rather than sent from where it is, as it may be the end.
const directTail = 16 << 10

// A fragmenter gathers the payload of a message into fragments, and sends these. A fragment leaves only when at least one
// byte follows it, so that the last one, which carries the FIN bit, is not empty; the buffer may hold that byte beside a
// whole fragment. A message in a single frame holds the wire from its first part to its last.
type fragmenter struct {
	m        *messages // constant
	op       opcode.Opcode
	deadline *transport.Deadline
	limit    int   // for fragments; 0: chosen by the kind of write
	single   int64 // length of a message in one frame; -1: fragments
	rsv1     bool  // the message is compressed

	buf   []byte // the gathered payload is buf[payloadAt:payloadAt+n]; nil: none is held
	n     int
	kept  loan // with n = 0: what takes the place of the gathered payload, until something follows
	begun bool // a frame of the message has left

	inside bool      // a part of the single frame was sent, and the turn at the wire goes on
	frame  assembler // that frame
}

// errMasked says that the frame will be masked, so that the kernel cannot send its payload. Nothing was sent.
var errMasked = errors.New("stream: the frame is masked")

func (g *fragmenter) begin(m *messages, op opcode.Opcode, deadline *transport.Deadline, cfg writerConfig) {
	*g = fragmenter{m: m, op: op, deadline: deadline, limit: cmp.Or(cfg.fragment, m.fragment), single: cfg.single}
}

// end lets go of the buffer.
func (g *fragmenter) end() {
	buffer.Give(g.buf)
	g.kept.giveBack()
	g.buf, g.n, g.frame = nil, 0, assembler{}
}

// size returns the limit for the payload of a fragment, which is usual where the user has set none: if TLS may be below,
// less by a header, so that the frame makes whole records.
func (g *fragmenter) size(usual int) int {
	if !g.m.wire.tr.Vectored() {
		usual -= payloadAt
	}
	return cmp.Or(g.limit, usual)
}

// bulk returns the payload of the fragments that are gathered of large amounts.
func (g *fragmenter) bulk() int { return min(g.size(bulkFragment), bulkFragment) }

// hold makes sure that the buffer has room for n bytes of payload, at most bulkFragment, and one that follows.
func (g *fragmenter) hold(n int) {
	need := min(payloadAt+n+1, buffer.Large)
	if len(g.buf) >= need {
		return
	}
	buf := buffer.Take(need)
	if g.n > 0 {
		copy(buf[payloadAt:], g.buf[payloadAt:payloadAt+g.n])
	}
	buffer.Give(g.buf)
	g.buf = buf
}

// gather takes p into the buffer.
func (g *fragmenter) gather(p []byte) int {
	g.hold(g.n + len(p))
	copy(g.buf[payloadAt+g.n:], p)
	g.n += len(p)
	return len(p)
}

// keeps reports whether n bytes of a message that has nothing gathered may stay where they are until its end: they would be
// copied for that alone.
func (g *fragmenter) keeps(n int) bool {
	return g.n == 0 && g.kept.p == nil && g.single < 0 && copySize < n && n <= g.bulk() && g.unmasked()
}

// gathered returns what was gathered.
func (g *fragmenter) gathered() []byte { return g.buf[payloadAt : payloadAt+g.n] }

// room returns where a source may be read to, behind what was gathered, after trim.
func (g *fragmenter) room() []byte {
	g.hold(g.bulk())
	return g.buf[payloadAt+g.n : payloadAt+g.bulk()+1]
}

// push takes p, the next bytes of the payload, and sends what makes whole fragments. It returns how many it took.
func (g *fragmenter) push(p []byte, text bool) (n int, f failure) {
	small, large := min(g.size(gatherFragment), bulkFragment), g.size(largeFragment)
	for n < len(p) {
		rest := p[n:]
		size := small // of what is gathered
		if len(rest) > small {
			size = min(large, bulkFragment)
		}
		g.hold(size)
		switch {
		case g.n+len(rest) <= size:
			n += g.gather(rest)
		case len(rest) > small && g.n < large:
			body := rest[:g.direct(len(rest))]
			if full := large - g.n; full < len(rest) {
				body = rest[:full]
			}
			if f := g.emit(false, g.n, body, text); f.err != nil {
				return n, f
			}
			n += len(body)
		default:
			n += g.gather(rest[:max(0, size-g.n)])
			if f := g.emit(false, g.n, nil, false); f.err != nil {
				return n, f
			}
		}
	}
	return n, failure{}
}

// direct returns how many of the n bytes of a large write are sent from where they are. If TLS may be below, they make whole
// records with the header and what was gathered.
func (g *fragmenter) direct(n int) int {
	n -= min(directTail, n/2)
	piece := g.m.wire.tr.Piece()
	if before := payloadAt + g.n; !g.m.wire.tr.Vectored() && before+n > piece {
		n = max(n/2, (before+n)/piece*piece-before)
	}
	return n
}

// trim is for what comes before more is gathered or sent: what was kept is gathered, and fragments are sent while more than one is
// held.
func (g *fragmenter) trim() failure {
	if g.kept.p != nil {
		g.gather(g.kept.p)
		g.kept.giveBack()
	}
	for size := g.bulk(); g.n > size; {
		if f := g.emit(false, size, nil, false); f.err != nil {
			return f
		}
	}
	return failure{}
}

// flush sends what was gathered.
func (g *fragmenter) flush() failure {
	if g.n == 0 {
		return failure{}
	}
	return g.emit(false, g.n, nil, false)
}

// finish sends the last fragment.
func (g *fragmenter) finish() failure {
	if g.kept.p == nil {
		g.hold(g.n)
	}
	return g.emit(true, g.n, g.kept.p, false)
}

func (g *fragmenter) bounds() transport.Bounds {
	return transport.Bounds{Ctx: context.Background(), Deadline: g.deadline}
}

// header returns that of the next frame, but for length and key.
func (g *fragmenter) header(fin bool) frame.Header {
	h := frame.Header{Fin: fin || g.single >= 0, Opcode: g.op, RSV1: g.rsv1 && !g.begun}
	if g.begun {
		h.Opcode = opcode.Continuation
	}
	return h
}

// emit sends the first n of the gathered bytes and, behind them, body: as a fragment, or as a part of the message's single
// frame. If nothing was sent, the message is as it was, and emit may be called again.
func (g *fragmenter) emit(fin bool, n int, body []byte, text bool) (f failure) {
	if g.single >= 0 {
		f = g.emitPart(n, body, text, nil, 0)
	} else {
		h, p := g.header(fin), payload{buf: g.buf, held: n, first: body, text: text}
		f.again, f.err = g.m.wire.writeFrame(g.bounds(), &h, &p)
	}
	if f.err == nil {
		g.sent(n)
	}
	return f
}

// emitFile sends what was gathered, and n bytes of file behind it, as emit does.
func (g *fragmenter) emitFile(file *transport.File, n int64) failure {
	g.hold(g.n)
	f := g.emitPart(g.n, nil, false, file, n)
	if f.err == nil {
		g.sent(g.n)
	}
	return f
}

// sent notes that the first n of the gathered bytes have left.
func (g *fragmenter) sent(n int) {
	g.begun = true
	if n > 0 {
		g.n = copy(g.buf[payloadAt:], g.buf[payloadAt+n:payloadAt+g.n])
	}
}

// emitPart sends a part of a frame that is not put together as a whole, and leaves the wire if that completes it.
func (g *fragmenter) emitPart(n int, body []byte, text bool, file *transport.File, part int64) (f failure) {
	t, a := &g.m.wire.turn, &g.frame
	begins := !g.inside
	if begins {
		if f.again, f.err = g.m.wire.enter(g.bounds()); f.err != nil {
			return f
		}
	}
	g.inside = false
	defer func() { // also where a hook panics
		switch {
		case g.inside:
		case f.err == errMasked:
			a.forget()
			t.leave(nil)
		default:
			f.again, f.err = t.leave(f.err)
		}
	}()
	if begins {
		size := int64(n+len(body)) + part
		if g.single >= 0 {
			size = g.single
		}
		h := g.header(false)
		if f.err = a.begin(t, &h, size, g.buf); f.err != nil {
			return f
		}
	}
	a.buf = g.buf
	if file != nil && a.key != (frame.Key{}) {
		f.err, g.inside = errMasked, !begins // what is left of a frame that has begun can still be copied
		return f
	}
	if f.err = a.addPart(n, body, text, file, part); f.err != nil {
		a.unload()
	}
	g.inside = f.err == nil && t.open
	return f
}

// unmasked reports whether the kernel may send the next part of the payload as it is.
func (g *fragmenter) unmasked() bool {
	if g.inside {
		return g.frame.key == (frame.Key{})
	}
	return g.m.wire.unmasked()
}

// abandon fails the connection if the peer could wait for the rest of the message, or take what has left for the whole; and
// if it is fatal anyhow. Where no frame can follow, it does neither.
func (g *fragmenter) abandon(cause error, fatal bool) {
	err := &cutError{"outgoing message failed", net.ErrClosed, cause}
	switch {
	case g.inside:
		g.inside = false
		g.m.wire.turn.giveUp(err)
	case g.begun || fatal:
		g.m.wire.abandoned.Store(true) // before the look: a close frame may be on its way that will be given up
		if !g.m.wire.isShut() {
			g.m.wire.end.failMessage(err)
		}
	}
}
