package main

import (
	"fmt"
	"syscall"
)

// spare is how many open files a process needs beside those of the connections.
const spare = 100

// fits returns an error if the system does not let a process have as many open files as j needs. The Go runtime has
// raised the soft limit to the hard one.
func (j job) fits() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if need := uint64(j.Conns) + spare; need > limit.Cur {
		return fmt.Errorf("%s needs %d open files, and there may be %d (ulimit -n)", j.Name, need, limit.Cur)
	}
	return nil
}
