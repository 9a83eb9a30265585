package main

import (
	"path/filepath"
	"testing"
)

func TestClientsAreBuiltAndMeasured(t *testing.T) {
	t.Chdir("..")
	for _, name := range clients {
		size, compressed, err := build(name, filepath.Join(t.TempDir(), name))
		if err != nil {
			t.Fatal(err)
		}
		if size < 1<<20 || compressed >= size {
			t.Errorf("%s has %d bytes, and %d compressed", name, size, compressed)
		}
	}
}
