package main

import (
	"bytes"
	"fmt"
	"os"
)

// peakMemory returns the most memory that was resident, in bytes. What getrusage tells would include that of the
// process which started this one, up to its exec.
func peakMemory() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return memoryFromSystem()
	}
	for line := range bytes.Lines(status) {
		var kib int64
		if n, _ := fmt.Sscanf(string(line), "VmHWM: %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	return memoryFromSystem()
}
