//go:build unix && !aix && !solaris

package osfile

import (
	"errors"
	"os"
	"syscall"
)

const (
	// Locks tells whether the system has locks that end with the process.
	Locks = true

	// NotWaiting, given to [os.Root.OpenFile], never waits for the other end of a pipe.
	NotWaiting = syscall.O_NONBLOCK
)

// Lock locks the file until it is closed, without waiting. An error other than [ErrLocked] says that this file cannot be locked.
func Lock(file *os.File) error {
	conn, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var lockErr error
	err = conn.Control(func(fd uintptr) { lockErr = syscall.Flock(int(fd), syscall.LOCK_EX|syscall.LOCK_NB) })
	switch {
	case err != nil:
		return err
	case errors.Is(lockErr, syscall.EWOULDBLOCK):
		return ErrLocked
	}
	return lockErr
}
