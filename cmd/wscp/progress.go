package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/litert/websocket/internal/printable"
	"golang.org/x/term"
)

// An event is a line of what -json prints.
type event struct {
	Event   string  `json:"event"`         // progress, resume, restart, retry, skip, done
	Text    string  `json:"text,omitzero"` // that people get
	Command string  `json:"command,omitzero"`
	File    string  `json:"file,omitzero"`
	Bytes   size    `json:"bytes"`
	Length  size    `json:"length,omitzero"` // if it is known
	From    size    `json:"from,omitzero"`   // where it has gone on
	Files   int     `json:"files,omitzero"`  // of a directory
	Seconds float64 `json:"seconds"`
	SHA256  digest  `json:"sha256,omitempty"`
}

func (c *client) print(e event) {
	text, _ := json.Marshal(e)
	fmt.Fprintf(c.out, "%s\n", text)
}

// say tells what happens, beside errors and results.
func (c *client) say(what, format string, args ...any) {
	text := printable.Text(fmt.Sprintf(format, args...))
	switch {
	case c.json:
		c.print(event{Event: what, Text: text})
	case !c.quiet:
		fmt.Fprintf(c.err, "wscp: %s\n", text)
	}
}

// A result tells how a transfer went.
type result struct {
	size, from size
	took       time.Duration
	digest     digest
	files      int // 0: it was a single file
}

func (r result) String() string {
	seconds := r.took.Seconds()
	text := fmt.Sprintf("%9v  %6.2f s  %9v/s", r.size, seconds, size(float64(r.size-r.from)/max(seconds, 1e-9)))
	if r.from > 0 {
		text += fmt.Sprintf("  from %v on", r.from)
	}
	if r.files > 0 {
		text += fmt.Sprintf("  %d files", r.files)
	}
	return text
}

// report prints the result of a command, which may have failed with err.
func (c *client) report(command, file string, r result, err error) error {
	switch {
	case err != nil:
		return err
	case c.json:
		c.print(event{"done", "", command, file, r.size, r.size, r.from, r.files, r.took.Seconds(), r.digest})
	case !c.quiet:
		fmt.Fprintf(c.out, "%s  %v\n", command, r)
	}
	if c.digest && !c.json && r.digest != nil {
		fmt.Fprintf(c.out, "%v  %s\n", r.digest, printable.Text(file))
	}
	return nil
}

// A meter shows how many bytes were written to it.
type meter struct {
	c           *client
	label       string
	from, at    int64
	length      int64 // or unknown
	every       time.Duration
	width       func() int // of the terminal; nil: there is none
	begun, last time.Time
}

// newMeter returns a meter for a file of n bytes, or unknown, of which those up to at are there already.
func (c *client) newMeter(label string, at, n int64) *meter {
	m := &meter{c: c, label: label, from: at, at: at, length: n, begun: time.Now()}
	file, ok := c.err.(*os.File)
	switch {
	case c.json:
		m.every, m.last = time.Second, m.begun
	case c.quiet:
	case ok && term.IsTerminal(int(file.Fd())):
		m.every = 100 * time.Millisecond
		m.width = func() int {
			width, _, _ := term.GetSize(int(file.Fd()))
			return cmp.Or(width, 80)
		}
	case c.verbose:
		m.every, m.last = 3*time.Second, m.begun
	}
	return m
}

// Write counts p. It never fails: what cannot be shown is no reason to stop.
func (m *meter) Write(p []byte) (int, error) {
	m.at += int64(len(p))
	m.c.moved += int64(len(p))
	if m.every > 0 && time.Since(m.last) >= m.every {
		m.last = time.Now()
		m.show()
	}
	return len(p), nil
}

func (m *meter) show() {
	took := time.Since(m.begun)
	switch {
	case m.c.json:
		m.c.print(event{Event: "progress", Command: m.label, Bytes: size(m.at), Length: size(max(m.length, 0)), From: size(m.from), Seconds: took.Seconds()})
	case m.width != nil:
		fmt.Fprintf(m.c.err, "\r%s\x1b[K", m.line(took, m.width()-1)) // the last column would begin another line
	default:
		fmt.Fprintln(m.c.err, m.line(took, 100))
	}
}

// line returns what there is to be shown, in so many columns.
func (m *meter) line(took time.Duration, columns int) string {
	speed := float64(m.at-m.from) / max(took.Seconds(), 1e-9)
	if m.length <= 0 {
		return cutTo(fmt.Sprintf("%s  %v  %v/s", m.label, size(m.at), size(speed)), columns)
	}
	left := time.Duration(min(float64(m.length-m.at)/max(speed, 1), 1e6) * float64(time.Second)).Round(time.Second)
	text := fmt.Sprintf("%s %3d%%  %v/s  %v", m.label, int(100*float64(m.at)/float64(m.length)), size(speed), left)
	if long := fmt.Sprintf("%s  %v of %v", text, size(m.at), size(m.length)); len(long) <= columns {
		text = long
	}
	if room := columns - len(text) - 4; room >= 10 {
		done := min(room, int(float64(room)*float64(m.at)/float64(m.length)))
		text += "  [" + strings.Repeat("=", done) + strings.Repeat(" ", room-done) + "]"
	}
	return cutTo(text, columns)
}

func cutTo(text string, columns int) string { return text[:min(len(text), max(columns, 0))] }

// done takes the bar off the screen.
func (m *meter) done() {
	if m.width != nil {
		fmt.Fprint(m.c.err, "\r\x1b[K")
	}
}
