package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A usage is what this process has used of the machine so far.
type usage struct {
	CPU      time.Duration // user and system time
	Allocs   uint64        // how many objects
	Bytes    uint64        // of those objects
	Resident int64         // bytes of memory
	Peak     int64         // most bytes that ever were resident
}

func measure() (usage, error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return usage{}, err
	}
	u := usage{CPU: time.Duration(r.Utime.Nano() + r.Stime.Nano())}
	var err error
	if u.Resident, err = status("VmRSS"); err != nil {
		return u, err
	}
	if u.Peak, err = status("VmHWM"); err != nil {
		return u, err
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u.Allocs, u.Bytes = m.Mallocs, m.TotalAlloc
	return u, nil
}

// settle gives back all memory that is not in use, also what pools hold.
func settle() {
	for range 3 { // a pool takes two collections to be empty
		runtime.GC()
	}
	debug.FreeOSMemory()
}

// status returns the bytes that Linux tells in a field of the status of this process.
func status(field string) (int64, error) {
	all, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(all)) {
		if name, value, _ := strings.Cut(line, ":"); name == field {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/self/status has no %s", field)
}
