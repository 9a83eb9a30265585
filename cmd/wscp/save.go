package main

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// A saving says how a file is saved.
type saving struct {
	executable bool // if it replaces none
	keep       bool // what has its name already
}

// save lets fill write a file, which takes its name when it is whole and on the disk. If anything fails before, nothing
// of it is left, and what has the name stays as it was.
func save(root *os.Root, name string, how saving, fill func(io.Writer) error) error {
	d, err := newDraft(root, name, how)
	if err != nil {
		return err
	}
	err = fill(d.file)
	if err == nil {
		err = d.publish()
	}
	if err != nil {
		root.Remove(d.temp)
	}
	d.file.Close() // after it has got its name or has lost it: until then it is locked
	if err != nil {
		return about(name, err)
	}
	syncDir(root, filepath.Dir(name))
	return nil
}

// A draft is a file that is not whole yet. While a process writes it, it is locked, where the system has locks.
type draft struct {
	root       *os.Root
	file       *os.File
	temp, name string
	keep       bool
	old        fs.FileInfo // the file that is to be replaced; nil: there is none
}

func newDraft(root *os.Root, name string, how saving) (*draft, error) {
	d := &draft{root: root, name: name, keep: how.keep}
	perm := fs.FileMode(0o666) // less the umask
	if how.executable {
		perm = 0o777
	}
	switch info, err := root.Lstat(name); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, &refusal{about(name, err)}
	case !info.Mode().IsRegular():
		return nil, notRegular(name)
	case how.keep:
		return nil, &refusal{about(name, &fs.PathError{Err: fs.ErrExist})}
	default:
		d.old, perm = info, 0o600 // others shall not see more of it than they may see at last
	}
	for {
		if err := d.create(perm); !errors.Is(err, errSwept) {
			return d, err
		}
	}
}

// errSwept says that a server which has just started took the file for a left-over, and removes it.
var errSwept = errors.New("removed")

// create makes the file, and locks it.
func (d *draft) create(perm fs.FileMode) error {
	d.temp = filepath.Join(filepath.Dir(d.name), tempPrefix+rand.Text())
	file, err := d.root.OpenFile(d.temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL|largeFile, perm)
	if err != nil {
		return &refusal{about(d.name, err)}
	}
	if !errors.Is(lock(file), errLocked) {
		_, err = d.root.Lstat(d.temp)
		if err == nil {
			d.file = file
			return nil
		}
	}
	file.Close()
	return errSwept
}

// publish brings the file to the disk, and gives it its name.
func (d *draft) publish() error {
	if err := d.setMode(); err != nil {
		return err
	}
	if err := d.file.Sync(); err != nil {
		return err
	}
	if !d.keep {
		return d.root.Rename(d.temp, d.name)
	}
	if err := d.root.Link(d.temp, d.name); err != nil {
		return &refusal{about(d.name, err)}
	}
	d.root.Remove(d.temp)
	return nil
}

// setMode gives the file the mode of the one that it replaces.
func (d *draft) setMode() error {
	if d.old == nil {
		return nil
	}
	info, err := d.file.Stat()
	if err != nil || info.Mode().Perm() == d.old.Mode().Perm() {
		return err
	}
	return d.file.Chmod(d.old.Mode().Perm())
}

// syncDir brings the new name to the disk, on systems where directories can be synced.
func syncDir(root *os.Root, dir string) {
	if d, err := root.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}
