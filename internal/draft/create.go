package draft

import (
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"

	"github.com/litert/websocket/internal/osfile"
)

func newDraft(ctx context.Context, root *os.Root, name string, how How) (*Draft, error) {
	d := &Draft{root: root, name: name, how: how, sum: sha256.New()}
	perm := fs.FileMode(0o666) // less the umask; others shall not see more of the file than they may see at last
	switch info, err := root.Lstat(name); {
	case errors.Is(err, fs.ErrNotExist):
		if how.Exact {
			perm = 0o600
		}
	case err != nil:
		return nil, Refuse(name, err)
	case !info.Mode().IsRegular():
		return nil, NotRegular(name)
	case how.Keep:
		return nil, Refuse(name, &fs.PathError{Err: fs.ErrExist})
	default:
		d.old, perm = info, 0o600
	}
	for {
		if err := d.create(ctx, perm); !errors.Is(err, errSwept) {
			return d, err
		}
	}
}

var (
	// errSwept says that another process has removed the file before it was locked, or has given it its name.
	errSwept = errors.New("removed")

	errBusy = errors.New("another transfer of this name that can be continued is under way")
)

// create makes the file, or opens what there is of it, and locks it.
func (d *Draft) create(ctx context.Context, perm fs.FileMode) error {
	flag := os.O_WRONLY | os.O_EXCL
	d.temp = tempName(d.name)
	if d.how.Resume && osfile.Locks {
		flag = os.O_RDWR | osfile.NotWaiting
		d.temp = PartialName(d.name)
	}
	file, err := d.root.OpenFile(d.temp, flag|os.O_CREATE|osfile.LargeFile, perm)
	if err != nil {
		return Refuse(d.name, err)
	}
	if err := d.claim(ctx, file); err != nil {
		file.Close()
		return err
	}
	d.file = file
	return nil
}

// claim locks the file, and reads what there is of it.
func (d *Draft) claim(ctx context.Context, file *os.File) error {
	if errors.Is(osfile.Lock(file), osfile.ErrLocked) {
		if d.how.Resume {
			return osfile.About(d.name, &fs.PathError{Err: errBusy})
		}
		return errSwept
	}
	info, err := file.Stat()
	named, statErr := d.root.Lstat(d.temp)
	switch {
	case statErr == nil && !named.Mode().IsRegular(): // no server has made it
		return NotRegular(d.temp)
	case err != nil || statErr != nil || !os.SameFile(info, named):
		return errSwept
	}
	if info.Size() > 0 {
		if d.size, err = Hash(ctx, d.sum, file, info.Size()); err != nil {
			return osfile.About(d.name, err)
		}
	}
	return nil
}
