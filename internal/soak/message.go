package main

import (
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
)

// trailer is what ends a message: its length, and the checksum of all before.
const trailer = 8 + 4

// newMessage makes a message that shows whether it is whole.
func newMessage(r *rand.Rand) []byte {
	n := r.IntN(1 << r.IntN(20))
	p := make([]byte, n, n+trailer)
	for i := 0; i < n; i += 1 + r.IntN(100) {
		p[i] = byte(r.Uint32())
	}
	p = binary.BigEndian.AppendUint64(p, uint64(n))
	return binary.BigEndian.AppendUint32(p, crc32.ChecksumIEEE(p))
}

// isWhole reports whether p is a message as newMessage made it.
func isWhole(p []byte) bool {
	n := len(p) - trailer
	return n >= 0 && binary.BigEndian.Uint64(p[n:]) == uint64(n) && binary.BigEndian.Uint32(p[n+8:]) == crc32.ChecksumIEEE(p[:n+8])
}
