//go:build unix

package main

import "syscall"

// crowd returns how many clients a test can have: each takes two descriptors, as its server is in the same process.
func crowd() int {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil && limit.Cur < 2100 {
		return 400
	}
	return 1000
}
