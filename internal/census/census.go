// Package census counts what connections need of a process, so that what is left of them can be told.
package census

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"time"
)

// A Census is what there is at a moment. Memory is in bytes.
type Census struct {
	Goroutines  int
	Descriptors int    // 0 where the system does not tell
	Heap        uint64 // in use
	Mapped      uint64 // that the system has given, in use or not: it grows with the most that was ever in use
}

// String returns what is counted in words.
func (c Census) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors, %d KiB of memory", c.Goroutines, c.Descriptors, c.Heap>>10)
}

// Take counts. It collects garbage first.
func Take() Census {
	runtime.GC()
	runtime.GC() // what is in a pool survives one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fds, _ := os.ReadDir("/proc/self/fd")
	return Census{runtime.NumGoroutine(), len(fds), m.HeapAlloc, m.Sys}
}

// exceeds reports whether more is left in c than there was before, of memory at least slack bytes.
func (c Census) exceeds(before Census, slack uint64) bool {
	return c.Goroutines > before.Goroutines || c.Descriptors > before.Descriptors || c.Heap > before.Heap+slack
}

// Settle takes one census after the other, until one does not exceed before, or ctx ends, which is an error. It returns the last.
func Settle(ctx context.Context, before Census, slack uint64, take func() (Census, error)) (after Census, err error) {
	for {
		if after, err = take(); err != nil || !after.exceeds(before, slack) {
			return after, err
		}
		select {
		case <-ctx.Done():
			return after, fmt.Errorf("something is left: %v; before there were %v", after, before)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
