package main

import (
	"context"
	"errors"
	"io/fs"
	"log"
	"os"
	"strings"
	"time"

	"github.com/litert/websocket/internal/osfile"
)

const (
	// tempPrefix begins the names of files that are not whole yet, and of all others that clients must not see. Behind it is
	// what [rand.Text] returns.
	tempPrefix = ".wscp-"

	// partialPrefix begins the names of what there is of files that can be continued. Behind it are 32 hexadecimal digits.
	partialPrefix = tempPrefix + "part-"

	// partialTime is how long that is kept, and sweepTime how often it is looked for.
	partialTime = 24 * time.Hour
	sweepTime   = time.Hour
)

// isTemp reports whether name can be that of a file that is not whole, and that nothing continues.
func isTemp(name string) bool {
	random, ok := strings.CutPrefix(name, tempPrefix)
	return ok && len(random) == 26 && strings.Trim(random, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// isPartial reports whether name can be that of a file that is to be continued.
func isPartial(name string) bool {
	digits, ok := strings.CutPrefix(name, partialPrefix)
	return ok && len(digits) == 32 && strings.Trim(digits, "0123456789abcdef") == ""
}

// sweep removes what is left in root, now and every hour, until ctx ends.
func sweep(ctx context.Context, root *os.Root, log *log.Logger) {
	ticker := time.NewTicker(sweepTime)
	defer ticker.Stop()
	for {
		removeLeftovers(ctx, root, log)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// isLeftover reports whether d is that of a file that was left behind, if it is not locked.
func isLeftover(d fs.DirEntry) bool {
	if !d.Type().IsRegular() || !isPartial(d.Name()) {
		return d.Type().IsRegular() && isTemp(d.Name())
	}
	info, err := d.Info()
	return err == nil && time.Since(info.ModTime()) > partialTime
}

// removeLeftovers removes the files below root that processes have left which were killed. One that is still written is
// locked. Where the system has no locks, it removes nothing.
func removeLeftovers(ctx context.Context, root *os.Root, log *log.Logger) {
	if !osfile.Locks {
		return
	}
	fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return fs.SkipAll
		case err != nil || !isLeftover(d): // what cannot be read cannot be written to, either
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
	file, err := root.OpenFile(name, os.O_WRONLY|osfile.NotWaiting|osfile.LargeFile, 0) // NFS locks what can be written to
	if errors.Is(err, fs.ErrPermission) {
		file, err = root.OpenFile(name, os.O_RDONLY|osfile.NotWaiting|osfile.LargeFile, 0)
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	if osfile.Lock(file) != nil {
		return false, nil
	}
	err = root.Remove(name)
	return err == nil, err
}
