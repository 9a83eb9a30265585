package transfer_test

import (
	"crypto/sha256"
	"testing"

	"github.com/litert/websocket/internal/filetest"
	"github.com/litert/websocket/internal/transfer"
)

func TestASumOnTheSideIsThatOfAllBytes(t *testing.T) {
	content := filetest.Random(3*transfer.HashSize + 7)
	for _, length := range []int{0, 1, transfer.HashSize - 1, transfer.HashSize, transfer.HashSize + 1, 2 * transfer.HashSize, len(content)} {
		for _, part := range []int{1000, 64 << 10, len(content)} {
			sum := sha256.New()
			beside := transfer.NewSideline(sum, int64(length))
			for rest := content[:length]; len(rest) > 0; {
				room := beside.Room()
				if len(room) == 0 {
					t.Fatalf("%d bytes in parts of %d: there is no room for the last %d", length, part, len(rest))
				}
				n := copy(room, rest[:min(part, len(rest))])
				beside.Add(n)
				rest = rest[n:]
			}
			if len(beside.Room()) == 0 {
				t.Errorf("%d bytes in parts of %d: there is no room to read the end", length, part)
			}
			beside.Finish()
			beside.Finish()
			want := sha256.Sum256([]byte(content[:length]))
			if got := transfer.Digest(sum.Sum(nil)); got != want {
				t.Errorf("%d bytes in parts of %d: the sum is %v instead of %x", length, part, got, want)
			}
		}
	}
}
