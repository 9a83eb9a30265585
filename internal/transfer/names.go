package transfer

import (
	"fmt"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/litert/websocket/internal/draft"
)

// localName returns the name of the file that the path of a URL asks for.
func localName(path string) (string, error) {
	name, err := filepath.Localize(strings.TrimPrefix(path, "/"))
	if err != nil || name == "." || strings.ContainsFunc(name, unicode.IsControl) {
		return "", &draft.Refusal{Err: fmt.Errorf("%q: not the name of a file", path)}
	}
	if draft.IsHidden(name) {
		return "", &draft.Refusal{Err: fmt.Errorf("%q: names with %s are for files that are not whole", path, draft.Prefix)}
	}
	return name, nil
}

// Asked returns what the path of a URL asks for, as a local path, and whether as a directory, with a slash at its end; that which is
// served is ".". A name that no file of a client can have is a [draft.Refusal]. It does not look whether there is such a file.
func Asked(path string) (name string, isDir bool, err error) {
	path, isDir = strings.CutSuffix(path, "/")
	if isDir && path == "" {
		return ".", true, nil
	}
	name, err = localName(path)
	return name, isDir, err
}

// link makes a symbolic link, in the place of another or of a file.
func (r *receiver) link(name, target string) error {
	if !staysWithin(name, target) || r.isBelowLink(name) {
		return &draft.Refusal{Err: fmt.Errorf("%q: a link that may lead out of the directory", name)}
	}
	return draft.Symlink(r.root, name, target, r.keep)
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
	if filepath.IsAbs(target) || draft.IsHidden(target) || !filepath.IsLocal(filepath.Join(filepath.Dir(name), target)) {
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
