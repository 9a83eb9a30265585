//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package main

// peakMemory returns the most memory that the Go runtime has held, in bytes.
func peakMemory() int64 { return memoryFromSystem() }
