//go:build interop

package interop_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// wasmDir is for what is built once.
var wasmDir string

func TestMain(m *testing.M) {
	if err := adopt(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	dir, err := os.MkdirTemp("", "interop")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	wasmDir = dir
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(dir)
		os.Exit(code)
	}))
}
