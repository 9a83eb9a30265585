package listen

import (
	"context"
	"sync"
	"time"
)

// late is how long behind the end of its context a call is waited for that should have returned with it.
const late = time.Second

// awaitAll waits for all of calls, which ctx bounds, and reports whether they have returned. Over HTTP/2 nothing ends the write of a
// close frame while TCP stands still: calls that do not return are left to themselves.
func awaitAll(ctx context.Context, calls *sync.WaitGroup) bool {
	all := make(chan struct{})
	go func() {
		calls.Wait()
		close(all)
	}()
	select {
	case <-all:
		return true
	case <-ctx.Done():
	}
	select {
	case <-all:
		return true
	case <-time.After(late):
		return false
	}
}
