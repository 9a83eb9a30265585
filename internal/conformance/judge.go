package conformance

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// judge comes to the verdict, after the echo has ended with echoed.
func (m *meeting) judge(echoed error, v *verdict) {
	var broken violation
	switch {
	case errors.As(m.err, &broken):
		v.fail("%v", broken)
	case errors.Is(m.err, os.ErrDeadlineExceeded):
		v.fail("nothing came any more, %s", m.missing())
	case m.got < len(m.messages):
		v.fail("the connection ended (%v, close codes %v), %s", m.err, m.codes, m.missing())
	case errors.Is(m.err, io.ErrUnexpectedEOF):
		v.fail("the connection ended inside a frame")
	case m.end.How == Closes && m.within != 0:
		v.fail("the connection ended inside a message")
	case m.end.How == Closes && m.sent != nil:
		v.fail("sending: %v", m.sent)
	case m.staleKeys():
		v.fail("all frames came with the same masking key (5.3)")
	case errors.Is(echoed, errHangs):
		v.fail("the echo: %v", echoed)
	}
	m.judgePongs(v)
	m.judgeClose(v)
	m.judgeEcho(echoed, v)
}

func (m *meeting) missing() string {
	var b strings.Builder
	fmt.Fprintf(&b, "after %d of %d messages and %d of %d pongs", m.got, len(m.messages), m.answered, len(m.pings))
	if m.end.How != Lost {
		fmt.Fprintf(&b, "; wanted close codes: %v", m.end.Codes)
	}
	return b.String()
}

func (m *meeting) judgePongs(v *verdict) {
	switch {
	case m.answered == len(m.pings):
	case m.end.How == Closes && !m.latest():
		v.fail("the latest ping was not answered (5.5.3)")
	default:
		v.note("%d of %d pings were answered (5.5.3)", m.answered, len(m.pings))
	}
}

func (m *meeting) judgeClose(v *verdict) {
	if m.err != io.EOF {
		v.note("the TCP connection was reset (7.1.1)")
	}
	if m.left {
		v.note("the client did not wait for the server to close the TCP connection (5.5.1)")
	}
	switch {
	case len(m.late) > 0:
		v.note("control frames behind the close frame: %x", m.late)
	case m.end.How == Lost && len(m.codes) == 0:
		return
	case m.end.How == Lost:
		v.note("a close frame to a peer that has left")
		return
	}
	switch {
	case len(m.codes) == 0 && m.end.How == Fails:
		v.note("failed without a close frame (7.1.7)")
	case len(m.codes) == 0:
		v.fail("the close frame was not answered (5.5.1)")
	case len(m.codes) > 1:
		v.fail("sent %d close frames (5.5.1)", len(m.codes))
	case m.codes[0] == m.end.Codes[0]:
	case slices.Contains(m.end.Codes, m.codes[0]):
		v.note("close code %d rather than %d", m.codes[0], m.end.Codes[0])
	default:
		v.fail("close code %d instead of %d (7.4.1)", m.codes[0], m.end.Codes[0])
	}
}

// judgeEcho checks what the program that uses the library got to see: an orderly end, or an error.
func (m *meeting) judgeEcho(echoed error, v *verdict) {
	if m.orderly != (echoed == nil) {
		v.fail("the echo ended with %v", echoed)
	}
}
