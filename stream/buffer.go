package stream

import (
	"sync"

	"github.com/litert/websocket/frame"
)

// The sizes of pooled buffers. Over a socket, no connection holds one while it is idle, so they can be large.
const (
	smallSize  = 16 << 10                         // the read buffer; messages written in one piece
	gatherSize = frame.MaxHeaderLen + 32<<10 + 1  // a fragment, its header, and the byte that shows it is not the last
	bulkSize   = frame.MaxHeaderLen + 256<<10 + 1 // the same, of whatever moves a lot
)

var (
	smallPool  = sync.Pool{New: func() any { return new([smallSize]byte) }}
	gatherPool = sync.Pool{New: func() any { return new([gatherSize]byte) }}
	bulkPool   = sync.Pool{New: newBulk}
)

// newBulk returns a *[bulkSize]byte that begins in the middle of a page. Files and the buffers of sockets begin where a
// page does, or soon after; to copy between places that are as close to each other within their pages takes the processor
// up to twice as long, as it has to find out that they are not the same ("4K aliasing").
func newBulk() any {
	const page = 4 << 10
	b := new([page/2 + bulkSize]byte)
	return (*[bulkSize]byte)(b[page/2:])
}

// takeBuffer returns a buffer of at least n bytes if n is at most bulkSize, and of bulkSize bytes otherwise.
// Its owner gives it back with giveBuffer.
func takeBuffer(n int) []byte {
	switch {
	case n <= smallSize:
		return smallPool.Get().(*[smallSize]byte)[:]
	case n <= gatherSize:
		return gatherPool.Get().(*[gatherSize]byte)[:]
	}
	return bulkPool.Get().(*[bulkSize]byte)[:]
}

// giveBuffer gives back b as takeBuffer returned it. A nil b is fine.
func giveBuffer(b []byte) {
	switch cap(b) {
	case smallSize:
		smallPool.Put((*[smallSize]byte)(b[:smallSize]))
	case gatherSize:
		gatherPool.Put((*[gatherSize]byte)(b[:gatherSize]))
	case bulkSize:
		bulkPool.Put((*[bulkSize]byte)(b[:bulkSize]))
	}
}
