// Package draft has files that get their names once they are whole, and on the disk. If anything fails before, what has the name
// stays as it was. It also keeps what there is of a file for a later attempt, and removes what was left by processes that were
// killed.
//
//	err := draft.Save(ctx, root, "file", draft.How{}, func(d *draft.Draft) error {
//		_, err := io.Copy(d, source)
//		return err
//	})
//
// A draft has a name that begins with [Prefix], beside the name that it takes. While a process writes it, it is locked, where the
// system has locks that end with the process ([osfile.Locks]); elsewhere nothing is kept, and what was left stays.
package draft

import (
	"context"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/litert/websocket/internal/osfile"
)

// How says how a file is saved.
type How struct {
	Exact    bool // it has the draft's mode, and not that of the file that it replaces
	Keep     bool // what has its name already
	Resume   bool // from what there is of it, and leave that if it fails again
	Unsynced bool // it need not be on the disk
}

// Save lets fill write a file of root, which takes its name when it is whole and on the disk. If anything fails before, what has the
// name stays as it was, and nothing else is left but what a later call is to resume.
//
// It returns the error of fill, a [Refusal] if there cannot be a file of that name, a [Spoiled] error if its bytes are lost, or one
// of the file system. The end of ctx interrupts the reading of what there is to be resumed. Calls may be made at the same time,
// also of one name: the last one has it, or with Keep the first. Of those that resume a name, all but the first fail.
func Save(ctx context.Context, root *os.Root, name string, how How, fill func(*Draft) error) error {
	d, err := newDraft(ctx, root, name, how)
	if err != nil {
		return err
	}
	err = fill(d)
	if err == nil {
		err = d.publish()
	}
	if err != nil && !d.isOfUse(err) {
		root.Remove(d.temp)
	}
	d.file.Close() // after it has got its name or has lost it: until then it is locked
	if err != nil {
		return osfile.About(name, err)
	}
	if !how.Unsynced {
		syncDir(root, filepath.Dir(name))
	}
	return nil
}

// A Draft is a file that is not whole yet. It is for the function that fills it, and not to be used by several goroutines at a time.
type Draft struct {
	// Mode and MTime are those of what the file is a copy of, which the function sets. Of the mode, only the permissions count,
	// and only whether the owner may execute it if it is not to be exact. A time that is zero is left to be that of the saving.
	Mode  fs.FileMode
	MTime time.Time

	root       *os.Root
	file       *os.File
	temp, name string
	how        How
	old        fs.FileInfo // the file that is to be replaced; nil: there is none

	waits int64 // how many bytes were written since the disk has begun

	// what there is of it to be resumed; the file is written behind that
	size int64
	sum  hash.Hash
}

// Size returns how many bytes there are to be resumed.
func (d *Draft) Size() int64 { return d.size }

// Sum returns the SHA-256 hash of these bytes. It is the caller's to go on with, but that ResumeAt resets it.
func (d *Draft) Sum() hash.Hash { return d.sum }

// ResumeAt drops what there is behind at, which is the start or the end of that; anything else is an error.
func (d *Draft) ResumeAt(at int64) error {
	switch at {
	case d.size:
		return nil
	case 0:
		d.size = 0
		d.sum.Reset()
		if _, err := d.file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		return d.file.Truncate(0)
	}
	return fmt.Errorf("%d is neither the start nor the end of the %d bytes that there are", at, d.size)
}

// writebackSize is how much waits for the disk before it begins.
const writebackSize = 16 << 20

// Write writes the next bytes, and has the disk begin with them before all have come.
func (d *Draft) Write(p []byte) (int, error) {
	n, err := d.file.Write(p)
	if d.waits += int64(n); d.waits >= writebackSize {
		d.waits = 0
		osfile.BeginWriteback(d.file)
	}
	return n, err
}
