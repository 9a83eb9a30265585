//go:build !linux

package osfile

// LargeFile is a flag that this system has not.
const LargeFile = 0
