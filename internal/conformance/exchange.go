package conformance

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

func (x Exchange) run(t *trial) verdict {
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
	x.over(l, &v)
	return v
}

// over runs x over a link that is open, and ends that.
func (x Exchange) over(l *link, v *verdict) {
	m := x.meet(l)
	for i, s := range x.Steps {
		if !m.step(s, i == len(x.Steps)-1) {
			break
		}
	}
	if m.err == nil {
		m.finish()
	}
	m.judge(l.end(), v)
}

// orderly reports whether x ends with a close frame that says that all is well, and not inside a message.
func (x Exchange) orderly() bool {
	if x.End.How != Closed {
		return x.End.How == Closes
	}
	open := false
	for _, s := range x.Steps {
		for _, f := range s.Send {
			if f.First&0xF == closing {
				code := x.End.Codes[0]
				return !open && (code == 1000 || code == 1001 || code == noCode)
			}
			if f.First&0xF < closing {
				open = f.First&fin == 0
			}
		}
	}
	return false
}

// A meeting is an Exchange under way: what should have come so far, and what has.
type meeting struct {
	*link
	end     End
	orderly bool // the echo ends without an error

	messages []Message // wanted
	pings    []string  // whose answer is wanted

	got      int    // messages
	answered int    // pings that were answered
	reached  int    // the latest of them, counted from 1
	codes    []int  // of the close frames
	sent     error  // of the last step
	err      error  // how receiving has ended
	late     []byte // opcodes of the frames behind the close frame
	left     bool   // the end under test has closed the connection that was held open for it
}

// meet begins a meeting.
func (x Exchange) meet(l *link) *meeting {
	m := &meeting{link: l, end: x.End, orderly: x.orderly()}
	if m.end.How == Closes {
		m.end.Codes = []int{1000}
	}
	return m
}

// step runs one step. It reports whether the next one can follow.
func (m *meeting) step(s Step, last bool) bool {
	for _, w := range s.Want {
		if w.Opcode == pong {
			m.pings = append(m.pings, w.Payload)
		} else {
			m.messages = append(m.messages, w)
		}
	}
	if last && m.end.How == Closes {
		last = false // the close frame comes in a step of its own
	}
	send := func() error { return m.send(s) }
	switch {
	case !last:
		m.sending(send, m.untilSatisfied)
	case m.end.How == Lost:
		m.sending(func() error { return errors.Join(m.send(s), m.conn.CloseWrite()) }, m.untilEnd)
	default:
		m.sending(send, m.untilEnd)
	}
	return m.err == nil
}

// sending runs send while receive runs. When the connection has ended for receiving, it has for sending.
func (m *meeting) sending(send func() error, receive func()) {
	sent := make(chan error, 1)
	go func() { sent <- send() }()
	receive()
	if m.err != nil {
		m.conn.Close()
	}
	m.sent = <-sent
}

func (m *meeting) untilSatisfied() {
	for m.err == nil && (m.got < len(m.messages) || !m.latest()) {
		m.next()
	}
}

// latest reports whether the pong that came last can be that for the ping that was sent last, if there was any.
func (m *meeting) latest() bool {
	n := len(m.pings)
	return n == 0 || m.reached > 0 && m.pings[m.reached-1] == m.pings[n-1]
}

func (m *meeting) untilEnd() {
	for m.err == nil {
		m.next()
	}
}

// finish ends an Exchange of which nothing is left but to close it.
func (m *meeting) finish() {
	if m.end.How == Closes {
		goodbye := Step{Send: []Frame{closeOf(1000, "")}}
		m.sending(func() error { return m.send(goodbye) }, m.untilEnd)
	}
}

// next receives one frame or message, and holds it against what is wanted.
func (m *meeting) next() {
	got, err := m.receive()
	if err != nil {
		m.err = err
		return
	}
	if len(m.codes) > 0 {
		m.late = append(m.late, got.Opcode)
	}
	switch got.Opcode {
	case text, binary:
		m.message(got)
	case pong:
		m.pong(got.Payload)
	case closing:
		m.close(got.Payload)
	default:
		m.err = violation("sent a ping")
	}
}

func (m *meeting) message(got Message) {
	switch {
	case m.got == len(m.messages):
		m.err = violation(fmt.Sprintf("sent %s of %d bytes, and nothing was wanted", name(got.Opcode), len(got.Payload)))
	case got != m.messages[m.got]:
		want := m.messages[m.got]
		m.err = violation(fmt.Sprintf("sent %s %.40q of %d bytes, and %s %.40q of %d bytes was wanted",
			name(got.Opcode), got.Payload, len(got.Payload), name(want.Opcode), want.Payload, len(want.Payload)))
	}
	m.got++
}

// pong takes payload as the answer to the next ping that has it (section 5.5.3).
func (m *meeting) pong(payload string) {
	i := slices.Index(m.pings[m.reached:], payload)
	if i < 0 {
		m.err = violation(fmt.Sprintf("sent a pong %.40q, which answers nothing (5.5.3)", payload))
		return
	}
	m.reached += i + 1
	m.answered++
}

// close takes a close frame (section 5.5.1). A peer that is the server is the one to close the TCP connection.
func (m *meeting) close(payload string) {
	code := noCode
	switch len(payload) {
	case 0:
	case 1:
		m.err = violation("sent a close frame with one byte (5.5.1)")
		return
	default:
		code = int(payload[0])<<8 | int(payload[1])
	}
	m.codes = append(m.codes, code)
	if m.server {
		m.left = m.end.Hold && m.hasLeft()
	}
	if m.server || m.leaves {
		m.conn.CloseWrite()
	}
}

// hold is how long a server keeps the TCP connection open to see whether the client does.
const hold = 100 * time.Millisecond

// hasLeft reports whether the connection is closed at once.
func (m *meeting) hasLeft() bool {
	m.conn.SetReadDeadline(time.Now().Add(hold))
	_, err := m.conn.Read(make([]byte, 1))
	return !errors.Is(err, os.ErrDeadlineExceeded)
}
