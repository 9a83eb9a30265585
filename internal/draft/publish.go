package draft

import (
	"errors"
	"os"
	"time"

	"github.com/litert/websocket/internal/osfile"
)

// publish brings the file to the disk, and gives it its name.
func (d *Draft) publish() error {
	if err := d.setMode(); err != nil {
		return err
	}
	if !d.MTime.IsZero() {
		if err := d.root.Chtimes(d.temp, time.Time{}, d.MTime); err != nil {
			return err
		}
	}
	if !d.how.Unsynced {
		if err := d.file.Sync(); err != nil {
			return &Spoiled{err}
		}
	}
	if !d.how.Keep {
		return d.root.Rename(d.temp, d.name)
	}
	if err := d.root.Link(d.temp, d.name); err != nil {
		return &Spoiled{Refuse(d.name, err)}
	}
	d.root.Remove(d.temp)
	return nil
}

// setMode gives the file the mode that was asked for, or of the one that it replaces. Otherwise those may execute it that may
// read it, if it is executable.
func (d *Draft) setMode() error {
	info, err := d.file.Stat()
	if err != nil {
		return err
	}
	want := info.Mode().Perm()
	switch {
	case d.how.Exact:
		want = d.Mode.Perm()
	case d.old != nil:
		want = d.old.Mode().Perm()
	case d.Mode&0o100 != 0:
		want |= want & 0o444 >> 2
	}
	if want == info.Mode().Perm() {
		return nil
	}
	return d.file.Chmod(want)
}

// isOfUse reports whether what has come can be resumed after err.
func (d *Draft) isOfUse(err error) bool {
	var useless *Spoiled
	if !d.how.Resume || !osfile.Locks || errors.As(err, &useless) {
		return false
	}
	info, err := d.file.Stat()
	return err == nil && info.Size() > 0
}

// syncDir brings the new name to the disk, on systems where directories can be synced.
func syncDir(root *os.Root, dir string) {
	if d, err := root.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}
