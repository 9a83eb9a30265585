package transport

import (
	"time"

	"github.com/litert/websocket/internal/buffer"
)

// The rooms that there are, in bytes, beside [buffer.Small]: the least, which most messages fit where little comes, and the
// most.
const (
	idleRoom = 512
	flowRoom = buffer.Medium - buffer.Spare
)

const (
	// pause is how long a read waits on a stream that does not flow.
	pause = 50 * time.Millisecond

	// flowing is how many bytes come without a pause on a stream that flows.
	flowing = 64 << 10
)

// A room tells how large the buffer of the next read shall be. A read that waits cannot be given another one, so it is
// small where the wait may be long: where all that had come was read, unless more has come soon for a while.
type room struct {
	next int // 0: idleRoom
	flow int // bytes of reads that were not filled, since the last pause
}

func (r *room) size() int { return max(r.next, idleRoom) }

// came takes into account that a read with room for size bytes has brought n, for which it has waited that long.
func (r *room) came(n, size int, waited time.Duration) {
	if waited >= pause || n == flowRoom {
		r.flow = 0
	}
	if n > idleRoom && n < size {
		r.flow = min(r.flow+n, flowing)
	}
	switch {
	case n == size && size > idleRoom:
		r.next = flowRoom
	case n == size || n > idleRoom && r.flow == flowing:
		r.next = buffer.Small
	default:
		r.next = idleRoom
	}
}
