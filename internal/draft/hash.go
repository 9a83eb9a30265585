package draft

import (
	"context"
	"hash"
	"io"
)

// hashSize is how much is read at once.
const hashSize = 256 << 10

// Hash hashes what it reads from r until its end, of which there may be about n bytes, and returns how many there were. It reads
// into memory of n bytes, up to 256 KiB. When ctx ends, it returns the error of ctx.
func Hash(ctx context.Context, sum hash.Hash, r io.Reader, n int64) (read int64, err error) {
	for buf := make([]byte, max(1, min(hashSize, n))); err == nil && ctx.Err() == nil; {
		var k int
		k, err = r.Read(buf)
		sum.Write(buf[:k])
		read += int64(k)
	}
	switch {
	case err == io.EOF:
		return read, nil
	case err != nil:
		return read, err
	}
	return read, ctx.Err()
}
