package wstest

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"time"
)

// Stacked is how many goroutines StackOf measures.
const Stacked = 200

// StackOf returns how large a stack is on which wait waits.
func StackOf(wait, end func(i int)) int {
	var waiting sync.WaitGroup
	before := Stacks()
	for i := range Stacked {
		waiting.Go(func() { wait(i) })
	}
	time.Sleep(100 * time.Millisecond)
	each := (Stacks() - before) / Stacked
	for i := range Stacked {
		end(i)
	}
	waiting.Wait()
	return each
}

// Stacks returns how many bytes all stacks have.
func Stacks() int {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(sample)
	return int(sample[0].Value.Uint64())
}
