package stream_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/flate"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// verse is text with code points of all lengths, in which little comes twice.
var verse = func() string {
	var b strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&b, "%d é€😀", i*i)
	}
	return b.String()
}()

// randomText returns n bytes of text, or a few more.
func randomText(r *rand.Rand, n int) string {
	at := r.IntN(len(verse) - n - 2*utf8.UTFMax)
	end := at + n
	for !utf8.RuneStart(verse[at]) {
		at++
	}
	for !utf8.RuneStart(verse[end]) {
		end++
	}
	return verse[at:max(at, end)]
}

// randomSize returns the length of a message: mostly a small one, or one at which something changes.
func randomSize(r *rand.Rand) int {
	switch r.IntN(12) {
	case 0:
		return 0
	case 1:
		return 124 + r.IntN(4)
	case 2:
		return 65534 + r.IntN(4)
	case 3:
		return r.IntN(300 << 10)
	case 4, 5:
		return 4094 + r.IntN(4)
	case 6:
		return r.IntN(40 << 10)
	}
	return r.IntN(300)
}

// A sequence is what a peer sends to the end under test, and what must be found in it.
type sequence struct {
	server  bool // the end under test is the server
	limit   int64
	deflate *stream.Deflate
	lite    bool // the receiver refuses fragments

	wire     []byte
	messages []sequenced
	frames   []sequencedFrame
	pings    []string
	end      ending
	unseen   bool // the end is that for a message that is wrong, if that is read

	r       *rand.Rand
	peer    *wstest.Peer
	payload bytes.Buffer
	flate   *flate.Writer
}

// A sequenced is a message of a sequence, and where in the wire it stands.
type sequenced struct {
	stream.Message      // if it is not whole, all that may be read of it
	whole          bool // otherwise the end comes within it, or instead of it
	begun, end     int  // behind its first header, and behind its last frame
}

// A sequencedFrame is a whole data frame.
type sequencedFrame struct {
	stream.Frame
	begun, end int
}

// The ways in which a sequence ends.
const (
	endsByClose = iota
	endsByCut
	endsByFrame // that is illegal
	endsByText  // that is none
	endsByLimit
)

// newSequence makes a sequence up.
func newSequence(r *rand.Rand, lite, compressible bool) *sequence {
	s := &sequence{server: oneIn(r, 2), limit: 1 << 20, lite: lite, r: r}
	s.peer = wstest.NewPeer(nil, nil, !s.server)
	if compressible && oneIn(r, 2) {
		s.deflate = &stream.Deflate{ServerNoContextTakeover: oneIn(r, 2), ClientNoContextTakeover: oneIn(r, 2)}
		s.flate, _ = flate.NewWriter(&s.payload, 1+r.IntN(9))
	}
	how := []int{endsByClose, endsByClose, endsByCut, endsByCut, endsByFrame, endsByText, endsByLimit}[r.IntN(7)]
	for range r.IntN(8) {
		s.between()
		s.add()
	}
	s.between()
	switch how {
	case endsByFrame:
		s.illegalFrame()
	case endsByText:
		s.illegalText()
	case endsByLimit:
		at := r.IntN(1 << 20)
		s.message(opcode.Binary, string(data[at:at+int(s.limit)+1+r.IntN(9)]), true)
		s.breakOff(int(s.limit), ending{tooLarge, 1009, ""})
	default:
		s.close()
	}
	if how == endsByCut {
		s.cut(r.IntN(len(s.wire)))
	}
	return s
}

// close adds a close frame.
func (s *sequence) close() {
	code := []closecode.Code{0, 1000, 1001, 1011, 3000}[s.r.IntN(5)]
	s.end = ending{closed, code, "bye"[:s.r.IntN(4)]}
	if code == 0 {
		s.end = ending{closed, closecode.NoStatus, ""}
	}
	s.control(opcode.Close, wstest.ClosePayload(code, s.end.reason))
}

// cut leaves the first n bytes of the wire.
func (s *sequence) cut(n int) {
	s.wire, s.end = s.wire[:n], ending{why: lost}
	for i, m := range s.messages {
		if m.end > n {
			s.messages = s.messages[:i+1]
			s.messages[i].whole = false
			break
		}
	}
	for i, f := range s.frames {
		if f.end > n {
			s.frames = s.frames[:i]
			break
		}
	}
}

// between adds control frames, sometimes.
func (s *sequence) between() {
	for oneIn(s.r, 3) {
		text := randomText(s.r, s.r.IntN(121))
		if oneIn(s.r, 3) {
			s.control(opcode.Pong, text)
		} else {
			s.control(opcode.Ping, text)
			s.pings = append(s.pings, text)
		}
	}
}

func (s *sequence) control(op opcode.Opcode, payload string) {
	s.wire = append(s.wire, s.peer.Frame(true, op, payload)...)
}

// add adds a message.
func (s *sequence) add() {
	if oneIn(s.r, 2) {
		s.message(opcode.Text, randomText(s.r, randomSize(s.r)), true)
		return
	}
	at := s.r.IntN(1 << 20)
	s.message(opcode.Binary, string(data[at:at+randomSize(s.r)]), true)
}

// message adds a message, compressed or not, in frames of random lengths; without fin, it is left open.
func (s *sequence) message(op opcode.Opcode, text string, fin bool) {
	payload, squeezed := text, s.deflate != nil && !oneIn(s.r, 3)
	if squeezed {
		payload = s.squeeze(text)
	}
	m := sequenced{Message: stream.Message{Opcode: op, Data: []byte(text)}, whole: fin}
	for first, last := true, false; !last; first = false {
		n := len(payload)
		if last = s.lite || oneIn(s.r, 3); !last {
			n = s.r.IntN(n+1) * s.r.IntN(4) / 3 // which is often nothing
		}
		h := frame.Header{Fin: last && fin, RSV1: squeezed && first, Opcode: opcode.Continuation, Length: int64(n)}
		if first {
			h.Opcode = op
		}
		s.wire = append(s.wire, s.peer.FrameOf(h, payload[:n])...)
		begun := len(s.wire) - n
		if first {
			m.begun = begun
		}
		s.frames = append(s.frames, sequencedFrame{stream.Frame{Fin: h.Fin, Opcode: h.Opcode, Payload: []byte(payload[:n])}, begun, len(s.wire)})
		if payload = payload[n:]; !last {
			s.between()
		}
	}
	m.end = len(s.wire)
	s.messages = append(s.messages, m)
}

// squeeze compresses text, behind the messages before if there is context takeover. What is empty may be so compressed,
// too.
func (s *sequence) squeeze(text string) string {
	if text == "" && oneIn(s.r, 2) {
		return ""
	}
	s.payload.Reset()
	if s.server && s.deflate.ClientNoContextTakeover || !s.server && s.deflate.ServerNoContextTakeover || oneIn(s.r, 4) {
		s.flate.Reset(&s.payload)
	}
	for rest := text; rest != ""; {
		n := 1 + s.r.IntN(len(rest))
		io.WriteString(s.flate, rest[:n])
		if rest = rest[n:]; oneIn(s.r, 4) {
			s.flate.Flush()
		}
	}
	s.flate.Flush()
	return strings.TrimSuffix(s.payload.String(), "\x00\x00\xff\xff")
}
