//go:build !race

package frame_test

import (
	"testing"

	"github.com/litert/websocket/frame"
)

// What the race detector adds to crypto/rand makes the key escape.
func TestNextDoesNotAllocate(t *testing.T) {
	for _, m := range []frame.Masking{frame.RandomMask, frame.NoMask, frame.FixedMask(key)} {
		if n := testing.AllocsPerRun(100, func() { m.Next() }); n != 0 {
			t.Errorf("%v: %v allocations", m, n)
		}
	}
}
