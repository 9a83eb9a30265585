//go:build !unix || aix || solaris

package main

import (
	"errors"
	"os"
)

const (
	locks      = false
	notWaiting = 0
)

var errLocked = errors.New("locked")

func lock(*os.File) error { return errors.ErrUnsupported }
