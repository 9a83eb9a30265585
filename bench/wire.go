package main

import (
	"crypto/subtle"
	"encoding/binary"
)

// The wire as the load and the limit see it. It is apart from all libraries, so that no mistake of one hides here.

const (
	fin  = 0x80
	rsv1 = 0x40
	mask = 0x80

	opText   = 1
	opBinary = 2
	opClose  = 8

	maxHeader = 14
)

// A header is that of a frame.
type header struct {
	first  byte // FIN bit and opcode
	masked bool
	key    [4]byte
	length int64
}

func (h header) append(p []byte) []byte {
	p = append(p, h.first)
	var bit byte
	if h.masked {
		bit = mask
	}
	switch {
	case h.length < 126:
		p = append(p, bit|byte(h.length))
	case h.length < 1<<16:
		p = binary.BigEndian.AppendUint16(append(p, bit|126), uint16(h.length))
	default:
		p = binary.BigEndian.AppendUint64(append(p, bit|127), uint64(h.length))
	}
	if h.masked {
		p = append(p, h.key[:]...)
	}
	return p
}

// parse returns the header that p begins with, and its length, which is 0 if p ends within it.
func parse(p []byte) (h header, n int) {
	if len(p) < 2 {
		return h, 0
	}
	h.first, h.masked, h.length, n = p[0], p[1]&mask != 0, int64(p[1]&^mask), 2
	switch {
	case h.length == 126 && len(p) >= 4:
		h.length, n = int64(binary.BigEndian.Uint16(p[2:])), 4
	case h.length == 127 && len(p) >= 10:
		h.length, n = int64(binary.BigEndian.Uint64(p[2:])), 10
	case h.length >= 126:
		return h, 0
	}
	if h.masked {
		if len(p) < n+4 {
			return h, 0
		}
		n += copy(h.key[:], p[n:])
	}
	return h, n
}

// xorBlock is how much of the key is laid out for XORBytes. It pays from twice as much on.
const xorBlock = 1024

// xor masks or unmasks src, which is at pos in its payload, into dst, which may be src.
func xor(dst, src []byte, key [4]byte, pos int64) {
	var twice [8]byte
	for i := range twice {
		twice[i] = key[(int(pos)+i)&3]
	}
	word := binary.LittleEndian.Uint64(twice[:])
	if len(src) >= 2*xorBlock {
		n := xorBlocks(dst, src, word)
		dst, src = dst[n:], src[n:]
	}
	for len(src) >= 8 {
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(src)^word)
		dst, src = dst[8:], src[8:]
	}
	for i := range src {
		dst[i] = src[i] ^ twice[i]
	}
}

// xorBlocks masks what there is in whole blocks, and returns how much that is. It is a function of its own so that
// short messages do not need the stack for a block, which would be much of what an idle connection holds.
//
//go:noinline
func xorBlocks(dst, src []byte, word uint64) (n int) {
	var block [xorBlock]byte
	for i := 0; i < len(block); i += 8 {
		binary.LittleEndian.PutUint64(block[i:], word)
	}
	for ; len(src)-n >= len(block); n += len(block) {
		subtle.XORBytes(dst[n:], src[n:n+len(block)], block[:])
	}
	return n
}

// encode returns a frame with payload p.
func encode(first byte, masked bool, p []byte) []byte {
	h := header{first: first, masked: masked, key: [4]byte{0x37, 0xfa, 0x21, 0x3d}, length: int64(len(p))}
	b := h.append(make([]byte, 0, maxHeader+len(p)))
	if !masked {
		return append(b, p...)
	}
	n := len(b)
	b = b[:n+len(p)]
	xor(b[n:], p, h.key, 0)
	return b
}
