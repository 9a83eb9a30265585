package transfer_test

import (
	"crypto/sha256"
	"testing"

	"github.com/litert/websocket/internal/transfer"
)

func TestASumOnTheSideIsThatOfAllBytes(t *testing.T) {
	content := []byte(randomBytes(3*transfer.HashSize + 7))
	for _, length := range []int{0, 1, transfer.HashSize - 1, transfer.HashSize, transfer.HashSize + 1, 2 * transfer.HashSize, len(content)} {
		for _, part := range []int{1000, 64 << 10, transfer.HashSize, transfer.HashSize + 1, len(content)} {
			sum := sha256.New()
			beside := transfer.NewSideline(sum)
			for rest := content[:length]; len(rest) > 0; {
				n := min(part, len(rest))
				p := append([]byte(nil), rest[:n]...)
				if m, err := beside.Write(p); m != n || err != nil {
					t.Fatalf("it takes %d of %d bytes, %v", m, n, err)
				}
				clear(p) // which it must not keep
				rest = rest[n:]
			}
			beside.Finish()
			beside.Finish()
			want := sha256.Sum256(content[:length])
			if got := transfer.Digest(sum.Sum(nil)); got != want {
				t.Errorf("%d bytes in parts of %d: the sum is %v instead of %x", length, part, got, want)
			}
		}
	}
}
