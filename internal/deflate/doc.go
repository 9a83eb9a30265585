// Package deflate compresses and inflates the payload of one message, as permessage-deflate has it (RFC 7692, section
// 7.2). It knows bytes alone: neither frames nor connections.
//
// A [Deflater] makes the payload of a message of what is added to it, and an [Inflater] reads what a payload inflates to.
// Both are borrowed from pools, for one message, and given back. With context takeover the connection keeps a [Window]
// for each direction, and shows it to the next message in that direction.
//
//	compressed:  block … block  00 00 ff ff    what the last flush ends with is left out, and put back by the receiver
//	             \__ payload __/\_ TailLen _/
//
// An Inflater takes the payload from a [Source], piece by piece, and may have to stop in the middle of a block and to go
// on later. The library that inflates cannot do that: so it runs in a coroutine, which stands still where it wants a
// piece that has not come. All waiting is done by the caller of [Inflater.Read]. Where the whole payload is there, there
// is no coroutine.
//
// Each value is for one goroutine at a time. The pools are for any.
package deflate

// The bounds of the window bits (RFC 7692, section 7.1.2).
const (
	MinWindowBits = 8
	MaxWindowBits = 15
)

// TailLen is how many bytes at the end of what a flush brings are left out at the end of a message (RFC 7692, section
// 7.2.1).
const TailLen = 4

// keepAtMost is the size up to which the memory of a message is kept for the next one.
const keepAtMost = 1 << 20
