package main

import (
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A meter shows how many bytes were written to it.
type meter struct{ bar *progressbar.ProgressBar }

// newMeter returns a meter for n bytes, which shows itself if c.err is a terminal.
func (c console) newMeter(label string, n int64) meter {
	file, ok := c.err.(*os.File)
	return meter{progressbar.NewOptions64(n,
		progressbar.OptionSetDescription(label),
		progressbar.OptionSetWriter(c.err),
		progressbar.OptionSetVisibility(ok && term.IsTerminal(int(file.Fd()))),
		progressbar.OptionShowBytes(true),
		progressbar.OptionShowCount(),
		progressbar.OptionUseIECUnits(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)}
}

// Write counts p. It never fails: what cannot be shown is no reason to stop.
func (m meter) Write(p []byte) (int, error) {
	m.bar.Add(len(p))
	return len(p), nil
}

// done takes the bar off the screen.
func (m meter) done() { m.bar.Clear() }
