package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/litert/websocket/internal/osfile"
)

// A saving says how a file is saved.
type saving struct {
	executable bool // if it replaces none
	exact      bool // it has the mode in any case
	mode       fs.FileMode
	mtime      time.Time // zero: that of the saving
	keep       bool      // what has its name already
	resume     bool      // from what there is of it, and leave that if it fails again
	unsynced   bool      // it need not be on the disk
}

// save lets fill write a file, which takes its name when it is whole and on the disk. If anything fails before, what has the
// name stays as it was, and nothing else is left but what a later call is to resume.
func save(ctx context.Context, root *os.Root, name string, how saving, fill func(*draft) error) error {
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
		return about(name, err)
	}
	if !how.unsynced {
		syncDir(root, filepath.Dir(name))
	}
	return nil
}

// A draft is a file that is not whole yet. While a process writes it, it is locked, where the system has locks.
type draft struct {
	root       *os.Root
	file       *os.File
	temp, name string
	how        saving
	old        fs.FileInfo // the file that is to be replaced; nil: there is none

	waits int64 // how many bytes were written since the disk has begun

	// what there is of it to be resumed; the file is written behind that
	size int64
	sum  hash.Hash
}

func newDraft(ctx context.Context, root *os.Root, name string, how saving) (*draft, error) {
	d := &draft{root: root, name: name, how: how, sum: sha256.New()}
	perm := fs.FileMode(0o666) // less the umask; others shall not see more of the file than they may see at last
	switch info, err := root.Lstat(name); {
	case errors.Is(err, fs.ErrNotExist):
		if how.exact {
			perm = 0o600
		}
	case err != nil:
		return nil, refuse(name, err)
	case !info.Mode().IsRegular():
		return nil, notRegular(name)
	case how.keep:
		return nil, &refusal{about(name, &fs.PathError{Err: fs.ErrExist})}
	default:
		d.old, perm = info, 0o600
	}
	for {
		if err := d.create(ctx, perm); !errors.Is(err, errSwept) {
			return d, err
		}
	}
}

var (
	// errSwept says that another process has removed the file before it was locked, or has given it its name.
	errSwept = errors.New("removed")

	errBusy = errors.New("another transfer of this name that can be continued is under way")
)

// create makes the file, or opens what there is of it, and locks it.
func (d *draft) create(ctx context.Context, perm fs.FileMode) error {
	flag := os.O_WRONLY | os.O_EXCL
	d.temp = tempName(d.name)
	if d.how.resume && osfile.Locks {
		flag = os.O_RDWR | osfile.NotWaiting
		d.temp = partialName(d.name)
	}
	file, err := d.root.OpenFile(d.temp, flag|os.O_CREATE|osfile.LargeFile, perm)
	if err != nil {
		return refuse(d.name, err)
	}
	if err := d.claim(ctx, file); err != nil {
		file.Close()
		return err
	}
	d.file = file
	return nil
}

// claim locks the file, and reads what there is of it.
func (d *draft) claim(ctx context.Context, file *os.File) error {
	if errors.Is(osfile.Lock(file), osfile.ErrLocked) {
		if d.how.resume {
			return about(d.name, &fs.PathError{Err: errBusy})
		}
		return errSwept
	}
	info, err := file.Stat()
	named, statErr := d.root.Lstat(d.temp)
	switch {
	case statErr == nil && !named.Mode().IsRegular(): // no server has made it
		return notRegular(d.temp)
	case err != nil || statErr != nil || !os.SameFile(info, named):
		return errSwept
	}
	if info.Size() > 0 {
		if d.size, err = hashFrom(ctx, d.sum, file, info.Size()); err != nil {
			return about(d.name, err)
		}
	}
	return nil
}

// partialName returns the name of what there is of a file to be resumed.
func partialName(name string) string {
	sum := sha256.Sum256([]byte(filepath.Base(name)))
	return filepath.Join(filepath.Dir(name), partialPrefix+hex.EncodeToString(sum[:16]))
}

// have returns what there is of the file.
func (d *draft) have() position { return position{d.size, digestOf(d.sum)} }

// resumeAt drops what there is behind at, which is the start or the end of that.
func (d *draft) resumeAt(at int64) error {
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
func (d *draft) Write(p []byte) (int, error) {
	n, err := d.file.Write(p)
	if d.waits += int64(n); d.waits >= writebackSize {
		d.waits = 0
		osfile.BeginWriteback(d.file)
	}
	return n, err
}

// isOfUse reports whether what has come can be resumed after err.
func (d *draft) isOfUse(err error) bool {
	var useless *spoiled
	if !d.how.resume || !osfile.Locks || errors.As(err, &useless) {
		return false
	}
	info, err := d.file.Stat()
	return err == nil && info.Size() > 0
}

// publish brings the file to the disk, and gives it its name.
func (d *draft) publish() error {
	if err := d.setMode(); err != nil {
		return err
	}
	if !d.how.mtime.IsZero() {
		if err := d.root.Chtimes(d.temp, time.Time{}, d.how.mtime); err != nil {
			return err
		}
	}
	if !d.how.unsynced {
		if err := d.file.Sync(); err != nil {
			return &spoiled{err}
		}
	}
	if !d.how.keep {
		return d.root.Rename(d.temp, d.name)
	}
	if err := d.root.Link(d.temp, d.name); err != nil {
		return &spoiled{&refusal{about(d.name, err)}}
	}
	d.root.Remove(d.temp)
	return nil
}

// setMode gives the file the mode that was asked for, or of the one that it replaces. Otherwise those may execute it that may
// read it, if it is executable.
func (d *draft) setMode() error {
	info, err := d.file.Stat()
	if err != nil {
		return err
	}
	want := info.Mode().Perm()
	switch {
	case d.how.exact:
		want = d.how.mode
	case d.old != nil:
		want = d.old.Mode().Perm()
	case d.how.executable:
		want |= want & 0o444 >> 2
	}
	if want == info.Mode().Perm() {
		return nil
	}
	return d.file.Chmod(want)
}

// syncDir brings the new name to the disk, on systems where directories can be synced.
func syncDir(root *os.Root, dir string) {
	if d, err := root.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}
