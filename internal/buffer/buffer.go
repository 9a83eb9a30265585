// Package buffer has the pools of buffers that all connections share.
package buffer

import "sync"

// Spare is the room in a [Medium] and a [Large] buffer beside a payload of a round size: for what stands before it, at
// most 14 bytes, and for one byte behind it, which shows that it is not the last.
const Spare = 15

// The sizes of buffers, in bytes. Over a socket, no connection holds one while it is idle, so they can be large.
const (
	Small  = 16 << 10        // what is read; messages written in one piece
	Medium = 32<<10 + Spare  // a fragment
	Large  = 256<<10 + Spare // a fragment, or what is read, of a large transfer
)

var (
	smallPool  = sync.Pool{New: func() any { return new([Small]byte) }}
	mediumPool = sync.Pool{New: func() any { return new([Medium]byte) }}
	largePool  = sync.Pool{New: newLarge}
)

// newLarge returns a *[Large]byte that begins in the middle of a page. Files and the buffers of sockets begin where a page
// does, or soon after; to copy between places that are as close to each other within their pages takes the processor up
// to twice as long, as it has to find out that they are not the same ("4K aliasing").
func newLarge() any {
	const page = 4 << 10
	b := new([page/2 + Large]byte)
	return (*[Large]byte)(b[page/2:])
}

// Take returns a buffer of at least n bytes if n is at most [Large], and of Large bytes otherwise. What it holds is
// undefined. The caller owns it, until it gives it back with [Give], which it need not do. Any number of goroutines may
// call Take and Give at the same time.
func Take(n int) []byte {
	switch {
	case n <= Small:
		return smallPool.Get().(*[Small]byte)[:]
	case n <= Medium:
		return mediumPool.Get().(*[Medium]byte)[:]
	}
	return largePool.Get().(*[Large]byte)[:]
}

// Give gives back b, which begins where [Take] let it begin; its length does not matter. The caller must not use it any
// more. A nil b, and one that is not of a size of Take, are left to the garbage collector.
func Give(b []byte) {
	switch cap(b) {
	case Small:
		smallPool.Put((*[Small]byte)(b[:Small]))
	case Medium:
		mediumPool.Put((*[Medium]byte)(b[:Medium]))
	case Large:
		largePool.Put((*[Large]byte)(b[:Large]))
	}
}
