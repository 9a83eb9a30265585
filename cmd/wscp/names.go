package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// localName returns the name of the file that the path of a URL asks for.
func localName(path string) (string, error) {
	name, err := filepath.Localize(strings.TrimPrefix(path, "/"))
	if err != nil || name == "." || strings.ContainsFunc(name, unicode.IsControl) {
		return "", &refusal{fmt.Errorf("%q: not the name of a file", path)}
	}
	if isHidden(name) {
		return "", &refusal{fmt.Errorf("%q: names with %s are for files that are not whole", path, tempPrefix)}
	}
	return name, nil
}

// asked returns what the path of a URL asks for, and whether as a directory, with a slash at its end; that which is served is ".".
func asked(path string) (name string, isDir bool, err error) {
	path, isDir = strings.CutSuffix(path, "/")
	if isDir && path == "" {
		return ".", true, nil
	}
	name, err = localName(path)
	return name, isDir, err
}

// tempName returns a new name, beside name, for what takes that name when it is whole.
func tempName(name string) string { return filepath.Join(filepath.Dir(name), tempPrefix+rand.Text()) }

// isHidden reports whether clients must neither read nor write what has that name, below the directory that is served. A file
// system that takes letters for the same in both cases may do so by the upper one: that of the long s is S.
func isHidden(name string) bool {
	return strings.Contains(string(filepath.Separator)+strings.ToLower(strings.ToUpper(name)), string(filepath.Separator)+tempPrefix)
}

func notRegular(name string) error { return &refusal{fmt.Errorf("%q: not a regular file", name)} }

// refuse returns err, if it is one, of the file system as a refusal.
func refuse(name string, err error) error {
	if err == nil {
		return nil
	}
	return &refusal{about(name, err)}
}

// about returns an error of the file system with the name that the user knows.
func about(name string, err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		err = path.Err
	case errors.As(err, &link):
		err = link.Err
	default:
		return err
	}
	return fmt.Errorf("%q: %w", name, err)
}

// link makes a symbolic link, in the place of another or of a file.
func (r *receiver) link(name, target string) error {
	if !staysWithin(name, target) || r.isBelowLink(name) {
		return &refusal{fmt.Errorf("%q: a link that may lead out of the directory", name)}
	}
	old, err := r.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = r.root.Symlink(target, name)
	case err != nil:
	case old.IsDir() || r.keep:
		err = &fs.PathError{Err: fs.ErrExist}
	default:
		temp := tempName(name)
		if err = r.root.Symlink(target, temp); err == nil {
			if err = r.root.Rename(temp, name); err != nil {
				r.root.Remove(temp)
			}
		}
	}
	return refuse(name, err)
}

// isBelowLink reports whether the name leads through a link, so that it does not tell where .. leads from there.
func (r *receiver) isBelowLink(name string) bool {
	for dir := filepath.Dir(name); dir != "."; dir = filepath.Dir(dir) {
		if info, err := r.root.Lstat(dir); err == nil && !info.IsDir() {
			return true
		}
	}
	return false
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
