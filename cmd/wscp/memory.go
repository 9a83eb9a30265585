package main

import "runtime"

// memoryFromSystem returns how much memory the Go runtime has obtained from the system, in bytes.
func memoryFromSystem() int64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.Sys)
}
