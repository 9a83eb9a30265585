package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A planting is a directory that is received. Nothing is written but through its root.
type planting struct {
	conn     conn
	root     *os.Root
	keep     bool // files are never replaced
	maxSize  size // of a file
	progress io.Writer
	received func(name string, d digest)
	result

	dirs map[string]entry // whose modes and times are set at the end; by name, as a sender may tell one over and over
}

// receive receives all entries.
func (p *planting) receive(ctx context.Context) error {
	for {
		var e entry
		if err := receiveText(ctx, p.conn, "the next file", &e); err != nil {
			return err
		}
		if e.End {
			return p.finish()
		}
		name, err := localName(e.Name)
		if err != nil || strings.HasPrefix(e.Name, "/") {
			return &refusal{fmt.Errorf("%q: not a name below the directory", e.Name)}
		}
		if err := p.plant(ctx, name, e); err != nil {
			return err
		}
	}
}

func (p *planting) plant(ctx context.Context, name string, e entry) error {
	switch {
	case e.Directory:
		return p.makeDir(name, e)
	case e.Target != "":
		return p.link(name, filepath.FromSlash(e.Target))
	case e.Length == nil || *e.Length < 0:
		return fmt.Errorf("%q: neither a file of some length, nor a directory or link", e.Name)
	case size(*e.Length) > p.maxSize:
		return &refusal{fmt.Errorf("%q: %v is more than the %v that a file may have", e.Name, size(*e.Length), p.maxSize)}
	}
	how := saving{exact: true, mode: e.Mode.Perm(), mtime: e.MTime, keep: p.keep, unsynced: true}
	return save(ctx, p.root, name, how, func(d *draft) error {
		r := receiving{dst: d.file, sum: d.sum, length: *e.Length, progress: p.progress}
		digest, err := r.receive(ctx, p.conn)
		if err == nil {
			p.files++
			p.size += size(*e.Length)
			p.received(e.Name, digest)
		}
		return err
	})
}

// makeDir makes a directory, unless it is there. Its owner can write to it until all is there.
func (p *planting) makeDir(name string, e entry) error {
	info, err := p.root.Lstat(name)
	_, own := p.dirs[name]
	switch {
	case err != nil || !info.IsDir():
		err = p.root.Mkdir(name, 0o700)
	case p.keep && !own: // as it is
		return nil
	case info.Mode()&0o700 != 0o700:
		err = p.root.Chmod(name, info.Mode().Perm()|0o700)
	}
	if err != nil {
		return &refusal{about(name, err)}
	}
	if p.dirs == nil {
		p.dirs = make(map[string]entry)
	}
	p.dirs[name] = e
	return nil
}

// link makes a symbolic link, in the place of another or of a file.
func (p *planting) link(name, target string) error {
	if !staysWithin(name, target) || p.isBelowLink(name) {
		return &refusal{fmt.Errorf("%q: a link that may lead out of the directory", name)}
	}
	old, err := p.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = p.root.Symlink(target, name)
	case err != nil:
	case old.IsDir() || p.keep:
		err = &fs.PathError{Err: fs.ErrExist}
	default:
		temp := filepath.Join(filepath.Dir(name), tempPrefix+rand.Text())
		if err = p.root.Symlink(target, temp); err == nil {
			if err = p.root.Rename(temp, name); err != nil {
				p.root.Remove(temp)
			}
		}
	}
	if err != nil {
		return &refusal{about(name, err)}
	}
	return nil
}

// isBelowLink reports whether the name leads through a link, so that it does not tell where .. leads from there.
func (p *planting) isBelowLink(name string) bool {
	for dir := filepath.Dir(name); dir != "."; dir = filepath.Dir(dir) {
		if info, err := p.root.Lstat(dir); err == nil && !info.IsDir() {
			return true
		}
	}
	return false
}

// finish sets what the files have changed of their directories, from the innermost on.
func (p *planting) finish() error {
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(p.dirs))) {
		if err := p.root.Chmod(name, p.dirs[name].Mode.Perm()); err != nil {
			return about(name, err)
		}
		if err := p.root.Chtimes(name, time.Time{}, p.dirs[name].MTime); err != nil {
			return about(name, err)
		}
	}
	return nil
}
