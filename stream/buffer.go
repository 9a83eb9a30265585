package stream

import (
	"sync"

	"github.com/litert/websocket/frame"
)

// The sizes of pooled buffers. Over a socket, no connection holds one while it is idle, so they can be large.
const (
	smallSize  = 16 << 10                        // the read buffer; messages written in one piece
	gatherSize = frame.MaxHeaderLen + 32<<10 + 1 // a fragment, its header, and the byte that shows it is not the last
	bulkSize   = 256 << 10                       // whatever moves a lot
)

var (
	smallPool  = sync.Pool{New: func() any { return new([smallSize]byte) }}
	gatherPool = sync.Pool{New: func() any { return new([gatherSize]byte) }}
	bulkPool   = sync.Pool{New: func() any { return new([bulkSize]byte) }}
)

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
