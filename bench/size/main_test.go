package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestAServerIsBuiltAndMeasured(t *testing.T) {
	t.Chdir("..")
	s, err := build("litert", filepath.Join(t.TempDir(), "litert"))
	if err != nil {
		t.Fatal(err)
	}
	if s.bytes < 1<<20 {
		t.Errorf("the binary has %d bytes", s.bytes)
	}
	if !slices.ContainsFunc(s.modules, func(m string) bool { return strings.HasPrefix(m, "github.com/litert/websocket (") }) {
		t.Errorf("the modules are %q", s.modules)
	}
}

func TestEveryFolderIsMeasured(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, e := range entries {
		if e.IsDir() {
			folders = append(folders, e.Name())
		}
	}
	slices.Sort(folders)
	if want := slices.Sorted(slices.Values(servers)); !slices.Equal(folders, want) {
		t.Errorf("the folders are %q, and not %q", folders, want)
	}
}
