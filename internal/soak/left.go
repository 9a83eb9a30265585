package main

import (
	"fmt"
	"os"
	"runtime"
	"time"
)

// A census is what there is of things that connections need.
type census struct {
	goroutines, descriptors int
	heap                    uint64
}

func (c census) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors, %d KiB of memory", c.goroutines, c.descriptors, c.heap>>10)
}

// count counts. Descriptors are 0 where the system does not tell.
func count() census {
	runtime.GC()
	runtime.GC() // what is in a pool survives one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fds, _ := os.ReadDir("/proc/self/fd")
	return census{runtime.NumGoroutine(), len(fds), m.HeapAlloc}
}

// slack is how much more memory may be in use afterwards: what the runtime keeps of goroutines and timers that have
// ended. The buffers of a hundred connections would be more.
const slack = 1 << 20

// settle waits until no more is left than there was before, for a while.
func settle(before census) (after census, err error) {
	for range 100 {
		after = count()
		if after.goroutines <= before.goroutines && after.descriptors <= before.descriptors && after.heap <= before.heap+slack {
			return after, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	stacks := make([]byte, 1<<20)
	return after, fmt.Errorf("something is left: %v\n%s", after, stacks[:runtime.Stack(stacks, true)])
}
