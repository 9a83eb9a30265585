package draft

import (
	"errors"
	"io/fs"
	"os"
)

// Symlink makes a symbolic link in root, in the place of another or of a file unless that is to be kept. The target is not looked
// at. All errors are a [Refusal].
func Symlink(root *os.Root, name, target string, keep bool) error {
	old, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = root.Symlink(target, name)
	case err != nil:
	case old.IsDir() || keep:
		err = &fs.PathError{Err: fs.ErrExist}
	default:
		temp := tempName(name)
		if err = root.Symlink(target, temp); err == nil {
			if err = root.Rename(temp, name); err != nil {
				root.Remove(temp)
			}
		}
	}
	return Refuse(name, err)
}
