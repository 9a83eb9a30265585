package main

import (
	"crypto/sha256"
	"testing"
)

func TestASumOnTheSideIsThatOfAllBytes(t *testing.T) {
	content := []byte(randomBytes(3*hashSize + 7))
	for _, length := range []int{0, 1, hashSize - 1, hashSize, hashSize + 1, 2 * hashSize, len(content)} {
		for _, part := range []int{1000, 64 << 10, hashSize, hashSize + 1, len(content)} {
			beside := sideline{sum: sha256.New()}
			for rest := content[:length]; len(rest) > 0; {
				n := min(part, len(rest))
				p := append([]byte(nil), rest[:n]...)
				if m, err := beside.Write(p); m != n || err != nil {
					t.Fatalf("it takes %d of %d bytes, %v", m, n, err)
				}
				clear(p) // which it must not keep
				rest = rest[n:]
			}
			beside.finish()
			beside.finish()
			want := sha256.Sum256(content[:length])
			if got := digestOf(beside.sum); got != want {
				t.Errorf("%d bytes in parts of %d: the sum is %v instead of %x", length, part, got, want)
			}
		}
	}
}
