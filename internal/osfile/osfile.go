// Package osfile has what package os lacks for files: locks that end with the process, flags for opening files through an [os.Root],
// a word to the disk to begin with what was written, and errors by the names that users know. On a system that has none of it, the
// flags are zero, and nothing is done.
package osfile

import "errors"

// ErrLocked says that another process, or another file that was opened, has the lock.
var ErrLocked = errors.New("locked")
