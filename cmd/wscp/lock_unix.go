//go:build unix && !aix && !solaris

package main

import (
	"errors"
	"os"
	"syscall"
)

const (
	// locks tells whether the system has locks that end with the process.
	locks = true

	// notWaiting, given to [os.Root.OpenFile], never waits for the other end of a pipe.
	notWaiting = syscall.O_NONBLOCK
)

var errLocked = errors.New("locked")

// lock locks the file until it is closed. It returns errLocked if another process, or another file that was opened, has
// the lock; any other error says that this file cannot be locked.
func lock(file *os.File) error {
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
		return errLocked
	}
	return lockErr
}
