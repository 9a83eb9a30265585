//go:build interop

package interop_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// peakOfChildren returns how much memory the processes below this one have had at most, each at its time, in bytes. What
// they share counts for each of them.
func peakOfChildren(t *testing.T) (total int64) {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	parents, peaks := make(map[int]int), make(map[int]int64)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		status, _ := os.ReadFile("/proc/" + e.Name() + "/status") // fails if it has ended meanwhile
		for line := range strings.Lines(string(status)) {
			name, value, _ := strings.Cut(line, ":")
			number, _, _ := strings.Cut(strings.TrimSpace(value), " ")
			n, _ := strconv.ParseInt(number, 10, 64)
			switch name {
			case "PPid":
				parents[pid] = int(n)
			case "VmHWM":
				peaks[pid] = n << 10
			}
		}
	}
	for pid, peak := range peaks {
		for p := parents[pid]; p > 1; p = parents[p] {
			if p == os.Getpid() {
				total += peak
				break
			}
		}
	}
	return total
}
