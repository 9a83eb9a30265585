package draft

import (
	"context"
	"errors"
	"io/fs"
	"log"
	"os"
	"time"

	"github.com/litert/websocket/internal/osfile"
)

const (
	// partialTime is how long what can be resumed is kept, and sweepTime how often leftovers are looked for.
	partialTime = 24 * time.Hour
	sweepTime   = time.Hour
)

// Sweep removes what processes have left in root and below that were killed, now and every hour, until ctx ends, and tells log of it:
// drafts that nobody writes, and what can be resumed once it is a day old. A draft that is still written is locked, and stays. Where
// the system has no locks, nothing is removed.
func Sweep(ctx context.Context, root *os.Root, log *log.Logger) {
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

// removeLeftovers removes what there is now.
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
			log.Print(osfile.About(name, err))
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
