package browser

import (
	"errors"
	"fmt"
	"io"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
)

// overhead is what a message counts for beside its bytes: empty ones take memory, too.
const overhead = 64

// errCut is how reading ends without a close frame.
var errCut = fmt.Errorf("the browser has lost the connection: %w", io.ErrUnexpectedEOF)

// An inbox has the messages that have come and were not read, and makes frames of them.
type inbox struct {
	backlog int64 // constant: for how many bytes there is room, behind the first message
	overrun error // constant: the end where there is none

	queue  []incoming
	behind int64 // bytes of those behind the first
	end    error // behind what is in the queue; nil: more may come
}

// An incoming is a frame that has come.
type incoming struct {
	head []byte  // that was not read: the header, or all of a close frame
	body Payload // nil: none
	pos  int     // so much of body was read
}

func (m *incoming) left() int {
	if m.body == nil {
		return 0
	}
	return m.body.Len() - m.pos
}

// weight is what m counts for.
func (m *incoming) weight() int64 {
	if m.body == nil {
		return 0
	}
	return int64(m.body.Len()) + overhead
}

// add adds a message, and reports whether there was room for it. If not, nothing comes behind.
func (b *inbox) add(op opcode.Opcode, body Payload) bool {
	h := frame.Header{Fin: true, Opcode: op, Length: int64(body.Len())}
	m := incoming{head: h.Append(nil), body: body}
	if len(b.queue) > 0 && b.behind+m.weight() > b.backlog {
		b.end = b.overrun
		return false
	}
	b.push(m)
	return true
}

func (b *inbox) push(m incoming) {
	if len(b.queue) > 0 {
		b.behind += m.weight()
	}
	b.queue = append(b.queue, m)
}

// close ends the stream, with a close frame if there was one.
func (b *inbox) close(code closecode.Code, reason string) {
	if b.end != nil {
		return
	}
	if code == closecode.Abnormal || code == closecode.TLSHandshake {
		b.end = errCut
		return
	}
	b.end = io.EOF
	payload := []byte{byte(code >> 8), byte(code)} // whether that is legal is for the reader to say
	payload = append(payload, reason...)
	if code == closecode.NoStatus {
		payload = nil
	}
	h := frame.Header{Fin: true, Opcode: opcode.Close, Length: int64(len(payload))}
	b.push(incoming{head: append(h.Append(nil), payload...)})
}

// read reads into p what there is.
func (b *inbox) read(p []byte) (n int) {
	for n < len(p) && len(b.queue) > 0 {
		m := &b.queue[0]
		k := copy(p[n:], m.head)
		n, m.head = n+k, m.head[k:]
		if size := min(len(p)-n, m.left()); size > 0 {
			m.body.CopyAt(p[n:n+size], m.pos)
			n, m.pos = n+size, m.pos+size
		}
		if len(m.head) == 0 && m.left() == 0 {
			b.pop()
		}
	}
	return n
}

func (b *inbox) pop() {
	b.queue[0] = incoming{}
	b.queue = b.queue[1:]
	if len(b.queue) > 0 {
		b.behind -= b.queue[0].weight()
	} else {
		b.queue = nil
	}
}

// drop lets go of all messages.
func (b *inbox) drop() { b.queue, b.behind = nil, 0 }

// errEnded is the error of a write behind the end.
var errEnded = errors.New("the browser has closed the connection")
