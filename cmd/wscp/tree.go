package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/litert/websocket/opcode"
)

// An entry is what is told of a file, a directory or a symbolic link in a directory that is sent, before the bytes of a file.
type entry struct {
	Name      string      `json:"name,omitzero"` // below the directory, with slashes
	Mode      fs.FileMode `json:"mode,omitzero"` // permissions
	MTime     time.Time   `json:"mtime,omitzero"`
	Directory bool        `json:"directory,omitzero"`
	Target    string      `json:"target,omitzero"` // of a symbolic link
	Length    *int64      `json:"length,omitempty"`
	End       bool        `json:"end,omitzero"` // there are no more
}

// A had is a file that the receiver of a directory has.
type had struct {
	Name string `json:"name"`
	position
}

// maxHad is how many of them are told at most, and maxHadBytes in how many bytes.
const (
	maxHad      = 100_000
	maxHadBytes = 32 << 20
)

// listHad returns what files there are in root, or those of some names alone.
func listHad(ctx context.Context, root *os.Root, names []string) (files []had, err error) {
	if names == nil {
		names = []string{"."}
	}
	for _, name := range names {
		err := fs.WalkDir(root.FS(), name, func(name string, d fs.DirEntry, err error) error {
			switch {
			case ctx.Err() != nil:
				return errInterrupted
			case len(files) == maxHad:
				return fs.SkipAll
			case err != nil || !d.Type().IsRegular() || isHidden(filepath.FromSlash(name)):
				return nil // the other end sends it
			}
			if have, err := positionOf(ctx, root, name); err == nil {
				files = append(files, had{name, have})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

// tellHad tells what files there are, in one message.
func tellHad(ctx context.Context, c conn, files []had) error {
	w, err := c.NewWriter(ctx, opcode.Binary)
	if err != nil {
		return err
	}
	defer w.Abort()
	list := json.NewEncoder(w)
	for _, file := range files {
		if err := list.Encode(file); err != nil {
			return err
		}
	}
	return w.Close()
}

// positionOf returns that of the end of a file.
func positionOf(ctx context.Context, root *os.Root, name string) (position, error) {
	file, err := root.OpenFile(name, os.O_RDONLY|notWaiting|largeFile, 0)
	if err != nil {
		return position{}, err
	}
	defer file.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, during(ctx, file))
	return position{n, digestOf(sum)}, err
}

// hearHad receives what tellHad tells.
func hearHad(ctx context.Context, c conn) (map[string]position, error) {
	msg, err := c.Receive(ctx)
	if err != nil {
		return nil, err
	}
	defer msg.Close()
	files := make(map[string]position)
	for list := json.NewDecoder(io.LimitReader(msg, maxHadBytes)); len(files) < maxHad; {
		var h had
		err := list.Decode(&h)
		if err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("waiting for the files that are there: %w", err)
		}
		files[h.Name] = h.position
	}
	return files, nil
}

// A treeSender sends directories.
type treeSender struct {
	conn     conn
	had      map[string]position
	progress io.Writer
	sent     func(name string, d digest)
	skipped  func(format string, args ...any)
	result
	there int // files that were there already
}

// send sends what is in the directory dir of root, and below, under the name as.
func (t *treeSender) send(ctx context.Context, root *os.Root, dir, as string) error {
	return fs.WalkDir(root.FS(), dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return errInterrupted
		case err != nil:
			return &refusal{about(name, err)}
		case isHidden(filepath.FromSlash(name)):
			return skipping(d)
		}
		info, err := d.Info()
		if err != nil {
			return &refusal{about(name, err)}
		}
		return t.sendEntry(ctx, root, name, path.Join(as, strings.TrimPrefix(name, dir)), info)
	})
}

func skipping(d fs.DirEntry) error {
	if d.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// sendEntry sends the file, directory or link name of root as another name.
func (t *treeSender) sendEntry(ctx context.Context, root *os.Root, name, as string, info fs.FileInfo) error {
	e := entry{Name: as, Mode: info.Mode().Perm(), MTime: info.ModTime()}
	switch info.Mode().Type() {
	case 0:
		return t.sendFile(ctx, root, name, e)
	case fs.ModeDir:
		if e.Name == "" || e.Name == "." {
			return nil
		}
		e.Directory = true
	case fs.ModeSymlink:
		target, err := root.Readlink(name)
		if err != nil {
			return &refusal{about(name, err)}
		}
		if !staysWithin(as, target) {
			t.skipped("%q: a link that may lead out of the directory is not sent", name)
			return nil
		}
		e.Target = filepath.ToSlash(target)
	default:
		t.skipped("%q: not a regular file, and not sent", name)
		return nil
	}
	return t.tell(ctx, e)
}

// tell tells what follows. JSON has no bytes that are no UTF-8, and would have one name for several.
func (t *treeSender) tell(ctx context.Context, e entry) error {
	if !utf8.ValidString(e.Name) || !utf8.ValidString(e.Target) {
		return &refusal{fmt.Errorf("%q: neither its name nor the target of a link may have bytes that are no UTF-8", e.Name)}
	}
	err := sendText(ctx, t.conn, e)
	if errors.Is(err, errLongText) {
		return &refusal{fmt.Errorf("%q: the name is too long: %w", e.Name, err)}
	}
	return err
}

// sendFile sends a file, unless the other end has it.
func (t *treeSender) sendFile(ctx context.Context, root *os.Root, name string, e entry) error {
	src, err := open(name, root.Lstat, func(name string) (*os.File, error) {
		return root.OpenFile(name, os.O_RDONLY|largeFile, 0)
	})
	if err != nil {
		return err
	}
	defer src.Close()
	e.Length = new(src.info.Size())
	if have := t.had[e.Name]; have.Offset > 0 && have.Offset == *e.Length {
		at, _, err := src.agree(ctx, have)
		if err != nil {
			return err
		}
		if at == have.Offset {
			t.there++
			return nil
		}
	}
	if err := t.tell(ctx, e); err != nil {
		return err
	}
	d, err := src.send(ctx, t.conn, 0, sha256.New(), t.progress)
	if err != nil {
		return err
	}
	t.files++
	t.size += size(*e.Length)
	t.sent(e.Name, d)
	return nil
}

// staysWithin reports whether a link with that name, in a directory, leads to something in it that is not hidden. What is
// before .. must be the link's own place, as any other directory may be a link itself, from which .. leads elsewhere.
func staysWithin(name, target string) bool {
	if filepath.IsAbs(target) || isHidden(target) || !filepath.IsLocal(filepath.Join(filepath.Dir(name), target)) {
		return false
	}
	named := false
	for part := range strings.SplitSeq(filepath.ToSlash(target), "/") {
		if part == ".." && named {
			return false
		}
		named = named || part != "." && part != ".."
	}
	return !strings.HasPrefix(target, "/")
}
