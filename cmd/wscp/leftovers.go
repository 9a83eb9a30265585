package main

import (
	"context"
	"errors"
	"io/fs"
	"log"
	"os"
	"strings"
)

// tempPrefix begins the names of files that are not whole yet. Behind it is what [rand.Text] returns.
const tempPrefix = ".wscp-"

// isTemp reports whether name can be that of a file that is not whole.
func isTemp(name string) bool {
	random, ok := strings.CutPrefix(name, tempPrefix)
	return ok && len(random) == 26 && strings.Trim(random, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// removeLeftovers removes the files below root that processes have left which were killed. One that is still written is
// locked. Where the system has no locks, it removes nothing.
func removeLeftovers(ctx context.Context, root *os.Root, log *log.Logger) {
	if !locks {
		return
	}
	fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return fs.SkipAll
		case err != nil || !d.Type().IsRegular() || !isTemp(d.Name()): // what cannot be read cannot be written to, either
			return nil
		}
		removed, err := removeLeftover(root, name)
		switch {
		case removed:
			log.Printf("%q was left behind, and is removed", name)
		case err != nil && !errors.Is(err, fs.ErrNotExist): // it has got its name meanwhile
			log.Print(about(name, err))
		}
		return nil
	})
}

// removeLeftover removes the file, unless a process writes it.
func removeLeftover(root *os.Root, name string) (removed bool, err error) {
	file, err := root.OpenFile(name, os.O_WRONLY|notWaiting|largeFile, 0) // NFS locks what can be written to
	if errors.Is(err, fs.ErrPermission) {
		file, err = root.OpenFile(name, os.O_RDONLY|notWaiting|largeFile, 0)
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	if lock(file) != nil {
		return false, nil
	}
	err = root.Remove(name)
	return err == nil, err
}
