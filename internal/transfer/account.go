package transfer

import (
	"fmt"
	"log"
	"time"

	"github.com/litert/websocket/internal/size"
)

// Unknown is the length of what does not tell it.
const Unknown = -1

// An Observer is told how a transfer goes on. Its methods are called one at a time, and p is the caller's.
type Observer interface {
	// Begin says that a file which is sent alone goes on at that, where there were so many bytes, of a length or Unknown.
	Begin(have, at, length int64)

	// Write gets the bytes of files. It never fails.
	Write(p []byte) (int, error)

	// File says that one of a directory was transferred.
	File(name string, sum Digest)

	// Say says what else happens, and in which way: "skip" is what is not sent, and "resume" what is there already.
	Say(what, format string, args ...any)
}

// A quiet observer tells the log of a server what is not sent.
type quiet struct{ log *log.Logger }

func (quiet) Begin(have, at, length int64) {}

func (quiet) Write(p []byte) (int, error) { return len(p), nil }

func (quiet) File(string, Digest) {}

func (q quiet) Say(_, format string, args ...any) { q.log.Printf(format, args...) }

// A Result tells how a transfer went.
type Result struct {
	Size, From size.Bytes // of all files, and where one that was sent alone has gone on
	Took       time.Duration
	SHA256     Digest // of a file that was sent alone
	Files      int    // of directories
}

// String returns a line for people.
func (r Result) String() string {
	seconds := r.Took.Seconds()
	text := fmt.Sprintf("%9v  %6.2f s  %9v/s", r.Size, seconds, size.Bytes(float64(r.Size-r.From)/max(seconds, 1e-9)))
	if r.From > 0 {
		text += fmt.Sprintf("  from %v on", r.From)
	}
	if r.Files > 0 {
		text += fmt.Sprintf("  %d files", r.Files)
	}
	return text
}

// An account is what both ends keep of a transfer.
type account struct {
	Observer
	Result
}

// add adds a file that was transferred from at on. One that was sent alone has no name.
func (a *account) add(name string, t total, at int64) {
	a.Size += size.Bytes(t.Length)
	if name == "" {
		a.SHA256, a.From = t.SHA256, size.Bytes(at)
		return
	}
	a.Files++
	a.File(name, t.SHA256)
}

// receipt returns what the receiver tells, and the sender compares.
func (a *account) receipt() receipt { return receipt{a.SHA256, a.Files} }
