//go:build !unix || aix || solaris

package osfile

import (
	"errors"
	"os"
)

const (
	// Locks tells whether the system has locks that end with the process.
	Locks = false

	// NotWaiting is a flag that this system has not.
	NotWaiting = 0
)

// Lock locks nothing.
func Lock(*os.File) error { return errors.ErrUnsupported }
