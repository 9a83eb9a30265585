package main

import (
	"fmt"
	"log"
	"time"

	"github.com/litert/websocket/internal/size"
)

// An observer is told how a transfer goes on at one end. Its Write, which never fails, gets the bytes of files.
type observer interface {
	begin(have, at, length int64) // a file that is sent alone goes on at that, where there were so many bytes
	Write(p []byte) (int, error)
	file(name string, sum digest) // one of a directory was transferred
	say(what, format string, args ...any)
}

// A quiet observer tells the log of a server what is not sent.
type quiet struct{ log *log.Logger }

func (quiet) begin(have, at, length int64) {}

func (quiet) Write(p []byte) (int, error) { return len(p), nil }

func (quiet) file(string, digest) {}

func (q quiet) say(_, format string, args ...any) { q.log.Printf(format, args...) }

// A result tells how a transfer went.
type result struct {
	size, from size.Bytes
	took       time.Duration
	digest     digest // of a file that was sent alone
	files      int    // of directories
}

func (r result) String() string {
	seconds := r.took.Seconds()
	text := fmt.Sprintf("%9v  %6.2f s  %9v/s", r.size, seconds, size.Bytes(float64(r.size-r.from)/max(seconds, 1e-9)))
	if r.from > 0 {
		text += fmt.Sprintf("  from %v on", r.from)
	}
	if r.files > 0 {
		text += fmt.Sprintf("  %d files", r.files)
	}
	return text
}

// receipt returns what the receiver tells, and the sender compares.
func (r *result) receipt() receipt { return receipt{r.digest, r.files} }

// An account is what both ends keep of a transfer.
type account struct {
	observer
	result
}

// add adds a file that was transferred from at on. One that was sent alone has no name.
func (a *account) add(name string, t total, at int64) {
	a.result.size += size.Bytes(t.Length)
	if name == "" {
		a.digest, a.from = t.SHA256, size.Bytes(at)
		return
	}
	a.files++
	a.file(name, t.SHA256)
}
