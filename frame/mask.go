package frame

import (
	"crypto/subtle"
	"encoding/binary"
	"math/bits"
	"sync"
	"unsafe"
)

// A Key is a masking key (RFC 6455, section 5.3).
type Key [4]byte

// Mask masks p in place, or unmasks it, which is the same. pos is how far into the frame's payload p begins; it is not
// negative. A key of zeros leaves p as it is.
func Mask(p []byte, key Key, pos int64) {
	if key == (Key{}) {
		return
	}
	if len(p) >= largeMask {
		maskLarge(p, key, pos)
		return
	}
	maskWords(p, keyWord(key, pos))
}

// keyWord returns the key from pos on, twice.
func keyWord(key Key, pos int64) uint64 {
	word := binary.LittleEndian.Uint32(key[:])
	word = bits.RotateLeft32(word, -8*int(pos&3))
	return uint64(word)<<32 | uint64(word)
}

// maskWords masks p with k, over and over.
func maskWords(p []byte, k uint64) {
	for len(p) >= 32 {
		binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^k)
		binary.LittleEndian.PutUint64(p[8:], binary.LittleEndian.Uint64(p[8:])^k)
		binary.LittleEndian.PutUint64(p[16:], binary.LittleEndian.Uint64(p[16:])^k)
		binary.LittleEndian.PutUint64(p[24:], binary.LittleEndian.Uint64(p[24:])^k)
		p = p[32:]
	}
	for len(p) >= 8 {
		binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^k)
		p = p[8:]
	}
	for i := range p {
		p[i] ^= byte(k >> (8 * i))
	}
}

// largeMask is the size from which on the vector instructions of crypto/subtle pay, though the key has to be written out
// for them: 45 GB/s, against 30 of maskWords (amd64, BenchmarkMask).
const largeMask = 16 << 10

// A keyBlock is a key written out over and over.
type keyBlock [4 << 10]byte

var keyBlocks = sync.Pool{New: func() any { return new(keyBlock) }}

// maskLarge is Mask for a large p. Its vectors begin where the lines of the cache do: those that straddle two of them
// take half as long again.
func maskLarge(p []byte, key Key, pos int64) {
	const line = 64
	ahead := int(-uintptr(unsafe.Pointer(unsafe.SliceData(p))) % line)
	maskWords(p[:ahead], keyWord(key, pos))
	p, pos = p[ahead:], pos+int64(ahead)

	block := keyBlocks.Get().(*keyBlock)
	binary.LittleEndian.PutUint64(block[:], keyWord(key, pos))
	for n := 8; n < len(block); n *= 2 {
		copy(block[n:], block[:n])
	}
	for len(p) > 0 {
		n := subtle.XORBytes(p, p[:min(len(p), len(block))], block[:])
		p = p[n:]
	}
	keyBlocks.Put(block)
}
