package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/litert/websocket/internal/printable"
	"github.com/litert/websocket/internal/size"
	"github.com/litert/websocket/internal/transfer"
	"golang.org/x/term"
)

// An event is a line of what -json prints.
type event struct {
	Event   string          `json:"event"`         // progress, file, resume, restart, retry, skip, done
	Text    string          `json:"text,omitzero"` // that people get
	Command string          `json:"command,omitzero"`
	File    string          `json:"file,omitzero"`
	Bytes   size.Bytes      `json:"bytes"`
	Length  size.Bytes      `json:"length,omitzero"` // if it is known
	From    size.Bytes      `json:"from,omitzero"`   // where it has gone on
	Files   int             `json:"files,omitzero"`  // of a directory
	Seconds float64         `json:"seconds"`
	SHA256  transfer.Digest `json:"sha256,omitzero"`
}

func (c *client) print(e event) {
	text, _ := json.Marshal(e)
	fmt.Fprintf(c.out, "%s\n", text)
}

// Say tells what happens, beside errors and results.
func (c *client) Say(what, format string, args ...any) {
	text := printable.Text(fmt.Sprintf(format, args...))
	switch {
	case c.json:
		c.print(event{Event: what, Text: text})
	case !c.quiet:
		fmt.Fprintf(c.err, "wscp: %s\n", text)
	}
}

// File prints the digest of a file.
func (c *client) File(name string, sum transfer.Digest) {
	switch {
	case !c.digest:
	case c.json:
		c.print(event{Event: "file", File: name, SHA256: sum})
	default:
		fmt.Fprintf(c.out, "%v  %s\n", sum, printable.Text(name))
	}
}

// report prints the result of the command, which may have failed with err.
func (c *client) report(file string, r transfer.Result, err error) error {
	switch {
	case err != nil:
		return err
	case c.json:
		c.print(event{"done", "", c.command, file, r.Size, r.Size, r.From, r.Files, r.Took.Seconds(), r.SHA256})
		return nil
	case !c.quiet:
		fmt.Fprintf(c.out, "%s  %v\n", c.command, r)
	}
	if r.SHA256 != (transfer.Digest{}) {
		c.File(file, r.SHA256)
	}
	return nil
}

// A meter shows how many bytes of files were transferred.
type meter struct {
	*client
	from, at    int64
	length      int64 // or transfer.Unknown
	every       time.Duration
	width       func() int // of the terminal; nil: there is none
	begun, last time.Time
}

func (c *client) newMeter() *meter {
	m := &meter{client: c, length: transfer.Unknown, begun: time.Now(), last: time.Now()}
	file, ok := c.err.(*os.File)
	switch {
	case c.json:
		m.every = time.Second
	case c.quiet:
	case ok && term.IsTerminal(int(file.Fd())):
		m.every, m.last = 100*time.Millisecond, time.Time{}
		m.width = func() int {
			width, _, _ := term.GetSize(int(file.Fd()))
			return cmp.Or(width, 80)
		}
	case c.verbose:
		m.every = 3 * time.Second
	}
	return m
}

// Begin says where a file goes on, or that it begins anew.
func (m *meter) Begin(have, at, length int64) {
	m.from, m.at, m.length, m.begun = at, at, length, time.Now()
	switch {
	case have > 0 && at == have:
		m.Say("resume", "goes on at %v", size.Bytes(at))
	case have > 0:
		m.Say("restart", "begins anew: the %v that there are differ from those of the file", size.Bytes(have))
	}
}

// Write counts p. It never fails: what cannot be shown is no reason to stop.
func (m *meter) Write(p []byte) (int, error) {
	m.at += int64(len(p))
	m.moved += int64(len(p))
	if m.every > 0 && time.Since(m.last) >= m.every {
		m.last = time.Now()
		m.show()
	}
	return len(p), nil
}

func (m *meter) show() {
	took := time.Since(m.begun)
	switch {
	case m.json:
		m.print(event{Event: "progress", Command: m.command, Bytes: size.Bytes(m.at), Length: size.Bytes(max(m.length, 0)), From: size.Bytes(m.from), Seconds: took.Seconds()})
	case m.width != nil:
		fmt.Fprintf(m.err, "\r%s\x1b[K", m.line(took, m.width()-1)) // the last column would begin another line
	default:
		fmt.Fprintln(m.err, m.line(took, 100))
	}
}

// line returns what there is to be shown, in so many columns.
func (m *meter) line(took time.Duration, columns int) string {
	speed := float64(m.at-m.from) / max(took.Seconds(), 1e-9)
	text := fmt.Sprintf("%s  %v  %v/s", m.command, size.Bytes(m.at), size.Bytes(speed))
	if m.length > 0 {
		part := float64(m.at) / float64(m.length)
		left := time.Duration(min(float64(m.length-m.at)/max(speed, 1), 1e6) * float64(time.Second)).Round(time.Second)
		text = fmt.Sprintf("%s %3d%%  %v/s  %v", m.command, int(100*part), size.Bytes(speed), left)
		if long := fmt.Sprintf("%s  %v of %v", text, size.Bytes(m.at), size.Bytes(m.length)); len(long) <= columns {
			text = long
		}
		if room := columns - len(text) - 4; room >= 10 {
			done := int(float64(room) * min(part, 1))
			text += "  [" + strings.Repeat("=", done) + strings.Repeat(" ", room-done) + "]"
		}
	}
	return text[:min(len(text), max(columns, 0))]
}

// done takes the bar off the screen.
func (m *meter) done() {
	if m.width != nil {
		fmt.Fprint(m.err, "\r\x1b[K")
	}
}
