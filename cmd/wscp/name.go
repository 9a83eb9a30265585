package main

import (
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

// isHidden reports whether clients must neither read nor write what has that name, below the directory that is served. A file
// system that takes letters for the same in both cases may do so by the upper one: that of the long s is S.
func isHidden(name string) bool {
	return strings.Contains(string(filepath.Separator)+strings.ToLower(strings.ToUpper(name)), string(filepath.Separator)+tempPrefix)
}

func notRegular(name string) error { return &refusal{fmt.Errorf("%q: not a regular file", name)} }

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
