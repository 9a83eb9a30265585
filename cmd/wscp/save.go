package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// tempPrefix begins the names of files that are not whole yet.
const tempPrefix = ".wscp-"

func notRegular(name string) error { return &refusal{fmt.Errorf("%q: not a regular file", name)} }

// localName returns the name of the file that the path of a URL asks for.
func localName(path string) (string, error) {
	name, err := filepath.Localize(strings.TrimPrefix(path, "/"))
	if err != nil || name == "." {
		return "", &refusal{fmt.Errorf("%q: not the name of a file", path)}
	}
	if strings.HasPrefix(strings.ToLower(filepath.Base(name)), tempPrefix) {
		return "", &refusal{fmt.Errorf("%q: names with %s are for files that are not whole", path, tempPrefix)}
	}
	return name, nil
}

// save lets fill write a file, which takes its name when it is whole and on the disk. If anything fails before, nothing
// of it is left, and what has the name stays as it was.
func save(root *os.Root, name string, fill func(io.Writer) error) error {
	if info, err := root.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return notRegular(name)
	}
	dir := filepath.Dir(name)
	temp := filepath.Join(dir, tempPrefix+rand.Text())
	file, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL|largeFile, 0o644)
	if err != nil {
		return &refusal{about(name, err)}
	}
	if err := complete(file, fill); err != nil {
		root.Remove(temp)
		return about(name, err)
	}
	if err := root.Rename(temp, name); err != nil {
		root.Remove(temp)
		return about(name, err)
	}
	syncDir(root, dir)
	return nil
}

// complete fills and closes the file.
func complete(file *os.File, fill func(io.Writer) error) error {
	err := fill(file)
	if err == nil {
		err = file.Sync()
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
}

// syncDir brings the new name to the disk, on systems where directories can be synced.
func syncDir(root *os.Root, dir string) {
	if d, err := root.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
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
